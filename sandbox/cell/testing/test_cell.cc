#include "sandbox/cell/testing/test_cell.h"

#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>

#include "sandbox/cell/limit_guards.h"

namespace warder::cell {
namespace {

constexpr int kCellSocket = 3;

}  // namespace

void BeCell(CellProgram& program) {
  struct sigaction action {};
  action.sa_handler = OnSoftLimit;
  ::sigaction(SIGUSR1, &action, nullptr);
  zygote::CellContext context;
  // Every test cell draws other hash seeds; nothing here depends on which.
  const pid_t pid = ::getpid();
  for (std::size_t i = 0; i < context.entropy.size(); ++i) {
    context.entropy[i] = static_cast<unsigned char>((pid >> (i % 4 * 8)) + static_cast<int>(i));
  }
  program.Run(context);
}

TestCell::TestCell(CellProgram& program) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
  pid_ = ::fork();
  if (pid_ == 0) {
    if (ends[1] != kCellSocket) ::dup2(ends[1], kCellSocket);
    ::close_range(kCellSocket + 1, ~0U, 0);
    BeCell(program);
  }
  ::close(ends[1]);
  Attach(UniqueFd(ends[0]));
}

TestCell::~TestCell() {
  if (waited_) return;
  ::kill(pid_, SIGKILL);
  Wait();
}

void TestCell::AwaitQuiet() {
  const std::string path = "/proc/" + std::to_string(pid_) + "/syscall";
  const std::string reading = "0 0x3 ";  // read(3, …
  while (!HasSaidMore()) {
    std::ifstream file(path);
    std::string line;
    if (!std::getline(file, line) || (line.starts_with(reading) && HasHeardAll())) return;
    ::sched_yield();
  }
}

int TestCell::Wait() {
  Detach();
  int status = 0;
  ::waitpid(pid_, &status, 0);
  waited_ = true;
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace warder::cell
