#include "sandbox/jail/posture.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <sstream>
#include <string>

#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/descriptors.h"
#include "sandbox/jail/namespaces.h"
#include "sandbox/jail/pidfd.h"
#include "sandbox/jail/proc_file.h"
#include "sandbox/jail/rlimits.h"

namespace warder::jail {

namespace {

LayerState Found(std::string_view name, bool enforced, std::string detail) {
  return {std::string(name), enforced, std::move(detail)};
}

// One cell, its files read once.
class Observer {
 public:
  Observer(int pidfd, const ProcFolder& cell, std::string status, std::span<const LayerState> reported,
           std::span<const Limit> own_limits)
      : pidfd_(pidfd),
        cell_(cell),
        self_(getpid()),
        status_(std::move(status)),
        reported_(reported),
        own_limits_(own_limits) {}

  // As it was found; where it does not hold, with what whoever set it up says of that: the error, and what to do.
  LayerState Observe(std::string_view name) const;

 private:
  LayerState Measure(std::string_view name) const;
  std::string Status(const std::string& name) const { return StatusValue(status_, name); }
  LayerState Namespace(const NamespaceKind& kind) const;
  LayerState Uid() const;
  LayerState Root() const;
  LayerState Capabilities() const;
  LayerState Seccomp() const;
  LayerState Rlimits() const;
  LayerState Descriptors() const;
  LayerState NotDumpable() const;
  LayerState Speculation() const;
  LayerState Reported(std::string_view name) const;

