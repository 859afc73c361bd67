#include "engine/execution/recorded_outside.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/journal/request_digest.h"
#include "engine/journal/state_frames.h"

namespace warder::execution {
namespace {

using journal::RecordKind;

broker::CallFailure::Kind KindOf(proto::CallFailed::Kind kind) {
  switch (kind) {
    case proto::CallFailed::REFUSED:
      return broker::CallFailure::Kind::kRefused;
    case proto::CallFailed::TIMEOUT:
      return broker::CallFailure::Kind::kTimeout;
    default:
      return broker::CallFailure::Kind::kNetwork;
  }
}

}  // namespace

// Receives what is sent, which is compared where it is said, and gets the answers of the tape.
class RecordedOutside::RecordedCall final : public broker::Call {
 public:
  RecordedCall(RecordedOutside& outside, std::uint64_t number, std::string connection, broker::CallObserver& observer)
      : outside_(outside), number_(number), connection_(std::move(connection)) {
    outside_.calls_[number_] = &observer;
  }
  ~RecordedCall() override { outside_.calls_.erase(number_); }
  RecordedCall(const RecordedCall&) = delete;
  RecordedCall& operator=(const RecordedCall&) = delete;

  void SendBody(std::string_view, bool) override {}
  void GrantResponse(std::uint64_t) override {}
  const std::string& connection() const override { return connection_; }

 private:
  RecordedOutside& outside_;
  const std::uint64_t number_;
  const std::string connection_;
};

class RecordedOutside::RecordedTimer final : public Outside::Timer {
 public:
  RecordedTimer(RecordedOutside& outside, std::uint64_t number, std::function<void()> fire)
      : outside_(outside), number_(number) {
    outside_.timers_[number_] = std::move(fire);
  }
  ~RecordedTimer() override { outside_.timers_.erase(number_); }
  RecordedTimer(const RecordedTimer&) = delete;
  RecordedTimer& operator=(const RecordedTimer&) = delete;

