#include "tests/bench/upstream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>  // NOLINT(modernize-deprecated-headers): kill
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_getcpuclockid
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

#include "sandbox/base/unique_fd.h"

namespace warder::bench {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
constexpr std::string_view kEndOfHead = "\r\n\r\n";

std::string Head(std::uint64_t length, std::string_view more = {}) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: " + std::to_string(length) +
         "\r\n" + std::string(more) + "\r\n";
}

std::string_view PathOf(std::string_view head) {
  const std::size_t begin = head.find(' ') + 1;
  return head.substr(begin, head.find(' ', begin) - begin);
}

std::size_t BodyBytes(std::string_view head) {
  constexpr std::string_view kName = "Content-Length: ";  // as libcurl writes it
  const std::size_t at = head.find(kName);
  return at == std::string_view::npos ? 0 : std::strtoull(head.data() + at + kName.size(), nullptr, 10);
}

// One connection of Upstream.
class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}

  // False: it is over.
  bool OnReady() {
    for (;;) {
      if (!Flush()) return false;
      if (!out_.empty() || big_left_ > 0) return true;  // the client is to read first
      static std::array<char, 64 << 10> buffer;         // once for all: it would be zeroed each time
      const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count < 0 && errno == EAGAIN) return true;
      if (count <= 0) return false;
      in_.append(buffer.data(), static_cast<std::size_t>(count));
      while (Answer()) {
      }
      if (out_.empty()) return true;
    }
  }

 private:
  // Answers one request where it is here as a whole.
  bool Answer() {
    static const std::string small = Head(kSmallBytes) + std::string(kSmallBytes, 'a');
    const std::size_t end = in_.find(kEndOfHead);
    if (end == std::string::npos) return false;
    const std::string_view head = std::string_view(in_).substr(0, end + kEndOfHead.size());
    const std::size_t whole = head.size() + BodyBytes(head);
    if (in_.size() < whole) return false;
    if (PathOf(head) == "/big") {
      out_ += Head(kBigBytes);
      big_left_ = kBigBytes;
    } else {
      out_ += small;
    }
    in_.erase(0, whole);
    return true;
  }

  bool Flush() {
    static const std::string piece(kPieceBytes, 'b');
    while (!out_.empty() || big_left_ > 0) {
      const std::string_view next =
          out_.empty() ? std::string_view(piece).substr(0, std::min<std::uint64_t>(kPieceBytes, big_left_)) : out_;
      const ssize_t count = ::send(fd_.get(), next.data(), next.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (count < 0) return errno == EAGAIN;
      if (out_.empty()) {
        big_left_ -= static_cast<std::uint64_t>(count);
      } else {
        out_.erase(0, static_cast<std::size_t>(count));
      }
    }
    return true;
  }

  UniqueFd fd_;
  std::string in_;
  std::string out_;
  std::uint64_t big_left_ = 0;
};

void Serve(int listener) {
  const UniqueFd poller(::epoll_create1(EPOLL_CLOEXEC));
  std::map<int, Connection> connections;
  const auto watch = [&](int fd, std::uint32_t events) {
    epoll_event event{events, {.fd = fd}};
    ::epoll_ctl(poller.get(), EPOLL_CTL_ADD, fd, &event);
  };
  watch(listener, EPOLLIN);
  for (;;) {
    std::array<epoll_event, 64> events{};
    const int count = ::epoll_wait(poller.get(), events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int fd = events.at(static_cast<std::size_t>(i)).data.fd;
      if (fd == listener) {
        const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (accepted < 0) continue;
        const int on = 1;
        ::setsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        connections.try_emplace(accepted, accepted);
        watch(accepted, EPOLLIN | EPOLLOUT | EPOLLET | EPOLLRDHUP);
      } else if (const auto found = connections.find(fd); found != connections.end() && !found->second.OnReady()) {
        connections.erase(found);
      }
    }
  }
}

// All of `data`; false: the client is gone.
bool Send(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t count = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (count <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

// As much as the client takes.
void SendForever(int fd, std::string_view data, std::chrono::milliseconds interval = {}) {
  while (Send(fd, data)) std::this_thread::sleep_for(interval);
}

const std::string& Bomb() {
  static const std::string bomb = [] {
    constexpr std::size_t kInflated = std::size_t{64} << 20;
    const std::string zeros(kInflated, '\0');
    z_stream stream{};
    constexpr int kGzip = 15 + 16;
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY) != Z_OK) std::abort();
    std::string packed(deflateBound(&stream, zeros.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(zeros.data()));
    stream.avail_in = static_cast<uInt>(zeros.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
  }();
  return bomb;
}

void Misbehave(int fd, std::string_view path) {
  if (path == "/slow") {
    if (Send(fd, Head(kBigBytes))) SendForever(fd, "a", std::chrono::seconds(1));
  } else if (path == "/headers") {
    if (Send(fd, "HTTP/1.1 200 OK\r\n")) SendForever(fd, "x-endless: " + std::string(900, 'a') + "\r\n");
  } else if (path == "/bomb") {
    if (Send(fd, Head(Bomb().size(), "Content-Encoding: gzip\r\n"))) Send(fd, Bomb());
  } else if (path == "/reset") {
    Send(fd, Head(kSmallBytes));
    const linger reset{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
  } else if (path == "/half") {
    ::shutdown(fd, SHUT_WR);
    char byte = 0;
    while (::recv(fd, &byte, 1, 0) > 0) {
    }
  }
}

void ServeHostile(int listener) {
  (void)Bomb();
  for (;;) {
    const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0) continue;
    std::thread([fd = UniqueFd(accepted)] {
      std::string in;
      while (in.find(kEndOfHead) == std::string::npos) {
        std::array<char, 4096> buffer{};
        const ssize_t count = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
        if (count <= 0) return;
        in.append(buffer.data(), static_cast<std::size_t>(count));
      }
      Misbehave(fd.get(), PathOf(in));
    }).detach();
  }
}

}  // namespace

ServerProcess::ServerProcess(void (*serve)(int listener)) {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof(address);
  if (!listener || ::bind(listener.get(), name, size) != 0 || ::listen(listener.get(), 1024) != 0 ||
      ::getsockname(listener.get(), name, &size) != 0) {
    throw std::runtime_error("a server cannot listen on loopback");
  }
  origin_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ > 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  serve(listener.get());
  ::_exit(1);
}

ServerProcess::~ServerProcess() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::chrono::duration<double, std::micro> ServerProcess::CpuTime() const {
  clockid_t clock{};
  timespec time{};
  if (::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Upstream::Upstream() : ServerProcess(Serve) {}
HostileUpstream::HostileUpstream() : ServerProcess(ServeHostile) {}

}  // namespace warder::bench
