// The process around the `warder` command.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <string>
#include <vector>

#include "engine/cli/app.h"
#include "warder/hygiene.h"

namespace {

// Where a standard stream is closed, the next file opened would take its number and receive what is meant for it. The
// placeholder is opened the wrong way round, so that using it is still an error.
void OccupyStandardStreams() {
  for (int fd = 0; fd <= 2; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) {
      if (::open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd) std::terminate();
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  OccupyStandardStreams();
  // What it cannot reach on this machine (a low RLIMIT_MEMLOCK) leaves the command as safe as without it; `doctor`
  // shows it, and so does whatever holds a secret.
  const warder::MemoryHygiene memory = warder::HardenMemory();
  // A handler, not SIG_IGN, which the jail's launcher would inherit. Writes fail with EPIPE.
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGPIPE, &action, nullptr);

  using warder::cli::Output;
  Output out(STDOUT_FILENO, Output::LookOf(STDOUT_FILENO));
  Output err(STDERR_FILENO, Output::LookOf(STDERR_FILENO));
  warder::cli::Environment environment{out, err, STDIN_FILENO, &memory};
  return warder::cli::Main(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), environment);
}
