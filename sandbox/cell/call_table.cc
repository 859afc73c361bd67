#include "sandbox/cell/call_table.h"

#include <algorithm>
#include <utility>

#include "sandbox/proto/state_limits.h"

namespace warder::cell {
namespace {

using Verdict = CallTable::Verdict;

}  // namespace

std::uint64_t CallTable::StartHttp(proto::HttpRequest request) {
  const std::uint64_t id = ++last_call_;
  calls_[id] = {.request_open = request.body()};
  request.set_call(id);
  proto::FromCell frame;
  *frame.mutable_http_request() = std::move(request);
  channel_->Queue(frame);
  return id;
}

std::uint64_t CallTable::StartTimer(std::uint64_t delay_ms) {
  const std::uint64_t id = ++last_call_;
  calls_[id] = {.kind = Kind::kTimer};
  proto::FromCell frame;
  frame.mutable_timer_request()->set_call(id);
  frame.mutable_timer_request()->set_delay_ms(delay_ms);
  channel_->Queue(frame);
  return id;
}

std::uint64_t CallTable::StartStateRead(proto::StateKey key) {
  const std::uint64_t id = ++last_call_;
  calls_[id] = {.kind = Kind::kStateRead};
  proto::FromCell frame;
  frame.mutable_state_read()->set_call(id);
  *frame.mutable_state_read()->mutable_key() = std::move(key);
  channel_->Queue(frame);
  return id;
}

std::uint64_t CallTable::StartStateCommit(proto::StateCommit commit) {
  const std::uint64_t id = ++last_call_;
  calls_[id] = {.kind = Kind::kStateCommit, .changes = commit.changes_size()};
  commit.set_call(id);
  proto::FromCell frame;
  *frame.mutable_state_commit() = std::move(commit);
  channel_->Queue(frame);
  return id;
}

std::optional<std::size_t> CallTable::SendBody(std::uint64_t call, std::span<const char> bytes, bool last) {
  const auto it = calls_.find(call);
  if (it == calls_.end() || !it->second.request_open) return std::nullopt;
  std::size_t sent = 0;
  for (;;) {
    const std::size_t left = bytes.size() - sent;
    const std::size_t size = std::min<std::size_t>({left, proto::kMaxBodyChunkBytes, it->second.request_credit});
    const bool end = last && size == left;
    if (size == 0 && !end) return sent;
    proto::FromCell frame;
    proto::BodyChunk& chunk = *frame.mutable_request_body();
    chunk.set_call(call);
    chunk.set_data(bytes.data() + sent, size);
    chunk.set_last(end);
    channel_->Queue(frame);
    it->second.request_credit -= size;
    sent += size;
    if (end) it->second.request_open = false;
    if (sent == bytes.size()) return sent;
  }
}

void CallTable::Consumed(std::uint64_t call, std::uint64_t bytes) {
  const auto it = calls_.find(call);
  if (it == calls_.end() || bytes == 0) return;
  it->second.response_credit += bytes;
  proto::FromCell frame;
  frame.mutable_response_credit()->set_call(call);
  frame.mutable_response_credit()->set_bytes(bytes);
  channel_->Queue(frame);
}

void CallTable::Cancel(std::uint64_t call) {
  const auto it = calls_.find(call);
  if (it == calls_.end() || !IsOfTheBroker(it->second.kind)) return;
  calls_.erase(it);
  cancelled_.insert(call);
  proto::FromCell frame;
  frame.mutable_cancel_call()->set_call(call);
  channel_->Queue(frame);
}

CallTable::Call* CallTable::Find(std::uint64_t call, Kind kind, Verdict* verdict) {
  const auto it = calls_.find(call);
  if (it != calls_.end() && it->second.kind == kind) return &it->second;
  *verdict = it == calls_.end() && cancelled_.contains(call) ? Verdict::kIgnore : Verdict::kBreach;
  return nullptr;
}

Verdict CallTable::OnResponseHead(const proto::ResponseHead& head) {
  Verdict verdict = Verdict::kBreach;
  Call* const call = Find(head.call(), Kind::kHttp, &verdict);
  if (call == nullptr) return verdict;
  if (call->head_received || head.status() < 200 || head.status() > 599) return Verdict::kBreach;
  call->head_received = true;
  if (!head.body()) calls_.erase(head.call());
  return Verdict::kDeliver;
}

Verdict CallTable::OnResponseBody(const proto::BodyHeader& piece) {
  Verdict verdict = Verdict::kBreach;
  Call* const call = Find(piece.call, Kind::kHttp, &verdict);
  if (call == nullptr) return verdict;
  const std::size_t size = piece.size;
  if (!call->head_received || size > proto::kMaxBodyChunkBytes || size > call->response_credit) return Verdict::kBreach;
  if (size == 0 && !piece.last) return Verdict::kBreach;
  call->response_credit -= size;
  if (piece.last) calls_.erase(piece.call);
  return Verdict::kDeliver;
}

Verdict CallTable::OnCallFailed(const proto::CallFailed& failed) {
  // A timer can fail too: the engine's count of timers is bounded.
  const auto it = calls_.find(failed.call());
  if (it == calls_.end()) return cancelled_.contains(failed.call()) ? Verdict::kIgnore : Verdict::kBreach;
  if (!IsOfTheBroker(it->second.kind)) return Verdict::kBreach;
  calls_.erase(it);
  return Verdict::kDeliver;
}

Verdict CallTable::OnRequestCredit(const proto::Credit& credit) {
  Verdict verdict = Verdict::kBreach;
  Call* const call = Find(credit.call(), Kind::kHttp, &verdict);
  if (call == nullptr) return verdict;
  if (credit.bytes() > UINT64_MAX - call->request_credit) return Verdict::kBreach;
  call->request_credit += credit.bytes();
  return Verdict::kDeliver;
}

Verdict CallTable::OnTimerFired(const proto::TimerFired& fired) {
  Verdict verdict = Verdict::kBreach;
  if (Find(fired.call(), Kind::kTimer, &verdict) == nullptr) return verdict;
  calls_.erase(fired.call());
  return Verdict::kDeliver;
}

Verdict CallTable::OnStateValue(const proto::StateValue& value) {
  Verdict verdict = Verdict::kBreach;
  if (Find(value.call(), Kind::kStateRead, &verdict) == nullptr) return verdict;
  if (!proto::IsSound(value)) return Verdict::kBreach;
  calls_.erase(value.call());
  return Verdict::kDeliver;
}

Verdict CallTable::OnStateCommitted(const proto::StateCommitted& committed) {
  Verdict verdict = Verdict::kBreach;
  const Call* const call = Find(committed.call(), Kind::kStateCommit, &verdict);
  if (call == nullptr) return verdict;
  if (!proto::IsSound(committed, call->changes)) return Verdict::kBreach;
  calls_.erase(committed.call());
  return Verdict::kDeliver;
}

Verdict CallTable::OnStateFailed(const proto::StateFailed& failed) {
  const auto it = calls_.find(failed.call());
  if (it == calls_.end() || IsOfTheBroker(it->second.kind)) return Verdict::kBreach;
  calls_.erase(it);
  return Verdict::kDeliver;
}

}  // namespace warder::cell
