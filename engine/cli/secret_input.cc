#include "engine/cli/secret_input.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include "engine/base/strict_json.h"
#include "engine/cli/interrupts.h"
#include "engine/cli/text.h"
#include "warder/engine.h"

namespace warder::cli {
namespace {

// While it lives, the terminal does not show what is typed.
class Unseen {
 public:
  explicit Unseen(int fd) : fd_(fd) {
    if (::tcgetattr(fd, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(fd, TCSAFLUSH, &quiet) == 0;
  }
  ~Unseen() {
    if (changed_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
  }
  Unseen(const Unseen&) = delete;
  Unseen& operator=(const Unseen&) = delete;
  bool holds() const { return changed_; }

 private:
  int fd_;
  termios before_{};
  bool changed_ = false;
};

enum class Until { kLine, kEnd };

Secret Read(int in, Until until, const Interrupts* interrupts) {
  std::string text;
  text.reserve(kMaxSecretBytes + 1);  // never moved, so that no copy is left behind
  while (text.size() <= kMaxSecretBytes) {
    char byte = 0;
    // A read is begun again after a signal, so it is not what Ctrl-C ends.
    std::array<pollfd, 2> either = {pollfd{in, POLLIN, 0}, pollfd{interrupts ? interrupts->fd() : -1, POLLIN, 0}};
    if (::poll(either.data(), either.size(), -1) < 0 && errno == EINTR) continue;
    const bool interrupted = interrupts != nullptr && interrupts->first() != 0;
    const ssize_t got = interrupted ? 0 : ::read(in, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 || interrupted) {
      const std::string why = interrupted ? "interrupted" : std::generic_category().message(errno);
      WipeString(&text);
      throw EngineError(Status::kInvalid, "the secret could not be read: " + why);
    }
    if (got == 0 || (until == Until::kLine && byte == '\n')) break;
    text.push_back(byte);
  }
  if (text.size() > kMaxSecretBytes) {
    WipeString(&text);
    throw EngineError(Status::kInvalid, "the secret has more than " + std::to_string(kMaxSecretBytes) + " bytes");
  }
  if (until == Until::kEnd && !text.empty() && text.back() == '\n') text.pop_back();
  return Secret::Take(&text);
}

// What is in the environment is taken out of it.
std::optional<Secret> TakeVariable(const char* variable) {
  char* const value = std::getenv(variable);
  if (value == nullptr) return std::nullopt;
  Secret secret{std::string_view(value)};
  OPENSSL_cleanse(value, std::strlen(value));
  ::unsetenv(variable);
  return secret;
}

}  // namespace

Secret PromptSecret(const std::string& what, int in, Output& err) {
  if (::isatty(in) == 0) {
    throw EngineError(Status::kInvalid,
                      "standard input is no terminal to type the secret on; pipe it in with --from-stdin");
  }
  const Interrupts interrupts;
  const Unseen unseen(in);
  if (!unseen.holds()) throw EngineError(Status::kInvalid, "the terminal would show what is typed; it is not asked");
  err.Write(Printable(what) + " (not shown): ");
  Secret secret = Read(in, Until::kLine, &interrupts);
  err.Write("\n");
  if (secret.empty()) throw EngineError(Status::kInvalid, "nothing was typed; nothing was changed");
  return secret;
}

Secret ReadSecret(const std::string& what, const char* variable, int in, Output& err) {
  auto secret = TakeVariable(variable);
  return secret ? std::move(*secret) : PromptSecret(what, in, err);
}

Secret ReadKey(const std::string& what, const char* variable) {
  auto key = TakeVariable(variable);
  if (key) return std::move(*key);
  throw EngineError(Status::kInvalid, "the " + what + " has several lines, so it is not typed: pipe it in with " +
                                          "--from-stdin, or set $" + variable);
}

Secret ReadSecretFrom(int in) {
  Secret secret = Read(in, Until::kEnd, nullptr);
  if (secret.empty())
    throw EngineError(Status::kInvalid, "standard input is empty; pipe the secret in (nothing was changed)");
  return secret;
}

SecretFields ReadSecretsFrom(int in, const std::vector<std::string>& names) {
  Secret piped = ReadSecretFrom(in);
  SecretFields secrets;
  if (names.size() == 1) {
    secrets.emplace(names.front(), std::move(piped));
    return secrets;
  }
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "\"" : ", \"") + name + "\"";
  const EngineError wrong(Status::kInvalid,
                          "several secrets are needed, so standard input is to be one JSON object with a text for each "
                          "of " +
                              list + " and nothing else");
  const auto value = ParseStrict(piped.view(), WipingStorage());
  const boost::json::object* const object = value ? value->if_object() : nullptr;
  if (object == nullptr || object->size() != names.size()) throw wrong;
  for (const std::string& name : names) {
    const boost::json::value* const secret = object->if_contains(name);
    if (secret == nullptr || !secret->is_string()) throw wrong;
    const boost::json::string& text = secret->get_string();
    secrets.emplace(name, Secret({text.data(), text.size()}));
  }
  return secrets;
}

}  // namespace warder::cli
