// One zygote on the engine's loop: asks it for cells and tells each cell's owner what became of it.
//
// Executions keep their ZygoteHost alive; when the engine recycles it, the old one goes with its last cell.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "engine/execution/undertaker.h"
#include "sandbox/zygote/launcher.h"

namespace warder::execution {

// Told about one cell, on the loop. OnReaped, OnSpawnFailed and OnZygoteLost are last words: none follows another.
class CellOwner {
 public:
  virtual void OnSpawned(UniqueFd pidfd) = 0;
  virtual void OnSpawnFailed(const zygote::SpawnFailed& failure) = 0;
  virtual void OnReaped(const zygote::Reaped& reaped) = 0;
  // The zygote has died, and with its pid namespace every cell in it.
  virtual void OnZygoteLost(const Error& why) = 0;

 protected:
  ~CellOwner() = default;
};

class ZygoteHost : public std::enable_shared_from_this<ZygoteHost> {
 public:
  static constexpr std::chrono::seconds kAnswerDeadline{15};

  // Must be called on the loop's thread, which has to outlive the zygote (see launcher.h). Returns before the zygote is
  // ready; spawns wait until then. `undertaker` waits for its end, where it still exists. A zygote that has said
  // nothing of the cells it was asked for since `answer_deadline` is given up.
  static Result<std::shared_ptr<ZygoteHost>> Launch(boost::asio::io_context& loop,
                                                    const std::shared_ptr<Undertaker>& undertaker,
                                                    const zygote::LaunchOptions& options, std::string image,
                                                    std::chrono::milliseconds answer_deadline = kAnswerDeadline);
  ~ZygoteHost();
  ZygoteHost(const ZygoteHost&) = delete;
  ZygoteHost& operator=(const ZygoteHost&) = delete;

  // Calls back once, with the zygote's own report or with why there is none.
  void WhenReady(std::function<void(const Result<zygote::Ready>&)> callback);

  // Asks for a cell for `owner`; its last word is sure to come unless Forget was called. Returns the cell's id.
  std::uint64_t Spawn(CellOwner& owner, UniqueFd cell_end, const zygote::CellLimits& limits);
  // `owner` wants to hear no more of cell `id`.
  void Forget(std::uint64_t id) { owners_.erase(id); }

  // Kills the zygote: it does not do what it must. Every owner hears of it.
  void GiveUp(const std::string& why);

  bool usable() const { return !lost_; }
  bool ready() const { return ready_; }
  // In this process's pid namespace; -1 until it is ready, and once it is lost.
  pid_t pid() const { return zygote_ ? zygote_->pid() : -1; }
  std::uint64_t spawned() const { return next_id_ - 1; }
  // Cells that it was asked for and has not made yet.
  std::size_t backlog() const { return waiting_.size() + unanswered_.size(); }
  // Do not spawn from this one any more: a cell of it has died in a way that no cell should.
  void Retire() { retired_ = true; }
  bool retired() const { return retired_; }
  // What the zygote reported when it was ready.
  const zygote::Ready& report() const { return report_; }
  // Hash of the image's manifest, as it was when this zygote was launched.
  const std::string& image() const { return image_; }

 private:
  struct Waiting {
    std::uint64_t id;
    UniqueFd cell_end;
    zygote::CellLimits limits;
  };

  ZygoteHost(boost::asio::io_context& loop, const std::shared_ptr<Undertaker>& undertaker, zygote::Zygote zygote,
             std::chrono::milliseconds answer_deadline);
  void Watch();
  void Handle(zygote::ZygoteEvent& event);
  // The zygote has said that it is ready: so it is when its launcher has gone.
  void AwaitLauncher();
  void BeReady();
  void Flush();
  void NoteAnswer(std::uint64_t id);
  void AwaitAnswer(std::chrono::steady_clock::duration time);
  Error WhyClosed(const std::string& end) const;
  // Nothing is asked of it any more; once it has ended, with every cell of it, their owners are told. Without `why` its
  // end says that.
  void Lose(std::optional<Error> why);
  void Tell(const Error& why);
  CellOwner* OwnerOf(std::uint64_t id, bool last);

  boost::asio::io_context& loop_;
  const std::weak_ptr<Undertaker> undertaker_;  // a host may go with what the loop has left undone
  const std::chrono::milliseconds answer_deadline_;
  std::optional<zygote::Zygote> zygote_;  // until it is lost
  // These watch, never read, and are released before the zygote closes what they watch.
  boost::asio::posix::stream_descriptor control_;
  boost::asio::posix::stream_descriptor launcher_;
  boost::asio::steady_timer ready_deadline_;
  boost::asio::steady_timer retry_;
  boost::asio::steady_timer answer_timer_;
  bool awaiting_answer_ = false;
  std::chrono::steady_clock::time_point last_answer_;
  std::unordered_set<std::uint64_t> unanswered_;  // spawns that the zygote has said nothing of yet
  bool ready_ = false;
  bool lost_ = false;
  bool told_ = false;  // that it is lost
  bool retired_ = false;
  std::optional<Error> setup_error_;
  zygote::Ready report_;
  std::string image_;
  std::function<void(const Result<zygote::Ready>&)> when_ready_;
  std::uint64_t next_id_ = 1;
  std::deque<Waiting> waiting_;
  std::unordered_map<std::uint64_t, CellOwner*> owners_;
};

}  // namespace warder::execution
