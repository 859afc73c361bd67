#include "tests/e2e/engine/support.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <ostream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace warder::e2e {
namespace {

namespace fs = std::filesystem;

struct ProcessInfo {
  pid_t parent = 0;
  bool zombie = false;
};

// The number after `field` in a text of "Field:  value" lines.
std::uint64_t NumberAfter(const std::string& text, std::string_view field) {
  const std::size_t at = text.find("\n" + std::string(field) + ":");
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + field.size() + 2, nullptr, 10);
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::map<pid_t, ProcessInfo> Processes() {
  std::map<pid_t, ProcessInfo> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string status = ReadFile(entry.path() / "status");
    if (status.empty()) continue;  // it has just ended
    found[static_cast<pid_t>(std::stol(name))] = {static_cast<pid_t>(NumberAfter(status, "PPid")),
                                                  status.find("\nState:\tZ") != std::string::npos};
  }
  return found;
}

std::vector<pid_t> Descendants(pid_t pid, bool with_zombies) {
  const auto processes = Processes();
  std::vector<pid_t> found;
  std::vector<pid_t> parents{pid};
  while (!parents.empty()) {
    const pid_t parent = parents.back();
    parents.pop_back();
    for (const auto& [child, info] : processes) {
      if (info.parent != parent) continue;
      if (with_zombies || !info.zombie) found.push_back(child);
      parents.push_back(child);
    }
  }
  return found;
}

std::size_t CountEntries(const fs::path& folder) {
  std::size_t count = 0;
  std::error_code error;
  for (auto at = fs::directory_iterator(folder, error); at != fs::directory_iterator(); at.increment(error)) ++count;
  return count;
}

std::size_t CountFolders(const fs::path& folder) {
  std::size_t count = 0;
  std::error_code error;
  const auto options = fs::directory_options::skip_permission_denied;
  for (auto at = fs::recursive_directory_iterator(folder, options, error);
       !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    if (at->is_directory(error) && !at->is_symlink(error)) ++count;
  }
  return count;
}

std::vector<std::string> Links(const fs::path& folder) {
  std::vector<std::string> links;
  std::error_code error;
  for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code gone;
    const fs::path target = fs::read_symlink(at->path(), gone);
    if (!gone) links.push_back(target);
  }
  return links;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = fs::temp_directory_path() / "warder-engine-test-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string FlowSource(std::string_view body) {
  return "import { flow, integration } from \"warder\";\n"
         "export default integration({ name: \"test\", version: \"1.0.0\", flows: [flow({ name: \"Main\", key: "
         "\"main\",\n"
         "run: async (context, event) => {\n" +
         std::string(body) + "\n} })] });\n";
}

std::shared_ptr<const Bundle> FlowBundle(std::string_view body) {
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "index.js") << FlowSource(body);
  return Bundle::Load(folder.path());
}

Outcome RunToEnd(Engine& engine, const ExecutionRequest& request) { return engine.Start(request).Wait(); }

Outcome RunBody(Engine& engine, std::string_view body, const Limits& limits, CellProfile profile) {
  ExecutionRequest request;
  request.bundle = FlowBundle(body);
  request.profile = profile;
  request.limits = limits;
  return RunToEnd(engine, request);
}

std::vector<pid_t> DescendantsOf(pid_t pid) { return Descendants(pid, false); }

std::uint64_t MemoryOf(pid_t pid, std::string_view field) {
  return NumberAfter(ReadFile("/proc/" + std::to_string(pid) + "/status"), field) * 1024;
}

Footprint TakeFootprint() {
  Footprint footprint;
  for (const std::string& target : Links("/proc/self/fd")) {
    footprint.descriptors.push_back(target.substr(0, target.find('[')));  // "socket:", not which one
  }
  std::sort(footprint.descriptors.begin(), footprint.descriptors.end());
  const std::string mounts = ReadFile("/proc/self/mountinfo");
  footprint.mounts = static_cast<std::size_t>(std::count(mounts.begin(), mounts.end(), '\n'));
  footprint.cgroups = CountFolders("/sys/fs/cgroup");
  std::vector<pid_t> processes = Descendants(::getpid(), true);
  footprint.processes = processes.size();
  processes.push_back(::getpid());
  std::set<std::string> namespaces;
  for (const pid_t pid : processes) {
    for (std::string& name : Links("/proc/" + std::to_string(pid) + "/ns")) namespaces.insert(std::move(name));
  }
  footprint.namespaces = namespaces.size();
  footprint.threads = CountEntries("/proc/self/task");
  footprint.temporary_files = CountEntries(fs::temp_directory_path()) + CountEntries("/dev/shm");
  return footprint;
}

std::ostream& operator<<(std::ostream& out, const Footprint& footprint) {
  out << footprint.processes << " processes, " << footprint.threads << " threads, " << footprint.namespaces
      << " namespaces, " << footprint.mounts << " mounts, " << footprint.cgroups << " cgroups, "
      << footprint.temporary_files << " temporary files, " << footprint.descriptors.size() << " descriptors:";
  for (const std::string& descriptor : footprint.descriptors) out << ' ' << descriptor;
  return out;
}

bool Poll(const std::function<bool()>& probe, std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!probe()) {
    if (std::chrono::steady_clock::now() > end) return probe();
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace warder::e2e
