// A zygote without V8, statically linked: an image is a folder with this one file. Its cells greet with the costs of
// their set-up and their entropy, and then do what they are told, line by line (see raw_calls.h).
//
// How `initialise` misbehaves is built in: WARDER_TEST_ZYGOTE is 0 (well-behaved), 1 (throws), 2 (leaves a descriptor
// open), 3 (starts a thread), 4 (ends), 5 (does, but `warm_up` throws).
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <thread>

#include "sandbox/zygote/fork_server.h"
#include "sandbox/zygote/testcases/raw_calls.h"

namespace {

using warder::zygote::CellContext;

bool WriteLine(int socket, const std::string& line) {
  const std::string text = line + "\n";
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t written = write(socket, text.data() + done, text.size() - done);
    if (written <= 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return true;
}

std::string Greeting(const CellContext& context) {
  std::string text = "entropy=";
  for (const unsigned char byte : context.entropy) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  for (const auto& step : context.steps) text += " " + step.name + "=" + std::to_string(step.nanoseconds);
  return text;
}

int RunCell(CellContext& context) {
  if (!WriteLine(context.socket, Greeting(context))) return 2;
  std::string pending;
  for (;;) {
    std::array<char, 4096> buffer;
    const ssize_t got = read(context.socket, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return 0;
    pending.append(buffer.data(), static_cast<std::size_t>(got));
    for (std::size_t end = pending.find('\n'); end != std::string::npos; end = pending.find('\n')) {
      if (!WriteLine(context.socket, warder::testcases::Execute(pending.substr(0, end)))) return 2;
      pending.erase(0, end + 1);
    }
  }
}

std::string Initialise(warder::zygote::CellProfile) {
  switch (WARDER_TEST_ZYGOTE) {
    case 1:
      throw std::runtime_error("no snapshot");
    case 2:
      static_cast<void>(open("/", O_RDONLY));
      break;
    case 3:
      std::thread([] { pause(); }).detach();
      break;
    case 4:
      _exit(7);
    default:
      // The last moment at which files can be seen: the image is the root, and read-only.
      if (access("/zygote", R_OK) != 0) throw std::runtime_error("the image is not the root");
      if (open("/canary", O_WRONLY | O_CREAT, 0600) >= 0 || errno != EROFS)
        throw std::runtime_error("the image is writable");
      if (environ[0] != nullptr && std::string(environ[0]) != "TZ=UTC")
        throw std::runtime_error("the environment leaks");
      break;
  }
  return "none";
}

}  // namespace

int main() {
  warder::zygote::ZygoteHooks hooks;
  hooks.initialise = Initialise;
  if (WARDER_TEST_ZYGOTE == 5) hooks.warm_up = [] { throw std::runtime_error("no isolate"); };
  hooks.run_cell = RunCell;
  hooks.on_soft_limit = warder::testcases::OnSoftLimit;
  return warder::zygote::RunZygote(hooks);
}
