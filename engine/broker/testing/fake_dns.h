// A DNS server that answers what a test tells it, counts questions, and can be silent. What is too long for UDP is
// truncated there and whole over TCP.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace warder::broker::testing {

class FakeDns {
 public:
  explicit FakeDns(boost::asio::io_context& loop);

  // For BrokerOptions::dns_servers.
  std::string server() const;
  // Answers for `name`, by turns when there are several: each lookup (its A and AAAA question) gets the next, and the
  // last one stays. A name without answers does not exist.
  void Add(const std::string& name, std::vector<std::vector<std::string>> answers) {
    answers_[name] = std::move(answers);
  }
  void AddCname(const std::string& name, const std::string& target) { cnames_[name] = target; }
  void AddSilent(const std::string& name) { answers_[name] = {}; }

  // Questions for A records of `name`: one per lookup.
  int lookups(const std::string& name) const;
  // Questions of any kind.
  int questions() const { return questions_; }

 private:
  void Listen();
  void Receive();
  void Accept();
  std::string Reply(const std::string& query);
  void AppendAddresses(const std::string& name, unsigned type, std::string* records, unsigned* count);

  boost::asio::ip::udp::socket socket_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::ip::udp::endpoint sender_;
  std::array<char, 1500> buffer_{};
  std::map<std::string, std::vector<std::vector<std::string>>> answers_;
  std::map<std::string, std::string> cnames_;
  std::map<std::string, int> lookups_a_;
  std::map<std::string, int> lookups_aaaa_;
  int questions_ = 0;
};

}  // namespace warder::broker::testing
