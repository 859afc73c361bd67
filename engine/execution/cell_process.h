// One cell as the engine holds it: its socket, its pidfd, its death.
//
// A cell is only over when three things are known: its pidfd says it is dead, its zygote says it has been waited for,
// and its socket has been read to the end. The engine trusts its own pidfd for the first and the zygote only for the
// numbers.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/execution/cell_channel.h"
#include "engine/execution/descriptor_ledger.h"
#include "engine/execution/descriptor_limit.h"
#include "engine/execution/usher.h"
#include "engine/execution/zygote_host.h"
#include "sandbox/jail/cgroup.h"
#include "sandbox/jail/rlimits.h"

namespace warder::execution {

// How a cell ended.
struct CellDeath {
  bool spawned = false;      // false: it never existed
  std::string failed_layer;  // when it could not be made: the layer, with the error's number
  int failed_errno = 0;
  std::string failed_why;      // instead of the number, where the engine's own part of the set-up failed
  std::string fault;           // why the engine ended it before it was of any use
  bool confirmed = false;      // its pidfd says that it is dead
  bool reaped = false;         // its zygote has waited for it
  std::string zygote_lost;     // why the zygote is gone, if it is
  bool unenforceable = false;  // with zygote_lost: this machine could not set up its jail
  int wait_status = 0;         // valid if reaped
  std::chrono::microseconds cpu{0};
  std::uint64_t peak_rss_bytes = 0;
  bool had_cgroup = false;
  bool cgroup_removed = false;
  jail::CgroupUsage cgroup;
};

class CellObserver {
 public:
  // The process exists; its first frame may have come before.
  virtual void OnSpawned() = 0;
  virtual void OnFrame(const proto::FromCell& frame) = 0;
  virtual void OnRequestBody(std::uint64_t call, std::string_view data, bool last) = 0;
  // The stream has ended while the process may still live; `error` as in CellChannel.
  virtual void OnStreamEnd(const std::string& error) = 0;
  // The last call.
  virtual void OnDeath(const CellDeath& death) = 0;

 protected:
  ~CellObserver() = default;
};

class CellProcess final : private CellOwner {
 public:
  // Asks `zygote` for a cell, which `usher` puts into a cgroup before anybody hears of it; the observer hears of it on
  // the loop. Every descriptor is noted in `ledger`. Throws std::system_error when the engine is out of descriptors.
  CellProcess(boost::asio::io_context& loop, std::shared_ptr<ZygoteHost> zygote, const zygote::CellLimits& limits,
              CellObserver& observer, DescriptorLedger& ledger, Usher& usher);
  ~CellProcess();
  CellProcess(const CellProcess&) = delete;
  CellProcess& operator=(const CellProcess&) = delete;

  CellChannel& channel() { return *channel_; }
  ZygoteHost& zygote() { return *zygote_; }

  // Asks the cell to stop and say where it was. Best effort: the cell may be hostile or stuck.
  void AskToStop();
  void Kill();
  // CPU time used so far, kernel time included; nothing once it is dead.
  std::optional<std::chrono::microseconds> CpuTime() const;
  int pidfd() const { return pidfd_.get(); }
  // Whether it exists and may be given work.
  bool spawned() const { return pidfd_ && !admitting_ && death_.failed_layer.empty() && death_.fault.empty(); }
  // As far as its zygote has told: it was made and not waited for.
  bool exists() const { return death_.spawned && !death_.reaped; }
  // What making its cgroup took.
  std::chrono::nanoseconds cgroup_time() const { return cgroup_time_; }
  // What was said of every layer by whoever sets it up.
  std::vector<jail::LayerState> ReportedLayers() const;
  // The limits that were asked for, for this cell alone.
  std::span<const jail::Limit> OwnLimits() const { return own_limits_; }
  // Whether the process has ended, asked now.
  bool IsDead() const;

 private:
  void OnSpawned(UniqueFd pidfd) override;
  void OnSpawnFailed(const zygote::SpawnFailed& failure) override;
  void OnReaped(const zygote::Reaped& reaped) override;
  void OnZygoteLost(const Error& why) override;
  void OnAdmitted(Usher::Seat seat);
  void BeSpawned();
  // The engine's own part of the set-up has failed.
  void Refuse(std::string_view layer, std::string why);
  void AwaitReady();
  void AwaitDeath();
  void WatchForDeath();
  // Where the loop cannot watch.
  void PollForDeath();
  void OnDead();
  void GiveUp(std::string why);
  void Signal(int number) const;
  void FinishIfOver();
  void RemoveCgroup(int attempts_left);
  void AwaitReaping();

  boost::asio::io_context& loop_;
  std::shared_ptr<ZygoteHost> zygote_;
  CellObserver& observer_;
  DescriptorLedger& ledger_;
  Usher& usher_;
  const std::uint64_t memory_bytes_;
  const std::vector<jail::Limit> own_limits_;
  jail::CgroupLeaf leaf_;
  std::chrono::nanoseconds cgroup_time_{0};
  std::optional<DescriptorClaim> claim_;  // until it has opened all that it will
  std::shared_ptr<CellChannel> channel_;
  std::uint64_t id_ = 0;
  UniqueFd pidfd_;
  boost::asio::posix::stream_descriptor death_watch_;
  // Until it is heard of; when it is dead until it is reaped, then until its cgroup is gone.
  boost::asio::steady_timer timer_;
  bool heard_ = false;
  bool admitting_ = false;  // into its cgroup
  pid_t pid_ = -1;          // in the engine's pid namespace
  bool kill_wanted_ = false;
  bool finished_ = false;
  CellDeath death_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // handlers check it before they touch `this`
};

}  // namespace warder::execution
