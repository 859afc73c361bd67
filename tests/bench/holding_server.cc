#include "tests/bench/holding_server.h"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <map>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace warder::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{20};
constexpr std::string_view kBegin =
    "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000000000\r\n\r\nbegin";

}  // namespace

HoldingServer::HoldingServer()
    : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), stop_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  if (!listener_ || !stop_ || ::bind(listener_.get(), name, size) != 0 || ::listen(listener_.get(), 1024) != 0 ||
      ::getsockname(listener_.get(), name, &size) != 0) {
    throw std::runtime_error("a server cannot listen on loopback");
  }
  origin_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  thread_ = std::thread([this] { Serve(); });
}

HoldingServer::~HoldingServer() {
  ::eventfd_write(stop_.get(), 1);
  thread_.join();
}

void HoldingServer::AwaitBegun(std::size_t count) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return begun_ >= count; })) {
    throw std::runtime_error("only " + std::to_string(begun_) + " calls came");
  }
}

steady_clock::time_point HoldingServer::AwaitClosed(std::size_t count) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return closed_ >= count; })) {
    throw std::runtime_error("only " + std::to_string(closed_) + " connections were closed");
  }
  return last_closed_;
}

void HoldingServer::Serve() {
  const UniqueFd poller(::epoll_create1(EPOLL_CLOEXEC));
  std::map<int, UniqueFd> connections;
  const auto watch = [&](int fd) {
    epoll_event event{EPOLLIN, {.fd = fd}};
    ::epoll_ctl(poller.get(), EPOLL_CTL_ADD, fd, &event);
  };
  watch(listener_.get());
  watch(stop_.get());
  for (;;) {
    std::array<epoll_event, 64> events{};
    const int count = ::epoll_wait(poller.get(), events.data(), static_cast<int>(events.size()), -1);
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < count; ++i) {
      const int fd = events.at(static_cast<std::size_t>(i)).data.fd;
      if (fd == stop_.get()) return;
      if (fd == listener_.get()) {
        const int accepted = ::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC);
        if (accepted < 0) continue;
        connections.emplace(accepted, UniqueFd(accepted));
        watch(accepted);
        continue;
      }
      std::array<char, 16 << 10> request{};  // a short one, which comes at once
      if (::recv(fd, request.data(), request.size(), 0) > 0) {
        begun_ += ::send(fd, kBegin.data(), kBegin.size(), MSG_NOSIGNAL) > 0 ? 1 : 0;
        continue;
      }
      connections.erase(fd);
      ++closed_;
      last_closed_ = steady_clock::now();
    }
    changed_.notify_all();
  }
}

}  // namespace warder::bench