  int pidfd_;
  const ProcFolder& cell_;
  ProcFolder self_;
  std::string status_;
  std::span<const LayerState> reported_;
  std::span<const Limit> own_limits_;
};

LayerState Observer::Observe(std::string_view name) const {
  LayerState state = Measure(name);
  const auto said = std::find_if(reported_.begin(), reported_.end(), [&](const auto& s) { return s.name == name; });
  if (!state.enforced && said != reported_.end() && !said->enforced && said->detail != state.detail) {
    state.detail += (state.detail.ends_with('.') ? " " : ": ") + said->detail;
  }
  return state;
}

LayerState Observer::Measure(std::string_view name) const {
  for (const NamespaceKind& kind : NamespaceKinds()) {
    if (kind.layer == name) return Namespace(kind);
  }
  if (name == layer::kUid) return Uid();
  if (name == layer::kRoot) return Root();
  if (name == layer::kNoNewPrivs) return Found(name, Status("NoNewPrivs") == "1", "NoNewPrivs " + Status("NoNewPrivs"));
  if (name == layer::kCapabilities) return Capabilities();
  if (name == layer::kSeccomp) return Seccomp();
  if (name == layer::kRlimits) return Rlimits();
  if (name == layer::kDescriptors) return Descriptors();
  if (name == layer::kNotDumpable) return NotDumpable();
  if (name == layer::kSpeculation) return Speculation();
  return Reported(name);
}

LayerState Observer::Namespace(const NamespaceKind& kind) const {
  const std::string path = std::string("ns/") + kind.file;
  const std::string theirs = cell_.ReadLink(path.c_str());
  const std::string ours = self_.ReadLink(path.c_str());
  if (theirs.empty() || ours.empty()) return Found(kind.layer, false, "The kernel has no such namespace.");
  if (theirs == ours) return Found(kind.layer, false, "It shares " + ours + " with the engine.");
  if (kind.layer != layer::kPid) return Found(kind.layer, true, theirs);
  // PID 1 of a namespace below the zygote's, alone in it.
  std::istringstream levels(Status("NSpid"));
  std::vector<std::string> pids;
  for (std::string pid; levels >> pid;) pids.push_back(pid);
  const bool alone = pids.size() >= 3 && pids.back() == "1" && Status("Threads") == "1";
  return Found(kind.layer, alone,
               theirs + ", pid " + (pids.empty() ? "?" : pids.back()) + ", threads " + Status("Threads"));
}

LayerState Observer::Uid() const {
  std::istringstream words(Status("Uid"));
  std::vector<std::string> uids;
  for (std::string uid; words >> uid;) uids.push_back(uid);
  const bool same =
      uids.size() == 4 && std::all_of(uids.begin(), uids.end(), [&](const auto& u) { return u == uids[0]; });
  return Found(layer::kUid, same && uids[0] != "0", "host uid " + (uids.empty() ? "?" : uids[0]));
}

LayerState Observer::Root() const {
  const std::string mounts = cell_.Read("mountinfo").value_or("");
  if (std::count(mounts.begin(), mounts.end(), '\n') != 1) {
    return Found(layer::kRoot, false, "It sees more, or less, than one mount.");
  }
  // "45 44 0:40 / / ro,nosuid,... - tmpfs none rw,..."
  std::istringstream words(mounts);
  std::string skipped, root, point, options;
  words >> skipped >> skipped >> skipped >> root >> point >> options;
  const std::string padded = "," + options + ",";
  bool closed = point == "/" && mounts.find(" - tmpfs ") != std::string::npos;
  for (const char* option : {",ro,", ",nosuid,", ",nodev,", ",noexec,"}) {
    closed = closed && padded.find(option) != std::string::npos;
  }
  return Found(layer::kRoot, closed, "one mount: empty tmpfs, " + options);
}

LayerState Observer::Capabilities() const {
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
    const std::string bits = Status(set);
    if (bits.empty() || bits.find_first_not_of('0') != std::string::npos) {
      return Found(layer::kCapabilities, false, std::string(set) + " is " + bits);
    }
  }
  return Found(layer::kCapabilities, true, "all five sets are empty");
}

LayerState Observer::Seccomp() const {
  const std::string filters = Status("Seccomp_filters");  // Linux 5.9
  // On top of those that the engine itself runs behind.
  const std::string engines = StatusValue("\n" + self_.Read("status").value_or(""), "Seccomp_filters");
  const auto count = [](const std::string& text) { return std::strtol(text.c_str(), nullptr, 10); };
  const bool both = filters.empty() || count(filters) >= count(engines) + 2;
  return Found(layer::kSeccomp, Status("Seccomp") == "2" && both, "mode " + Status("Seccomp") + ", filters " + filters);
}

LayerState Observer::Rlimits() const {
  const std::string text = cell_.Read("limits").value_or("");
  // Name, soft and hard, in columns.
  const auto hard = [&](std::string_view name) -> std::string {
    const std::size_t at = text.find("\n" + std::string(name) + " ");
    if (at == std::string::npos) return "unknown";
    std::istringstream words(text.substr(at + 1 + name.size()));
    std::string soft, value;
    words >> soft >> value;
    return value;
  };
  std::string detail;
  bool enforced = true;
  std::vector<Limit> limits(CellLimits().begin(), CellLimits().end());
  limits.insert(limits.end(), own_limits_.begin(), own_limits_.end());
  for (const Limit& limit : limits) {
    const std::string value = hard(limit.name);
    detail += std::string(limit.name) + " " + value + ", ";
    // The engine itself may run under a lower one.
    rlim_t most = RLIM_INFINITY;
    std::from_chars(value.data(), value.data() + value.size(), most);
    if (most > limit.value) enforced = false;
  }
  detail.resize(detail.size() - 2);
  return Found(layer::kRlimits, enforced, detail);
}

LayerState Observer::Descriptors() const {
  // The table has this many places; the cell's limit keeps it from growing. /proc/PID/fd is closed to an ordinary user.
  const int places = std::atoi(Status("FDSize").c_str());  // NOLINT(cert-err34-c): the kernel's number
  std::vector<int> open;
  for (int fd = 0; fd < places; ++fd) {
    const UniqueFd copy(static_cast<int>(syscall(SYS_pidfd_getfd, pidfd_, fd, 0)));
    if (copy) {
      open.push_back(fd);
    } else if (errno != EBADF) {
      return Found(layer::kDescriptors, false, SystemError(layer::kDescriptors, "pidfd_getfd", errno).message);
    }
  }
  std::string detail = "open:";
  for (const int fd : open) detail += " " + std::to_string(fd);
  return Found(layer::kDescriptors, open == std::vector<int>{kSocketFd}, detail);
}

LayerState Observer::NotDumpable() const {
  // proc(5): the files of a process that is not dumpable belong to root.
  const std::optional<uid_t> owner = cell_.Owner("environ");
  std::string uid;
  std::istringstream(Status("Uid")) >> uid;
  if (!owner || uid.empty()) return Found(layer::kNotDumpable, false, "Its files in /proc cannot be looked at.");
  return Found(layer::kNotDumpable, std::to_string(*owner) != uid,
               "its files in /proc belong to uid " + std::to_string(*owner));
}

LayerState Observer::Speculation() const {
  const std::string store = Status("Speculation_Store_Bypass");
  const std::string branch = Status("SpeculationIndirectBranch");
  const auto restricted = [](const std::string& state) {
    return state == "not vulnerable" || state.find("mitigated") != std::string::npos ||
           state.find("disabled") != std::string::npos;
  };
  return Found(layer::kSpeculation, restricted(store) && restricted(branch),
               "store bypass: " + store + ", indirect branch: " + branch);
}

LayerState Observer::Reported(std::string_view name) const {
  const auto state = std::find_if(reported_.begin(), reported_.end(), [&](const auto& s) { return s.name == name; });
  if (state == reported_.end()) return Found(name, false, "Nobody reported it.");
  return *state;
}

}  // namespace

Result<std::vector<LayerState>> ObservePosture(int pidfd, std::span<const LayerState> reported,
                                               std::span<const Limit> own_limits) {
  const ProcFolder cell(PidOf(pidfd));
  const std::string status = "\n" + cell.Read("status").value_or("");
  // Alive now, so the pid was still its own when the folder was opened.
  if (!cell || status.size() < 2 || !IsAlive(pidfd))
    return Internal("The cell has ended before it could be looked at.");
  const Observer observer(pidfd, cell, status, reported, own_limits);
  std::vector<LayerState> states;
  for (const LayerInfo& info : Layers()) states.push_back(observer.Observe(info.name));
  if (!IsAlive(pidfd)) return Internal("The cell has ended while it was looked at.");
  return states;
}

}  // namespace warder::jail
