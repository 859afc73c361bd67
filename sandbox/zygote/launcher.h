// The engine's side of the zygote: starts it, asks it for cells, hears what became of them.
//
// Launch spawns `warder-launcher`, which sets up the jail and becomes the zygote. From then on everything is a packet
// on one SOCK_SEQPACKET socketpair (sandbox/proto/control.proto). Nothing of the host program reaches the jail: no
// descriptor, no environment, no signal mask.
//
// Threads: a Zygote belongs to one thread. Launch must be called on a thread that lives at least as long as the zygote
// is wanted: the kernel counts the death of the *thread* that spawned it as the death of its parent and kills the
// zygote. Children: the host program must not reap children it does not know (waitpid(-1), SIGCHLD ignored); the zygote
// is one.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "sandbox/base/result.h"
#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/layers.h"
#include "sandbox/zygote/cell_profile.h"
#include "sandbox/zygote/start_mode.h"

namespace warder::zygote {

struct LaunchOptions {
  std::string launcher_path;   // the program warder-launcher
  std::string image_root;      // folder that becomes the jail's root; must hold /zygote; not a symbolic link
  std::uint32_t jail_uid = 0;  // host uid when started by root; 0: one of its own, from the engine's pid
  std::vector<std::string>
      permit_degraded;  // layers that may be missing; only degradable ones of sandbox/jail/layers.h
  StartMode start_mode = StartMode::kWarm;
  CellProfile profile = CellProfile::kJitless;  // kJit only with kWarm: the code range is its isolate's
};

struct CellLimits {
  std::uint64_t data_bytes = 0;   // RLIMIT_DATA; 0: refused
  std::uint64_t cpu_seconds = 0;  // RLIMIT_CPU; 0: refused
};

// One layer of the jail as the launcher or the zygote set it up.
using LayerReport = jail::LayerState;

// What the zygote says. Ids are the engine's own; one that is not under way is a protocol error.
struct Ready {
  std::string v8_version;
  StartMode start_mode = StartMode::kFresh;     // as it was asked for
  CellProfile profile = CellProfile::kJitless;  // as it was asked for
  std::vector<LayerReport> layers;
};
// The jail could not be set up; nothing runs, Closed follows. Turn it into a refusal with exit code 5.
struct SetupFailed {
  std::string layer;
  int error_number = 0;
  std::string message;  // one sentence with the remedy
};
struct Spawned {
  std::uint64_t id = 0;
  UniqueFd pidfd;  // readable when the cell is dead; pidfd_send_signal works on it
};
// There is no such cell, or no longer: the clone failed, or (after Spawned) a layer could not be set up and the cell
// has been reaped. The last word about its id.
struct SpawnFailed {
  std::uint64_t id = 0;
  std::string layer;
  int error_number = 0;
};
// The cell is dead and gone from the process table. The last word about its id.
struct Reaped {
  std::uint64_t id = 0;
  int wait_status = 0;  // as wait4 gives it
  std::chrono::microseconds user{0};
  std::chrono::microseconds system{0};
  std::uint64_t peak_rss_bytes = 0;
};
// The zygote is dying, and every cell with it (its pid namespace dies): see Finish.
struct Closed {};

using ZygoteEvent = std::variant<Ready, SetupFailed, Spawned, SpawnFailed, Reaped, Closed>;

class Zygote {
 public:
  // Starts the launcher and returns at once; the first event is Ready or SetupFailed. Errors: no launcher, no image, no
  // process or descriptor left.
  static Result<Zygote> Launch(const LaunchOptions& options);

  Zygote(Zygote&& other) noexcept;
  Zygote& operator=(Zygote&& other) noexcept;
  Zygote(const Zygote&) = delete;
  Zygote& operator=(const Zygote&) = delete;
  // Finish.
  ~Zygote();

  // Blocks until the zygote is ready. A SetupFailed becomes an Unenforceable error with its layer.
  Result<Ready> WaitReady(std::chrono::milliseconds deadline = std::chrono::seconds(10));

  // Non-blocking; watch it for readability and call Receive. Never read or write it yourself.
  int control_fd() const;
  // The zygote's pidfd, and its pid in the caller's pid namespace; -1 until Ready was received.
  int pidfd() const;
  pid_t pid() const;

  // The launcher leaves as soon as it has made the zygote. True: it has been waited for. False: not yet; its pidfd is
  // readable when it can be.
  bool ReapLauncher();
  int launcher_pidfd() const;

  // Asks for a cell. `id` must never have been used with this zygote. `cell_end` is the cell's end of a SOCK_STREAM
  // socketpair; the caller may close it once this has returned. Non-blocking: kRefused when the queue is full, or too
  // many descriptors of this user are on their way (try again later).
  Result<void> Spawn(std::uint64_t id, const UniqueFd& cell_end, const CellLimits& limits);

  // Everything that has arrived, without blocking. An error is a breach of the protocol: destroy the zygote.
  Result<std::vector<ZygoteEvent>> Receive();

  // Kills what is left and waits for it (bounded: some seconds, where the machine is in trouble); after that no process
  // of this zygote exists. Says how it ended: "exited with status 127", "was killed by signal 9". May be called in any
  // thread, where nobody else uses the object then. Idempotent.
  std::string Finish();

 private:
  class Impl;
  explicit Zygote(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace warder::zygote
