#include "sandbox/jail/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <sstream>
#include <utility>

#include "sandbox/jail/pidfd.h"
#include "sandbox/jail/proc_file.h"

namespace warder::jail {

namespace {

constexpr std::string_view kPrefix = "warder.";
constexpr std::string_view kShare = "cpu";
// Half of the default, for all cells of an engine together.
constexpr std::string_view kCpuShares = "512";
constexpr std::string_view kCpuWeight = "50";

Error SystemFailure(std::string_view what, int error_number) {
  return Internal(SystemError(layer::kCgroupLimits, what, error_number).message);
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream{std::string(text)};
  for (std::string part; std::getline(stream, part, separator);) {
    if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

bool Contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

UniqueFd OpenFolder(int parent, const char* name) {
  return UniqueFd(openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
}

std::string ReadAt(const UniqueFd& folder, const char* file) {
  const UniqueFd fd(openat(folder.get(), file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  std::string text(16384, '\0');
  const ssize_t size = fd ? read(fd.get(), text.data(), text.size()) : 0;
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

std::uint64_t ReadNumber(const UniqueFd& folder, const char* file) {
  const std::string text = ReadAt(folder, file);
  std::uint64_t value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// The number behind `key` in "key number" lines.
std::uint64_t ReadKeyed(const UniqueFd& folder, const char* file, std::string_view key) {
  std::istringstream words(ReadAt(folder, file));
  std::string name;
  for (std::uint64_t value = 0; words >> name >> value;) {
    if (name == key) return value;
  }
  return 0;
}

// "/a/b" seen through a mount of "/a" is "/b" below the mount point; nothing when it is outside.
std::string Below(std::string_view path, std::string_view root, const std::string& mount_point) {
  if (path.starts_with("/..") || root.starts_with("/..")) return {};  // beyond the cgroup namespace
  if (root == "/") root = "";
  if (!path.starts_with(root)) return {};
  path.remove_prefix(root.size());
  if (!path.empty() && path.front() != '/') return {};
  return path == "/" ? mount_point : mount_point + std::string(path);
}

// "4:memory:/path" or "0::/path"
struct Membership {
  std::vector<std::string> controllers;  // none: version 2
  std::string path;
};

std::vector<Membership> Memberships(std::string_view cgroup) {
  std::vector<Membership> memberships;
  for (const std::string& line : Split(cgroup, '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    memberships.push_back(
        {Split(std::string_view{line}.substr(first + 1, second - first - 1), ','), line.substr(second + 1)});
  }
  return memberships;
}

bool IsDelegated(const std::string& path) {
  char value = 0;
  return (getxattr(path.c_str(), "user.delegate", &value, 1) == 1 && value == '1') ||
         (getxattr(path.c_str(), "trusted.delegate", &value, 1) == 1 && value == '1');
}

// "warder.PID.NONCE", and nothing of anybody else's that only begins like it.
bool IsEngineFolder(std::string_view name) {
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  const std::size_t dot = name.find('.');
  return dot != std::string_view::npos && dot > 0 && dot + 1 < name.size() &&
         name.substr(0, dot).find_first_not_of("0123456789") == std::string_view::npos &&
         name.substr(dot + 1).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// Folders of engines that are gone: nobody holds their lock.
void ClearLeftovers(const UniqueFd& parent) {
  DIR* listing = fdopendir(OpenFolder(parent.get(), ".").release());
  if (listing == nullptr) return;
  while (const dirent* entry = readdir(listing)) {  // NOLINT(concurrency-mt-unsafe): a stream of its own
    if (!IsEngineFolder(entry->d_name)) continue;
    const UniqueFd engine = OpenFolder(parent.get(), entry->d_name);
    if (!engine || flock(engine.get(), LOCK_EX | LOCK_NB) != 0) continue;
    DIR* cells = fdopendir(OpenFolder(engine.get(), ".").release());
    if (cells == nullptr) continue;
    while (const dirent* cell = readdir(cells)) {  // NOLINT(concurrency-mt-unsafe)
      if (cell->d_name[0] != '.') unlinkat(engine.get(), cell->d_name, AT_REMOVEDIR);
    }
    closedir(cells);
    unlinkat(parent.get(), entry->d_name, AT_REMOVEDIR);
  }
  closedir(listing);
}

std::string EngineFolderName() {
  std::uint64_t nonce = 0;
  if (getrandom(&nonce, sizeof nonce, 0) != sizeof nonce) nonce = static_cast<std::uint64_t>(getpid());
  std::ostringstream name;
  name << kPrefix << getpid() << '.' << std::hex << nonce;
  return name.str();
}

LayerState Missing(std::string detail) { return {std::string(layer::kCgroupLimits), false, std::move(detail)}; }

}  // namespace

std::vector<CgroupPlace> FindCgroupPlaces(std::string_view cgroup, std::string_view mountinfo) {
  std::vector<CgroupPlace> places;
  for (Membership& membership : Memberships(cgroup)) {
    CgroupPlace place;
    place.controllers = std::move(membership.controllers);
    place.version = place.controllers.empty() ? CgroupVersion::kV2 : CgroupVersion::kV1;
    const std::string type = place.version == CgroupVersion::kV2 ? "cgroup2" : "cgroup";
    for (const std::string& mount : Split(mountinfo, '\n')) {
      // "37 29 0:32 ROOT POINT OPTIONS [TAG...] - TYPE SOURCE SUPER-OPTIONS"
      const std::size_t dash = mount.find(" - ");
      if (dash == std::string::npos) continue;
      const std::vector<std::string> words = Split(mount, ' ');
      const std::vector<std::string> tail = Split(std::string_view{mount}.substr(dash + 3), ' ');
      if (words.size() < 6 || tail.size() < 3 || tail[0] != type) continue;
      const std::vector<std::string> options = Split(tail[2], ',');
      const bool same = std::all_of(place.controllers.begin(), place.controllers.end(),
                                    [&](const std::string& name) { return Contains(options, name); });
      if (!same) continue;
      place.path = Below(membership.path, words[3], words[4]);
      if (!place.path.empty()) break;
    }
    if (!place.path.empty()) places.push_back(std::move(place));
  }
  return places;
}

Result<CgroupFolder> CgroupFolder::Make(std::shared_ptr<const UniqueFd> parent, std::string name) {
  if (mkdirat(parent->get(), name.c_str(), 0700) != 0) return SystemFailure("making a cgroup", errno);
  UniqueFd folder = OpenFolder(parent->get(), name.c_str());
  if (!folder) {
    const int error_number = errno;
    unlinkat(parent->get(), name.c_str(), AT_REMOVEDIR);
    return SystemFailure("opening a cgroup", error_number);
  }
  return CgroupFolder(std::move(parent), std::move(name), std::move(folder));
}

CgroupFolder& CgroupFolder::operator=(CgroupFolder&& other) noexcept {
  if (this == &other) return *this;
  Remove();
  parent_ = std::move(other.parent_);
  name_ = std::move(other.name_);
  folder_ = std::move(other.folder_);
  return *this;
}

Result<void> CgroupFolder::Write(const char* file, std::string_view text) const {
  const UniqueFd fd(openat(folder_->get(), file, O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd || write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return SystemFailure(std::string("writing ") + file, errno);
  }
  return {};
}

bool CgroupFolder::Remove() {
  if (!folder_) return false;
  if (unlinkat(parent_->get(), name_.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) return false;
  folder_.reset();
  parent_.reset();
  return true;
}

Result<void> CgroupLeaf::Admit(int pidfd) {
  if (folders_.empty()) return {};
  const pid_t pid = PidOf(pidfd);
  // Alive before and after: the number was its own all the time.
  if (pid <= 0 || !IsAlive(pidfd)) return Internal("The cell has ended before it could be put into its cgroup.");
  for (const Part& part : folders_) {
    if (Result<void> moved = part.folder.Write("cgroup.procs", std::to_string(pid)); !moved) return moved.error();
  }
  const std::vector<Membership> memberships = Memberships(ProcFolder(pid).Read("cgroup").value_or(""));
  if (!IsAlive(pidfd)) return Internal("The cell has ended while it was put into its cgroup.");
  for (const Part& part : folders_) {
    const bool inside = std::any_of(memberships.begin(), memberships.end(), [&](const Membership& membership) {
      const bool same =
          part.controller.empty() ? membership.controllers.empty() : Contains(membership.controllers, part.controller);
      return same && membership.path.ends_with(name_);
    });
    if (!inside) return Internal("The cell is not in the cgroup that it was put into.");
  }
  return {};
}

CgroupUsage CgroupLeaf::Usage() const {
  CgroupUsage usage;
  for (const Part& part : folders_) {
    if (!part.memory) continue;
    const UniqueFd& folder = *part.folder.fd();
    if (part.version == CgroupVersion::kV2) {
      usage.peak_bytes = ReadNumber(folder, "memory.peak");  // Linux 5.19
      usage.out_of_memory = ReadKeyed(folder, "memory.events", "oom_kill") > 0;
    } else {
      usage.peak_bytes = ReadNumber(folder, "memory.max_usage_in_bytes");
      usage.out_of_memory = ReadKeyed(folder, "memory.oom_control", "oom_kill") > 0;
    }
  }
  return usage;
}

bool CgroupLeaf::Kill() const {
  return std::any_of(folders_.begin(), folders_.end(), [](const Part& part) {
    return part.version == CgroupVersion::kV2 && part.folder.Write("cgroup.kill", "1");
  });
}

bool CgroupLeaf::Remove() {
  std::erase_if(folders_, [](Part& part) { return part.folder.Remove(); });
  return folders_.empty();
}

Result<CgroupTree::Part> CgroupTree::Enter(const CgroupPlace& place, const std::string& name,
                                           const std::vector<std::string>& needed) {
  const auto opened = std::make_shared<const UniqueFd>(open(place.path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd& own = *opened;
  if (!own) return SystemFailure("opening " + place.path, errno);
  const bool v2 = place.version == CgroupVersion::kV2;
  std::vector<std::string> controllers = place.controllers;
  if (v2) {
    controllers = Split(ReadAt(own, "cgroup.controllers"), ' ');
    for (std::string& controller : controllers) controller.erase(controller.find_last_not_of('\n') + 1);
    for (const std::string& wanted : needed) {
      if (!Contains(controllers, wanted)) return Internal(place.path + " has no " + wanted + " controller.");
    }
  }
  // Nobody else's folders come and go meanwhile.
  if (flock(own.get(), LOCK_EX) != 0) return SystemFailure("locking " + place.path, errno);
  ClearLeftovers(own);
  Result<CgroupFolder> made = CgroupFolder::Make(opened, name);
  const bool locked = made && flock(made->fd()->get(), LOCK_EX | LOCK_NB) == 0;
  flock(own.get(), LOCK_UN);
  if (!made) return made.error();
  if (!locked) return Internal("Another process has locked a cgroup that was just made.");
  Part part{place.version, std::move(controllers), std::move(*made)};
  const bool has_share = Contains(part.controllers, kShare);
  if (v2) {
    std::string enable;
    for (const std::string& wanted : needed) enable += (enable.empty() ? "+" : " +") + wanted;
    if (has_share) enable += " +" + std::string(kShare);
    // From the folder above to ours, from ours to the leaves.
    const UniqueFd control(openat(own.get(), "cgroup.subtree_control", O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!control || write(control.get(), enable.data(), enable.size()) != static_cast<ssize_t>(enable.size())) {
      return SystemFailure("passing the controllers of " + place.path + " on", errno);
    }
    if (Result<void> passed = part.folder.Write("cgroup.subtree_control", enable); !passed) return passed.error();
  }
  if (has_share) {
    Result<void> shared = part.folder.Write(v2 ? "cpu.weight" : "cpu.shares", v2 ? kCpuWeight : kCpuShares);
    if (!shared) return shared.error();
  }
  return part;
}

CgroupTree CgroupTree::Open(const std::vector<CgroupPlace>& places, const std::vector<std::string>& needed) {
  const std::string name = EngineFolderName();
  const auto wanted = [&](const std::string& controller) {
    return controller == kShare || Contains(needed, controller);
  };
  std::string why = "No cgroup hierarchy is mounted with the controllers that it takes.";
  // Version 2 alone, or every version 1 hierarchy that has something of what is wanted.
  for (const CgroupVersion version : {CgroupVersion::kV2, CgroupVersion::kV1}) {
    CgroupTree tree(name, Missing({}));
    std::vector<std::string> found;
    for (const CgroupPlace& place : places) {
      const bool v1 = version == CgroupVersion::kV1;
      if (place.version != version) continue;
      if (v1 && std::none_of(place.controllers.begin(), place.controllers.end(), wanted)) continue;
      Result<Part> part = Enter(place, name, needed);
      const std::string above = std::filesystem::path(place.path).parent_path();
      if (!part && !v1 && IsDelegated(above)) part = Enter({place.version, {}, above}, name, needed);
      if (!part) {
        why = part.error().message;
        continue;
      }
      std::copy_if(part->controllers.begin(), part->controllers.end(), std::back_inserter(found), wanted);
      tree.parts_.push_back(std::move(*part));
    }
    if (!std::all_of(needed.begin(), needed.end(), [&](const auto& each) { return Contains(found, each); })) continue;
    std::string detail = version == CgroupVersion::kV2 ? "v2:" : "v1:";
    for (const std::string& controller : found) detail += " " + controller;
    tree.state_ = {std::string(layer::kCgroupLimits), true, std::move(detail)};
    return tree;
  }
  return CgroupTree(name, Missing(why + " Resource limits hold alone. Give the engine cgroups: run it as root, or in a "
                                        "child group of a unit with Delegate=yes."));
}

CgroupTree CgroupTree::OpenOwn() {
  const ProcFolder self(getpid());
  return Open(FindCgroupPlaces(self.Read("cgroup").value_or(""), self.Read("mountinfo").value_or("")));
}

Result<CgroupLeaf> CgroupTree::MakeLeaf(std::uint64_t memory_bytes) {
  CgroupLeaf leaf;
  const std::string name = "cell." + std::to_string(++leaves_made_);
  leaf.name_ = "/" + name_ + "/" + name;
  for (const Part& part : parts_) {
    Result<CgroupFolder> made = CgroupFolder::Make(part.folder.fd(), name);
    if (!made) return made.error();
    const bool v2 = part.version == CgroupVersion::kV2;
    const auto has = [&](std::string_view controller) { return Contains(part.controllers, controller); };
    const bool memory = has("memory");
    const std::string bytes = std::to_string(memory_bytes);
    const char* const swap = v2 ? "memory.swap.max" : "memory.memsw.limit_in_bytes";
    const bool accounts_for_swap = memory && faccessat(made->fd()->get(), swap, F_OK, 0) == 0;
    const auto write = [&](bool wanted, const char* file, std::string_view text) -> Result<void> {
      return wanted ? made->Write(file, text) : Result<void>();
    };
    for (const Result<void>& done : {
             write(memory && v2, "memory.max", bytes),
             write(memory && v2, "memory.oom.group", "1"),
             write(memory && !v2, "memory.limit_in_bytes", bytes),
             write(accounts_for_swap, swap, v2 ? "0" : bytes),
             write(has("pids"), "pids.max", "1"),
         }) {
      if (!done) return done.error();
    }
    leaf.folders_.push_back({part.version, memory, v2 ? std::string() : part.controllers.front(), std::move(*made)});
  }
  return leaf;
}

std::vector<int> CgroupLeaf::Descriptors() const {
  std::vector<int> open;
  open.reserve(folders_.size());
  for (const Part& part : folders_) open.push_back(part.folder.fd()->get());
  return open;
}

}  // namespace warder::jail
