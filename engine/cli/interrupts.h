// Interrupts: Ctrl-C and its kin as something that can be waited for.
//
// While an object lives, the first SIGINT, SIGTERM or SIGHUP makes fd() readable and is remembered; the second ends the
// process at once with 128 + its number, from the signal handler, whatever the program is doing: the jail dies with the
// engine that made it. A signal that was ignored before (nohup, a background job) stays ignored. At most one object at
// a time.
#pragma once

#include <array>
#include <csignal>

namespace warder::cli {

class Interrupts {
 public:
  // Throws std::system_error where no pipe can be made.
  Interrupts();
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  int fd() const { return pipe_[0]; }
  // The first signal that came; 0: none.
  int first() const;

 private:
  static constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};
  std::array<int, 2> pipe_{-1, -1};
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace warder::cli
