// What the tests of the public API share: bundles from text, a temporary folder, looks at /proc.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "warder/engine.h"

namespace warder::e2e {

// A folder that goes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// An integration with one flow, key "main", whose body is `body`.
std::string FlowSource(std::string_view body);
std::shared_ptr<const Bundle> FlowBundle(std::string_view body);

// Starts and waits.
Outcome RunToEnd(Engine& engine, const ExecutionRequest& request);
Outcome RunBody(Engine& engine, std::string_view body, const Limits& limits = {},
                CellProfile profile = CellProfile::kJitless);

// Descendants of `pid` that are not zombies.
std::vector<pid_t> DescendantsOf(pid_t pid);
// A field of /proc/PID/status in bytes, such as "VmRSS"; 0 when the process is gone.
std::uint64_t MemoryOf(pid_t pid, std::string_view field);

// Everything of this process and of its descendants that an execution could leave behind.
struct Footprint {
  std::vector<std::string> descriptors;  // what each open descriptor of this process is, sorted
  std::size_t mounts = 0;                // in this process's mount namespace
  std::size_t cgroups = 0;               // folders under /sys/fs/cgroup
  std::size_t processes = 0;             // descendants, zombies included
  std::size_t namespaces = 0;            // different namespaces of this process and its descendants
  std::size_t threads = 0;
  std::size_t temporary_files = 0;  // entries of the temporary folder and of /dev/shm
  bool operator==(const Footprint&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Footprint& footprint);
Footprint TakeFootprint();

// Calls `probe` until it is true or `deadline` has passed; returns what it said last.
bool Poll(const std::function<bool()>& probe, std::chrono::milliseconds deadline = std::chrono::seconds(20));

}  // namespace warder::e2e
