#include "engine/cli/output.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace warder::cli {
namespace {

const char* CodeOf(Ink ink) {
  switch (ink) {
    case Ink::kPlain:
      break;
    case Ink::kBold:
      return "1";
    case Ink::kDim:
      return "2";
    case Ink::kRed:
      return "31";
    case Ink::kGreen:
      return "32";
    case Ink::kYellow:
      return "33";
    case Ink::kBlue:
      return "34";
  }
  return "0";
}

bool Set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

}  // namespace

Output::Look Output::LookOf(int fd) {
  if (::isatty(fd) != 1) return {};
  winsize size{};
  const bool sized = ::ioctl(fd, TIOCGWINSZ, &size) == 0;
  const char* term = std::getenv("TERM");
  const bool dumb = term != nullptr && std::string_view(term) == "dumb";
  return {.colour = !dumb && !Set("NO_COLOR"), .width = sized ? size.ws_col : 0u};
}

void Output::Write(std::string_view text) {
  while (!text.empty() && error_ == 0) {
    const ssize_t written = ::write(fd_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Whoever shares the descriptor made it non-blocking.
      pollfd ready{fd_, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
}

std::string Output::Paint(Ink ink, std::string_view text) const {
  if (!look_.colour || ink == Ink::kPlain) return std::string(text);
  return std::string("\x1b[") + CodeOf(ink) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace warder::cli
