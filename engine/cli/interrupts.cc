#include "engine/cli/interrupts.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <system_error>

namespace warder::cli {
namespace {

// What the handler may touch: lock-free atomics, write and _exit (signal-safety(7)).
std::atomic<int> first_signal{0};
std::atomic<int> wake_fd{-1};
static_assert(std::atomic<int>::is_always_lock_free);

void OnSignal(int signal) {
  int none = 0;
  if (!first_signal.compare_exchange_strong(none, signal)) ::_exit(128 + signal);
  const int saved = errno;
  const char byte = 0;
  [[maybe_unused]] const ssize_t written = ::write(wake_fd.load(), &byte, 1);
  errno = saved;
}

}  // namespace

Interrupts::Interrupts() {
  if (::pipe2(pipe_.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    throw std::system_error(errno, std::generic_category(), "cannot make a pipe for signals");
  }
  first_signal = 0;
  wake_fd = pipe_[1];
  struct sigaction action {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  for (std::size_t at = 0; at < kSignals.size(); ++at) {
    ::sigaction(kSignals[at], nullptr, &before_[at]);
    if (before_[at].sa_handler != SIG_IGN) ::sigaction(kSignals[at], &action, nullptr);
  }
}

Interrupts::~Interrupts() {
  for (std::size_t at = 0; at < kSignals.size(); ++at) ::sigaction(kSignals[at], &before_[at], nullptr);
  wake_fd = -1;
  for (const int end : pipe_) ::close(end);
}

int Interrupts::first() const { return first_signal; }

}  // namespace warder::cli
