// The calls (fetches, timers, reads and commits of state) that this cell has under way, and what the engine may send
// for each of them.
//
// The numbering, the states and the credit are those of cell.proto. Everything that leaves for a call leaves here, and
// everything that the engine sends for one is checked here first. Knows nothing of V8.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>

#include "sandbox/cell/channel.h"

namespace warder::cell {

class CallTable {
 public:
  explicit CallTable(Channel* channel) : channel_(channel) {}

  // Each assigns the next number and sends the request.
  std::uint64_t StartHttp(proto::HttpRequest request);
  std::uint64_t StartTimer(std::uint64_t delay_ms);
  std::uint64_t StartStateRead(proto::StateKey key);
  std::uint64_t StartStateCommit(proto::StateCommit commit);

  // Sends as much of `bytes` as the credit allows, and `last` once all of it is out. Returns how many bytes went, or
  // nothing when the call is over.
  std::optional<std::size_t> SendBody(std::uint64_t call, std::span<const char> bytes, bool last);
  // The script took `bytes` of the response: the engine may send that many more.
  void Consumed(std::uint64_t call, std::uint64_t bytes);
  void Cancel(std::uint64_t call);

  // What to do with a frame that the engine sent for a call.
  enum class Verdict {
    kDeliver,
    kIgnore,  // the call was cancelled while this was under way
    kBreach,  // not allowed: the engine and this cell do not agree on the protocol
  };
  Verdict OnResponseHead(const proto::ResponseHead& head);
  Verdict OnResponseBody(const proto::BodyHeader& piece);
  Verdict OnCallFailed(const proto::CallFailed& failed);
  Verdict OnRequestCredit(const proto::Credit& credit);
  Verdict OnTimerFired(const proto::TimerFired& fired);
  Verdict OnStateValue(const proto::StateValue& value);
  Verdict OnStateCommitted(const proto::StateCommitted& committed);
  Verdict OnStateFailed(const proto::StateFailed& failed);

  bool empty() const { return calls_.empty(); }

 private:
  enum class Kind { kHttp, kTimer, kStateRead, kStateCommit };
  struct Call {
    Kind kind = Kind::kHttp;
    int changes = 0;  // of a commit
    bool head_received = false;
    bool request_open = false;
    std::uint64_t request_credit = proto::kInitialCredit;
    std::uint64_t response_credit = proto::kInitialCredit;
  };

  // What concerns state is neither cancelled nor failed by the broker.
  static bool IsOfTheBroker(Kind kind) { return kind == Kind::kHttp || kind == Kind::kTimer; }
  // The call, or null with the verdict on a frame for it.
  Call* Find(std::uint64_t call, Kind kind, Verdict* verdict);

  Channel* channel_;
  std::uint64_t last_call_ = 0;
  std::map<std::uint64_t, Call> calls_;
  std::unordered_set<std::uint64_t> cancelled_;
};

}  // namespace warder::cell
