// Helpers of the command's tests: a scratch folder, captured output, the command run in this process.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "engine/cli/app.h"

namespace warder::cli {

// What was written to a descriptor in memory.
class Capture {
 public:
  explicit Capture(Output::Look look = {}) : fd_(::memfd_create("capture", MFD_CLOEXEC)), output_(fd_, look) {}
  ~Capture() { ::close(fd_); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  Output& output() { return output_; }
  std::string Text() const {
    std::string text(static_cast<std::size_t>(::lseek(fd_, 0, SEEK_END)), '\0');
    return ::pread(fd_, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) ? text : "(unreadable)";
  }

 private:
  int fd_;
  Output output_;
};

class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "warder-cli-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Scratch() { std::filesystem::remove_all(path_); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string operator/(const std::string& name) const { return (path_ / name).string(); }
  std::string Put(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name) << content;
    return *this / name;
  }
  // A bundle for the fake engine.
  std::string Bundle(const std::string& how) const { return Put(how + ".js", "// " + how + "\n"); }
  static std::string Read(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) names.push_back(entry.path().filename());
    return names;
  }

 private:
  std::filesystem::path path_;
};

// The command's own files are kept in a folder of this object's, not in the user's.
class StateInScratch {
 public:
  StateInScratch() { ::setenv("XDG_STATE_HOME", (folder_ / "").c_str(), 1); }
  ~StateInScratch() { ::unsetenv("XDG_STATE_HOME"); }
  StateInScratch(const StateInScratch&) = delete;
  StateInScratch& operator=(const StateInScratch&) = delete;
  std::string key() const { return folder_ / "warder/key.pem"; }

 private:
  Scratch folder_;
};

struct Ran {
  int code;
  std::string out, err;
};

inline Ran Warder(const std::vector<std::string>& arguments, int in = 0) {
  Capture out;
  Capture err;
  Environment environment{out.output(), err.output(), in};
  const int code = Main(arguments, environment);
  return {code, out.Text(), err.Text()};
}

}  // namespace warder::cli