 private:
  RecordedOutside& outside_;
  const std::uint64_t number_;
};

void RecordedOutside::Begin(proto::Start* start) {
  next_ = tape_.first_reply() - 1;  // into however many pieces the inputs were cut then, this has its own clock
  start->set_seed(tape_.start().seed());
  start->set_execution_id(tape_.start().execution_id());
  *start->mutable_connections() = tape_.start().connections();
}

std::uint64_t RecordedOutside::Clock() {
  if (next_ < tape_.first_reply()) clock_us_ = tape_.ToCellAt(next_++).clock_us();
  return clock_us_;
}

void RecordedOutside::OnStarted() {
  next_ = tape_.first_reply();
  Send();
}

std::unique_ptr<broker::Call> RecordedOutside::StartCall(std::uint64_t number, broker::HttpRequest request,
                                                         broker::CallObserver& observer) {
  std::string name;
  for (const auto& connection : tape_.start().connections()) {
    if (!request.connection.empty() && connection.handle() == request.connection) name = connection.name();
  }
  return std::make_unique<RecordedCall>(*this, number, std::move(name), observer);
}

std::unique_ptr<Outside::Timer> RecordedOutside::StartTimer(std::uint64_t number, std::chrono::milliseconds /*delay*/,
                                                            std::function<void()> fire) {
  return std::make_unique<RecordedTimer>(*this, number, std::move(fire));
}

void RecordedOutside::ReadState(std::uint64_t number, StateKey /*key*/, state::ReadDone done) {
  reads_[number] = std::move(done);
}

void RecordedOutside::CommitState(std::uint64_t number, std::vector<state::Change> /*changes*/,
                                  state::CommitDone done) {
  commits_[number] = std::move(done);
}

void RecordedOutside::OnSaid(const proto::FromCell& frame) {
  if (over_) return;
  if (frame.has_output()) {
    output_ += frame.output().data();
    return;
  }
  if (frame.has_http_request()) {
    requests_[frame.http_request().call()] =
        journal::DescribeRequest(frame.http_request().method(), frame.http_request().url());
  }
  SkipOutput();
  if (AtEnd()) return;  // what was recorded ends before this one does
  if (tape_.kind(next_) == RecordKind::kRequestBody) {
    Diverge({"the execution now " + journal::Describe(frame) + " where the recorded one sends a request's body", {}});
    return;
  }
  const proto::FromCell recorded = tape_.FromCellAt(next_);
  auto divergence = journal::Compare(said_, recorded, frame);
  // The output says more than the fact that it is there.
  if (frame.has_result() && recorded.has_result() && frame.result().has_succeeded() &&
      recorded.result().has_succeeded()) {
    divergence = journal::CompareOutput(recorded_output_, output_);
  }
  if (divergence) {
    Diverge(std::move(*divergence));
    return;
  }
  said_.Count(frame);
  ++next_;
}

void RecordedOutside::OnSaidBody(std::uint64_t call, std::string_view data, bool last) {
  if (over_) return;
  SkipOutput();
  if (AtEnd()) return;
  const std::string& request = requests_[call];
  std::optional<Divergence> divergence;
  if (tape_.kind(next_) == RecordKind::kRequestBody) {
    // The tape holds none that cannot be decoded.
    divergence =
        journal::CompareBody(request, journal::DecodeDigest(tape_.payload(next_)).value_or(journal::RequestDigest()),
                             journal::DigestOfPiece(call, data, last));
  } else {
    proto::FromCell now;
    now.mutable_request_body()->set_call(call);
    now.mutable_request_body()->set_last(last);
    now.mutable_request_body()->set_data(data.data(), data.size());
    const proto::FromCell recorded = tape_.FromCellAt(next_);
    divergence = recorded.has_request_body()
                     ? journal::CompareBody(request, recorded.request_body(), now.request_body())
                     : journal::Compare(said_, recorded, now);
  }
  if (divergence) {
    Diverge(std::move(*divergence));
    return;
  }
  ++next_;
}

void RecordedOutside::Send() {
  bool sent = false;
  while (!over_) {
    SkipOutput();
    if (AtEnd()) {
      over_ = true;
      as_recorded_ = true;
      host_->EndAsRecorded();
      return;
    }
    if (tape_.kind(next_) != RecordKind::kToCell) break;
    const proto::ToCell frame = tape_.ToCellAt(next_++);
    clock_us_ = frame.clock_us();
    Deliver(frame);
    sent = true;
  }
  if (!over_ && (sent || barrier_ == 0)) host_->SendBarrier(++barrier_);
}

void RecordedOutside::Deliver(const proto::ToCell& frame) {
  if (frame.has_timer_fired()) {
    const auto timer = timers_.find(frame.timer_fired().call());
    if (timer != timers_.end()) {
      const auto fire = timer->second;  // it goes while it fires
      fire();
      return;
    }
  } else if (const auto call = calls_.find(journal::CallOf(frame)); call != calls_.end()) {
    DeliverTo(*call->second, frame);
    return;
  } else if (DeliverState(frame)) {
    return;
  }
  Diverge({"what was recorded as sent next is for a call that is not under way now", {}});
}

bool RecordedOutside::DeliverState(const proto::ToCell& frame) {
  const std::uint64_t number = journal::StateCallOf(frame);
  if (auto read = reads_.extract(number)) {
    read.mapped()(journal::EntryOf(frame));
    return true;
  }
  if (auto commit = commits_.extract(number)) {
    commit.mapped()(journal::CommittedOf(frame));
    return true;
  }
  return false;
}

void RecordedOutside::DeliverTo(broker::CallObserver& observer, const proto::ToCell& frame) {
  switch (frame.frame_case()) {
    case proto::ToCell::kResponseHead: {
      const proto::ResponseHead& head = frame.response_head();
      broker::ResponseHead out{.status = static_cast<int>(head.status()),
                               .reason = head.reason(),
                               .headers = {},
                               .url = head.url(),
                               .redirected = head.redirected(),
                               .body = head.body()};
      for (const auto& header : head.headers()) out.headers.emplace_back(header.name(), header.value());
      observer.OnResponseHead(std::move(out));
      return;
    }
    case proto::ToCell::kResponseBody:
      if (frame.response_body().last()) {
        observer.OnResponseEnd(std::string(frame.response_body().data()));
      } else {
        observer.OnResponseBody(std::string(frame.response_body().data()));
      }
      return;
    case proto::ToCell::kCallFailed:
      observer.OnFailed({KindOf(frame.call_failed().kind()), frame.call_failed().message()});
      return;
    default:
      observer.OnRequestCredit(frame.request_credit().bytes());
  }
}

void RecordedOutside::OnBarrier(std::uint64_t number) {
  if (over_ || number != barrier_ || AtEnd()) return;
  const bool piece = tape_.kind(next_) == RecordKind::kRequestBody;
  Diverge({"the execution now waits where the recorded one " +
               (piece ? "sends a request's body" : journal::Describe(tape_.FromCellAt(next_))),
           {}});
}

void RecordedOutside::SkipOutput() {
  while (!AtEnd() && tape_.kind(next_) == RecordKind::kFromCell) {
    const proto::FromCell frame = tape_.FromCellAt(next_);
    if (!frame.has_output()) return;
    recorded_output_ += frame.output().data();
    ++next_;
  }
}

void RecordedOutside::Diverge(Divergence divergence) {
  over_ = true;
  host_->EndDiverged(std::move(divergence));
}

void RecordedOutside::Conclude(Outcome* outcome) {
  const auto& ending = tape_.ending();
  if (outcome->divergence) return;
  if (as_recorded_) {
    outcome->status = ending ? ending->status : Status::kFault;
    outcome->reason = ending ? ending->reason : "its journal is cut off: " + tape_.cut_off();
    return;
  }
  // An end of the same kind is the same end only where everything before it was said.
  SkipOutput();
  if (AtEnd() && (!ending || outcome->status == ending->status)) return;
  outcome->divergence =
      Divergence{"the execution ended in another way than it was recorded to",
                 "- " + std::string(ending ? StatusName(ending->status) : "it went on") +
                     (ending && !ending->reason.empty() ? ": " + ending->reason : "") + "\n+ " +
                     StatusName(outcome->status) + (outcome->reason.empty() ? "" : ": " + outcome->reason) + "\n"};
}

}  // namespace warder::execution
