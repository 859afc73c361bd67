#include "sandbox/zygote/testcases/harness.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace warder::testcases {

namespace fs = std::filesystem;

bool Eventually(const std::function<bool()>& condition, std::chrono::microseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    poll(nullptr, 0, 1);
  }
  return true;
}

namespace {

fs::path BesideTest(const std::string& name) { return fs::read_symlink("/proc/self/exe").parent_path() / name; }

}  // namespace

TestImage::TestImage(const std::string& program) {
  std::string name = (fs::temp_directory_path() / "warder-image-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  path_ = name;
  fs::permissions(path_, fs::perms{0755});
  if (program.empty()) return;
  fs::copy_file(BesideTest(program), path_ / "zygote");
  fs::permissions(path_ / "zygote", fs::perms{0755});
}

TestImage::~TestImage() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string LauncherPath() { return BesideTest("warder-launcher").string(); }

zygote::LaunchOptions OptionsFor(const TestImage& image) { return {LauncherPath(), image.path().string(), 0, {}}; }

std::string WhyNoJail() {
  const TestImage image;
  auto zygote = zygote::Zygote::Launch(OptionsFor(image));
  if (!zygote) return zygote.error().message;
  auto ready = zygote->WaitReady();
  return ready ? "" : ready.error().layer + ": " + ready.error().message;
}

pid_t Cell::pid() const {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(pidfd.get()));
  for (std::string line; std::getline(info, line);) {
    if (line.starts_with("Pid:")) return static_cast<pid_t>(std::stol(line.substr(4)));
  }
  return -1;
}

std::optional<std::string> Cell::ReadLine() {
  for (;;) {
    if (const std::size_t end = pending.find('\n'); end != std::string::npos) {
      std::string line = pending.substr(0, end);
      pending.erase(0, end + 1);
      return line;
    }
    pollfd readable{socket.get(), POLLIN, 0};
    if (poll(&readable, 1, 10000) != 1) return std::nullopt;
    std::array<char, 4096> buffer;
    const ssize_t got = read(socket.get(), buffer.data(), buffer.size());
    if (got <= 0) return std::nullopt;
    pending.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

std::string Cell::ReadRest() {
  std::array<char, 4096> buffer;
  for (ssize_t got = 0; (got = read(socket.get(), buffer.data(), buffer.size())) > 0;) {
    pending.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return std::exchange(pending, {});
}

void Cell::Tell(const std::string& line) {
  const std::string text = line + "\n";
  static_cast<void>(send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL));
}

std::optional<std::string> Cell::Ask(const std::string& line) {
  Tell(line);
  return ReadLine();
}

TestEngine::TestEngine(const zygote::LaunchOptions& options) {
  auto launched = zygote::Zygote::Launch(options);
  if (!launched) throw std::runtime_error(launched.error().message);
  zygote_.emplace(std::move(*launched));
  auto ready = zygote_->WaitReady();
  if (!ready) throw std::runtime_error(ready.error().layer + ": " + ready.error().message);
  ready_ = std::move(*ready);
}

template <typename Event>
Event TestEngine::Await(const std::function<bool(const Event&)>& wanted) {
  const auto end = std::chrono::steady_clock::now() + kDeadline;
  for (;;) {
    for (auto event = events_.begin(); event != events_.end(); ++event) {
      auto* candidate = std::get_if<Event>(&*event);
      if (candidate == nullptr || !wanted(*candidate)) continue;
      Event found = std::move(*candidate);
      events_.erase(event);
      return found;
    }
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("the event did not come");
    pollfd readable{zygote_->control_fd(), POLLIN, 0};
    poll(&readable, 1, 100);
    auto received = zygote_->Receive();
    if (!received) throw std::runtime_error(received.error().message);
    std::move(received->begin(), received->end(), std::back_inserter(events_));
  }
}

std::uint64_t TestEngine::Ask(UniqueFd cell_end, zygote::CellLimits limits) {
  const std::uint64_t id = next_id_++;
  if (auto done = zygote_->Spawn(id, cell_end, limits); !done) throw std::runtime_error(done.error().message);
  return id;
}

Cell TestEngine::Spawn(zygote::CellLimits limits) {
  std::array<int, 2> ends{};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) throw std::runtime_error("socketpair");
  Cell cell;
  cell.socket.reset(ends[0]);
  cell.id = Ask(UniqueFd(ends[1]), limits);
  cell.pidfd = Await<zygote::Spawned>([&](const zygote::Spawned& e) { return e.id == cell.id; }).pidfd;
  cell.greeting = cell.ReadLine().value_or("");
  return cell;
}

zygote::Reaped TestEngine::AwaitReaped(std::uint64_t id) {
  return Await<zygote::Reaped>([&](const zygote::Reaped& e) { return e.id == id; });
}

zygote::SpawnFailed TestEngine::AwaitSpawnFailed(std::uint64_t id) {
  return Await<zygote::SpawnFailed>([&](const zygote::SpawnFailed& e) { return e.id == id; });
}

std::string TestEngine::AwaitClosed() {
  Await<zygote::Closed>([](const zygote::Closed&) { return true; });
  return zygote_->Finish();
}

std::vector<pid_t> DescendantsOf(pid_t root) {
  std::vector<std::pair<pid_t, pid_t>> parents;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (!std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; })) continue;
    const pid_t pid = static_cast<pid_t>(std::stol(name));
    const std::string parent = StatusField(pid, "PPid");
    if (!parent.empty()) parents.emplace_back(pid, static_cast<pid_t>(std::stol(parent)));
  }
  std::vector<pid_t> found = {root};
  for (std::size_t i = 0; i < found.size(); ++i) {
    for (const auto& [pid, parent] : parents) {
      if (parent == found[i]) found.push_back(pid);
    }
  }
  found.erase(found.begin());
  return found;
}

std::vector<int> OpenDescriptorsOfSelf() {
  std::vector<int> open;
  for (int fd = 0; fd < 4096; ++fd) {
    if (fcntl(fd, F_GETFD) >= 0) open.push_back(fd);
  }
  return open;
}

std::size_t CountMounts() {
  std::ifstream mounts("/proc/self/mountinfo");
  std::size_t count = 0;
  for (std::string line; std::getline(mounts, line);) ++count;
  return count;
}

std::string StatusField(pid_t pid, const std::string& name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with(name + ":")) continue;
    const std::size_t start = line.find_first_not_of(" \t", name.size() + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

}  // namespace warder::testcases
