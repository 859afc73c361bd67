// What libcurl calls during a transfer. None of these throws, calls libcurl, or destroys anything.
#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "engine/broker/coarse_clock.h"
#include "engine/broker/transfer.h"

namespace warder::broker {
namespace {

struct PeerAddress {
  std::string text;
  int port = 0;
};

PeerAddress Read(const curl_sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.family == AF_INET && address.addrlen >= sizeof(sockaddr_in)) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address.addr, sizeof(v4));
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return {text.data(), ntohs(v4.sin_port)};
  }
  if (address.family == AF_INET6 && address.addrlen >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6{};
    // curl_sockaddr declares the 16 bytes of a sockaddr; libcurl passes the longer one that it stands in for.
    std::memcpy(&v6, static_cast<const void*>(&address.addr), sizeof(v6));
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return {text.data(), ntohs(v6.sin6_port)};
  }
  return {};
}

}  // namespace

std::size_t Transfer::OnHeader(char* data, std::size_t size, std::size_t count, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.last_activity_ = CoarseNow();
  const bool before = transfer.head_.complete();
  const std::string_view error = transfer.head_.Line({data, size * count});
  if (!error.empty()) {
    transfer.Fail(CallFailure::Kind::kNetwork, transfer.hop_.url.origin.ToString() + " " + std::string(error));
  } else if (!before && transfer.head_.complete()) {
    transfer.OnHeadComplete();
    transfer.on_event_();
  }
  return transfer.failure_ ? CURL_WRITEFUNC_ERROR : size * count;
}

std::size_t Transfer::OnWrite(char* data, std::size_t size, std::size_t count, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.last_activity_ = CoarseNow();
  if (transfer.failure_ || !transfer.head_.complete()) return CURL_WRITEFUNC_ERROR;
  if (!transfer.has_response_body_) return size * count;
  if (!transfer.response_body_.HasRoom()) {
    transfer.receive_paused_ = true;
    return CURL_WRITEFUNC_PAUSE;
  }
  const std::string_view error = transfer.response_body_.Accept({data, size * count});
  if (!error.empty()) {
    transfer.Fail(CallFailure::Kind::kNetwork, transfer.hop_.url.origin.ToString() + " " + std::string(error));
    return CURL_WRITEFUNC_ERROR;
  }
  transfer.on_event_();
  return size * count;
}

std::size_t Transfer::OnRead(char* out, std::size_t size, std::size_t count, void* self) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.last_activity_ = CoarseNow();
  if (transfer.body_ == nullptr) return 0;
  const std::size_t read = transfer.body_->Read(out, size * count);
  if (read > 0) {
    transfer.on_event_();
    return read;
  }
  if (transfer.body_->AtEnd()) return 0;
  transfer.send_paused_ = true;
  return CURL_READFUNC_PAUSE;
}

int Transfer::OnSeek(void* self, curl_off_t offset, int origin) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  if (offset != 0 || origin != SEEK_SET) return CURL_SEEKFUNC_FAIL;
  return transfer.body_ == nullptr || transfer.body_->Rewind() ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL;
}

int Transfer::OnPrerequest(void* self, char* peer, char* /*local*/, int peer_port, int /*local_port*/) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  transfer.last_activity_ = CoarseNow();
  if (!transfer.Judged(peer, peer_port)) {
    transfer.foreign_connection_ = !transfer.connected_;
    transfer.Fail(CallFailure::Kind::kNetwork, "the connection to " + transfer.hop_.url.origin.ToString() +
                                                   " leads to an address that was not judged");
    return CURL_PREREQFUNC_ABORT;
  }
  // libcurl sends a request again by itself when a reused connection turns out to be dead. What may have had an effect
  // must not be repeated (RFC 9110 section 9.2.2).
  if (transfer.connected_ && !transfer.IsRepeatable()) {
    transfer.Fail(CallFailure::Kind::kNetwork,
                  transfer.hop_.url.origin.ToString() +
                      " closed the connection before it answered; whether it acted on the " + transfer.hop_.method +
                      " is not known");
    return CURL_PREREQFUNC_ABORT;
  }
  transfer.connected_ = true;
  if (transfer.pin_ != 0) transfer.pool_.pins().Took(transfer.pin_);
  return CURL_PREREQFUNC_OK;
}

curl_socket_t Transfer::OnOpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept {
  auto& transfer = *static_cast<Transfer*>(self);
  const PeerAddress peer = Read(*address);
  if (purpose != CURLSOCKTYPE_IPCXN || address->socktype != SOCK_STREAM || !transfer.Judged(peer.text, peer.port)) {
    return CURL_SOCKET_BAD;
  }
  const int fd = ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) return CURL_SOCKET_BAD;
  transfer.pool_.NoteOpened();
  return fd;
}

int Transfer::OnResolverStart(void* /*resolver*/, void* /*reserved*/, void* self) noexcept {
  // Only to read an IPv6 literal; everything else is pinned, and a pin that is missing must not become a lookup.
  const auto& transfer = *static_cast<Transfer*>(self);
  const Origin& peer = transfer.outgoing_.proxy ? *transfer.outgoing_.proxy : transfer.hop_.url.origin;
  return peer.host.find(':') != std::string::npos ? 0 : 1;
}

}  // namespace warder::broker
