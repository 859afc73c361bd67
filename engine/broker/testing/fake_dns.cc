#include "engine/broker/testing/fake_dns.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <memory>

namespace warder::broker::testing {
namespace {

namespace ip = boost::asio::ip;

constexpr unsigned kTypeA = 1;
constexpr unsigned kTypeCname = 5;
constexpr unsigned kTypeAaaa = 28;

std::string U16(unsigned value) { return {static_cast<char>(value >> 8U), static_cast<char>(value & 255U)}; }

std::string EncodeName(const std::string& name) {
  std::string encoded;
  for (std::size_t begin = 0; begin <= name.size();) {
    const std::size_t end = std::min(name.find('.', begin), name.size());
    encoded += static_cast<char>(end - begin);
    encoded += name.substr(begin, end - begin);
    begin = end + 1;
  }
  return encoded + '\0';
}

std::string Record(const std::string& name, unsigned type, const std::string& data) {
  return EncodeName(name) + U16(type) + U16(1) + std::string("\0\0\0\0", 4) + U16(static_cast<unsigned>(data.size())) +
         data;
}

constexpr std::size_t kUdpBytes = 512;  // RFC 1035, section 4.2.1

// The question alone, with the bit that says that there is more.
std::string Truncated(const std::string& query, std::string reply) {
  reply.resize(query.find('\0', 12) + 5);
  reply[2] = static_cast<char>(reply[2] | 2);
  return reply.replace(6, 2, 2, '\0');
}

}  // namespace

FakeDns::FakeDns(boost::asio::io_context& loop) : socket_(loop), acceptor_(loop) {
  Listen();
  Receive();
  Accept();
}

// One port for both protocols: one that is free for TCP may be taken for UDP.
void FakeDns::Listen() {
  boost::system::error_code taken;
  do {
    acceptor_ = ip::tcp::acceptor(acceptor_.get_executor(), {ip::address_v4::loopback(), 0});
    socket_ = ip::udp::socket(socket_.get_executor(), ip::udp::v4());
    socket_.bind({ip::address_v4::loopback(), acceptor_.local_endpoint().port()}, taken);
  } while (taken == boost::asio::error::address_in_use);
}

std::string FakeDns::server() const { return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port()); }

int FakeDns::lookups(const std::string& name) const {
  const auto found = lookups_a_.find(name);
  return found == lookups_a_.end() ? 0 : found->second;
}

void FakeDns::Receive() {
  socket_.async_receive_from(boost::asio::buffer(buffer_), sender_,
                             [this](boost::system::error_code error, std::size_t size) {
                               if (error) return;
                               const std::string query(buffer_.data(), size);
                               std::string reply = Reply(query);
                               if (reply.size() > kUdpBytes) reply = Truncated(query, std::move(reply));
                               boost::system::error_code ignored;
                               if (!reply.empty()) socket_.send_to(boost::asio::buffer(reply), sender_, 0, ignored);
                               Receive();
                             });
}

void FakeDns::Accept() {
  acceptor_.async_accept([this](boost::system::error_code error, ip::tcp::socket socket) {
    if (error) return;
    const auto peer = std::make_shared<ip::tcp::socket>(std::move(socket));
    const auto bytes = std::make_shared<std::string>(2, '\0');
    Accept();
    // One question a connection is all that a resolver needs.
    boost::asio::async_read(
        *peer, boost::asio::buffer(*bytes), [this, peer, bytes](boost::system::error_code failed, std::size_t) {
          if (failed) return;
          bytes->resize(static_cast<unsigned char>((*bytes)[0]) * 256U + static_cast<unsigned char>((*bytes)[1]));
          boost::asio::async_read(*peer, boost::asio::buffer(*bytes),
                                  [this, peer, bytes](boost::system::error_code cut_off, std::size_t) {
                                    if (cut_off) return;
                                    const std::string reply = Reply(*bytes);
                                    *bytes = U16(static_cast<unsigned>(reply.size())) + reply;
                                    boost::asio::async_write(*peer, boost::asio::buffer(*bytes),
                                                             [peer, bytes](boost::system::error_code, std::size_t) {});
                                  });
        });
  });
}

void FakeDns::AppendAddresses(const std::string& name, unsigned type, std::string* records, unsigned* count) {
  int& round = type == kTypeA ? lookups_a_[name] : lookups_aaaa_[name];
  const auto& rounds = answers_[name];
  const auto& addresses = rounds[std::min(static_cast<std::size_t>(round), rounds.size() - 1)];
  ++round;
  for (const std::string& text : addresses) {
    const auto address = ip::make_address(text);
    if (address.is_v6() != (type == kTypeAaaa)) continue;
    std::string data;
    if (address.is_v6()) {
      for (const auto byte : address.to_v6().to_bytes()) data += static_cast<char>(byte);
    } else {
      for (const auto byte : address.to_v4().to_bytes()) data += static_cast<char>(byte);
    }
    *records += Record(name, type, data);
    ++*count;
  }
}

std::string FakeDns::Reply(const std::string& query) {
  std::string name;
  std::size_t at = 12;
  while (at < query.size() && query[at] != 0) {
    const auto size = static_cast<unsigned char>(query[at]);
    name += (name.empty() ? "" : ".") + query.substr(at + 1, size);
    at += size + 1U;
  }
  if (at + 5 > query.size()) return {};
  const unsigned type = static_cast<unsigned char>(query[at + 2]);
  ++questions_;
  std::string records;
  unsigned count = 0;
  std::string owner = name;
  if (const auto cname = cnames_.find(name); cname != cnames_.end()) {
    records += Record(name, kTypeCname, EncodeName(cname->second));
    owner = cname->second;
    ++count;
  }
  const auto known = answers_.find(owner);
  if (known != answers_.end() && known->second.empty()) return {};
  if (known != answers_.end() && (type == kTypeA || type == kTypeAaaa)) AppendAddresses(owner, type, &records, &count);
  const unsigned flags = known == answers_.end() ? 0x8183 : 0x8180;  // NXDOMAIN, or an answer
  return query.substr(0, 2) + U16(flags) + U16(1) + U16(count) + U16(0) + U16(0) + query.substr(12, at + 5 - 12) +
         records;
}

}  // namespace warder::broker::testing
