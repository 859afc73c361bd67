// Resource control by cgroups(7), from outside of the jail: a leaf for every cell, made and removed by the engine.
//
// It bounds what a resource limit cannot: page tables, socket buffers and every page whatever mapping it came from
// (memory), and processes whoever they belong to (pids). Where there is a cpu controller, all cells of an engine
// together have half the share of a busy processor that any other process has. What is used is found once: the version
// 2 hierarchy where memory and pids are delegated to this process; otherwise the version 1 hierarchies of the two where
// this process may make folders; otherwise none, and the resource limits hold alone. The receipt says which.
//
// Version 2 gives its controllers to the children of a folder without processes only. So the engine's folder is made in
// the folder that this process is in where that is the root, and otherwise in the one above, if that carries the mark
// of a delegated unit (user.delegate or trusted.delegate, see systemd's "Control Group APIs and Delegation").
//
// An engine keeps its leaves in one folder, "warder.PID.NONCE", locked by flock(2) while it lives, so that the next
// engine can clear away what a killed one has left; the folder above is locked while folders come and go. One thread at
// a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sandbox/base/result.h"
#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/layers.h"

namespace warder::jail {

enum class CgroupVersion { kV1 = 1, kV2 = 2 };

// A folder of a mounted hierarchy in which this process is.
struct CgroupPlace {
  CgroupVersion version = CgroupVersion::kV2;
  std::vector<std::string> controllers;  // v1: those mounted there; v2: empty, the folder itself says
  std::string path;                      // of the folder, absolute
};

// Reads /proc/self/cgroup and /proc/self/mountinfo, given as text; see cgroups(7) and proc(5). A hierarchy whose folder
// lies outside of what is mounted, or of the cgroup namespace, is left out.
std::vector<CgroupPlace> FindCgroupPlaces(std::string_view cgroup, std::string_view mountinfo);

struct CgroupUsage {
  std::uint64_t peak_bytes = 0;  // memory, the kernel's own on the cell's behalf included; 0: unknown
  bool out_of_memory = false;    // the kernel has killed for lack of memory in this leaf
};

// One folder of one hierarchy that this object has made and takes away again.
class CgroupFolder {
 public:
  static Result<CgroupFolder> Make(std::shared_ptr<const UniqueFd> parent, std::string name);
  CgroupFolder(CgroupFolder&&) noexcept = default;
  CgroupFolder& operator=(CgroupFolder&& other) noexcept;
  CgroupFolder(const CgroupFolder&) = delete;
  CgroupFolder& operator=(const CgroupFolder&) = delete;
  ~CgroupFolder() { Remove(); }

  const std::shared_ptr<const UniqueFd>& fd() const { return folder_; }
  // Writes a control file, whole.
  Result<void> Write(const char* file, std::string_view text) const;
  // True once it is known to be gone.
  bool Remove();

 private:
  CgroupFolder(std::shared_ptr<const UniqueFd> parent, std::string name, UniqueFd folder)
      : parent_(std::move(parent)),
        name_(std::move(name)),
        folder_(std::make_shared<const UniqueFd>(std::move(folder))) {}

  std::shared_ptr<const UniqueFd> parent_;
  std::string name_;
  std::shared_ptr<const UniqueFd> folder_;
};

// What bounds one cell. Empty (as made by default): nothing, and every member succeeds.
class CgroupLeaf {
 public:
  CgroupLeaf() = default;

  // Puts the process behind `pidfd` in, which has run nothing hostile yet: what it has allocated so far stays charged
  // to where it came from. Fails when it is gone, or cannot be moved, or is not where it was put.
  Result<void> Admit(int pidfd);
  CgroupUsage Usage() const;
  // Kills whatever is in it, where the kernel has that (version 2, Linux 5.14). False: it has not.
  bool Kill() const;
  // After the death of its process. False: it is still in use, as it may be for a moment after the death is known.
  bool Remove();
  bool empty() const { return folders_.empty(); }
  // What it keeps open, for those who count.
  std::vector<int> Descriptors() const;

 private:
  friend class CgroupTree;
  struct Part {
    CgroupVersion version;
    bool memory;
    std::string controller;  // of version 1: one that names the hierarchy in /proc/PID/cgroup
    CgroupFolder folder;
  };
  std::string name_;  // "/warder.PID.NONCE/cell.N"
  std::vector<Part> folders_;
};

// Where the leaves of one engine are made.
class CgroupTree {
 public:
  // Takes the best of `places` that has all of `needed`. Never fails: state() says what was found, or why nothing can
  // be used and what to do.
  static CgroupTree Open(const std::vector<CgroupPlace>& places,
                         const std::vector<std::string>& needed = {"memory", "pids"});
  // Open(the places of this process).
  static CgroupTree OpenOwn();

  // As a layer of the posture: "v1: memory pids cpu".
  const LayerState& state() const { return state_; }

  // A leaf for one process. `memory_bytes` bounds its memory, swap included where the kernel accounts for it; it can
  // make no further process. Empty where there are no cgroups.
  Result<CgroupLeaf> MakeLeaf(std::uint64_t memory_bytes);

 private:
  struct Part {
    CgroupVersion version;
    std::vector<std::string> controllers;
    CgroupFolder folder;
  };
  CgroupTree(std::string name, LayerState state) : name_(std::move(name)), state_(std::move(state)) {}
  static Result<Part> Enter(const CgroupPlace& place, const std::string& name, const std::vector<std::string>& needed);

  std::string name_;
  std::vector<Part> parts_;
  LayerState state_;
  std::uint64_t leaves_made_ = 0;
};

}  // namespace warder::jail
