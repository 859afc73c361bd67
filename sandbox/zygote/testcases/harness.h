// For the tests of the launcher and the zygote: an image that is one file, a zygote, cells, and what they say.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/base/unique_fd.h"
#include "sandbox/zygote/launcher.h"

namespace warder::testcases {

inline constexpr std::chrono::seconds kDeadline(10);

// Polls until `condition` holds or the time is up; the one place where tests wait.
bool Eventually(const std::function<bool()>& condition, std::chrono::microseconds time = kDeadline);

// A folder with `/zygote`, readable for everybody, removed afterwards.
class TestImage {
 public:
  // `program` is the name of a test zygote beside the test program; empty: no /zygote.
  explicit TestImage(const std::string& program = "test_zygote");
  TestImage(const TestImage&) = delete;
  TestImage& operator=(const TestImage&) = delete;
  ~TestImage();
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::string LauncherPath();
zygote::LaunchOptions OptionsFor(const TestImage& image);

// Why no jail can be made here at all ("" if it can): for tests to say when they skip.
std::string WhyNoJail();

struct Cell {
  std::uint64_t id = 0;
  UniqueFd socket;
  UniqueFd pidfd;
  std::string greeting;
  std::string pending;

  pid_t pid() const;  // in our pid namespace
  // Sends a line and returns the answer; nothing when the cell ended instead.
  std::optional<std::string> Ask(const std::string& line);
  void Tell(const std::string& line);
  std::optional<std::string> ReadLine();
  // Everything until the end of the stream.
  std::string ReadRest();
};

// A zygote with its events sorted.
class TestEngine {
 public:
  explicit TestEngine(const zygote::LaunchOptions& options);
  zygote::Zygote& zygote() { return *zygote_; }
  const zygote::Ready& ready() const { return ready_; }
  // Spawns a cell and reads its greeting.
  Cell Spawn(zygote::CellLimits limits = {std::uint64_t{256} << 20, 60});
  // Waits for the cell's Reaped or SpawnFailed.
  zygote::Reaped AwaitReaped(std::uint64_t id);
  zygote::SpawnFailed AwaitSpawnFailed(std::uint64_t id);
  // Spawns without waiting for anything.
  std::uint64_t Ask(UniqueFd cell_end, zygote::CellLimits limits);

  // How the zygote ended, once it has.
  std::string AwaitClosed();

 private:
  template <typename Event>
  Event Await(const std::function<bool(const Event&)>& wanted);

  std::optional<zygote::Zygote> zygote_;
  zygote::Ready ready_;
  std::vector<zygote::ZygoteEvent> events_;
  std::uint64_t next_id_ = 1;
};

// Children, their children and so on, zombies included.
std::vector<pid_t> DescendantsOf(pid_t root);
std::vector<int> OpenDescriptorsOfSelf();
std::size_t CountMounts();
// "NoNewPrivs" -> "1"
std::string StatusField(pid_t pid, const std::string& name);

}  // namespace warder::testcases
