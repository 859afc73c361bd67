// The other end of the broker's benchmark: HTTP servers on loopback, each in a process of its own.
//
// `Upstream` answers as fast as one thread can: what is measured against it is the client. `HostileUpstream` answers in
// the ways that are meant to cost a client most.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace warder::bench {

// A process that ends with this object.
class ServerProcess {
 public:
  ServerProcess(const ServerProcess&) = delete;
  ServerProcess& operator=(const ServerProcess&) = delete;
  ServerProcess(ServerProcess&&) = delete;
  ServerProcess& operator=(ServerProcess&&) = delete;

  // "http://127.0.0.1:PORT"
  const std::string& origin() const { return origin_; }
  // What the server has used so far.
  std::chrono::duration<double, std::micro> CpuTime() const;

 protected:
  // Runs `serve` on a listening socket. The calling process must not have threads.
  explicit ServerProcess(void (*serve)(int listener));
  ~ServerProcess();

 private:
  pid_t pid_ = -1;
  std::string origin_;
};

inline constexpr std::uint64_t kSmallBytes = 1 << 10;
inline constexpr std::uint64_t kBigBytes = std::uint64_t{1} << 30;

// /small: kSmallBytes. /big: kBigBytes. Request bodies need a Content-Length.
class Upstream : public ServerProcess {
 public:
  Upstream();
};

// By path; see kHostilePaths.
class HostileUpstream : public ServerProcess {
 public:
  HostileUpstream();
};

inline constexpr std::string_view kHostilePaths[] = {
    "/slow",     // one byte of the body a second
    "/headers",  // a head without an end
    "/bomb",     // a gzip body a thousand times as long as what is sent
    "/reset",    // the connection is reset in the middle of a response
    "/half",     // no response, and only the server's half of the connection is closed
};

}  // namespace warder::bench
