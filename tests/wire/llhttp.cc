#include "tests/wire/llhttp.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <system_error>

#include "tests/wire/message.h"

namespace warder::wire {
namespace {

constexpr std::size_t kBatch = 256;
constexpr std::size_t kMaxQueued = 16;  // batches

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe MakePipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(fd, bytes.data(), bytes.size());
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

bool ReadAll(int fd, std::size_t size, std::string* bytes) {
  bytes->resize(size);
  for (std::size_t at = 0; at < size;) {
    const ssize_t got = ::read(fd, bytes->data() + at, size - at);
    if (got <= 0) return false;
    at += static_cast<std::size_t>(got);
  }
  return true;
}

std::size_t ReadNumber32(std::string_view bytes) {
  std::size_t number = 0;
  for (std::size_t i = 0; i < 4; ++i) number |= std::size_t{static_cast<unsigned char>(bytes[i])} << 8 * i;
  return number;
}

}  // namespace

Llhttp::Llhttp(const std::string& node, const std::string& script, std::function<void(const Compared&)> on_result)
    : on_result_(std::move(on_result)) {
  Pipe in = MakePipe();
  Pipe out = MakePipe();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.read.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out.write.get(), STDOUT_FILENO);
  std::array<std::string, 3> words = {node, "--no-deprecation", script};
  std::array<char*, 4> arguments = {words[0].data(), words[1].data(), words[2].data(), nullptr};
  const int error = ::posix_spawnp(&pid_, words[0].c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::system_error(error, std::generic_category(), node);
  to_ = std::move(in.write);
  from_ = std::move(out.read);
  thread_ = std::thread([this] { Run(); });
}

Llhttp::~Llhttp() {
  (void)Finish();
  to_.reset();  // it ends at the end of its input
  ::waitpid(pid_, nullptr, 0);
}

void Llhttp::Add(Compared compared) {
  batch_.push_back(std::move(compared));
  if (batch_.size() < kBatch) return;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return queue_.size() < kMaxQueued || failed_; });
  queue_.push_back(std::exchange(batch_, {}));
  changed_.notify_all();
}

bool Llhttp::Finish() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      if (!batch_.empty()) queue_.push_back(std::exchange(batch_, {}));
      ending_ = true;
      changed_.notify_all();
    }
    thread_.join();
  }
  return !failed_;
}

void Llhttp::Run() {
  for (;;) {
    std::vector<Compared> batch;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return ending_ || !queue_.empty(); });
      if (queue_.empty()) return;
      batch = std::move(queue_.front());
      queue_.pop_front();
      changed_.notify_all();
    }
    if (!Ask(&batch)) {
      const std::lock_guard lock(mutex_);
      failed_ = true;
      changed_.notify_all();
      return;
    }
    for (const Compared& compared : batch) on_result_(compared);
  }
}

bool Llhttp::Ask(std::vector<Compared>* batch) {
  std::string streams;
  for (const Compared& compared : *batch) streams.append(Number32(compared.stream.size())).append(compared.stream);
  std::string answers;
  if (!WriteAll(to_.get(), Number32(streams.size())) || !WriteAll(to_.get(), streams)) return false;
  if (!ReadAll(from_.get(), 4, &answers) || !ReadAll(from_.get(), ReadNumber32(answers), &answers)) return false;
  std::string_view rest = answers;
  for (Compared& compared : *batch) {
    if (rest.size() < 4) return false;
    compared.second = rest.substr(4, ReadNumber32(rest));
    rest.remove_prefix(std::min(rest.size(), 4 + ReadNumber32(rest)));
  }
  return rest.empty();
}

}  // namespace warder::wire
