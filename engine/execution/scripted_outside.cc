#include "engine/execution/scripted_outside.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/journal/compare.h"
#include "sandbox/proto/frame.h"

namespace warder::execution {
namespace {

using std::chrono::microseconds;

std::uint64_t After(std::uint64_t from_us, microseconds delay) {
  return from_us + static_cast<std::uint64_t>(std::max<microseconds::rep>(delay.count(), 0));
}

broker::CallFailure FailureOf(const ScriptedFailure& failure) {
  using Kind = ScriptedFailure::Kind;
  const auto kind = failure.kind == Kind::kRefused   ? broker::CallFailure::Kind::kRefused
                    : failure.kind == Kind::kTimeout ? broker::CallFailure::Kind::kTimeout
                                                     : broker::CallFailure::Kind::kNetwork;
  return {kind, failure.message};
}

}  // namespace

ScriptedOutside::Happening::Happening(ScriptedOutside& outside, std::uint64_t at_us, std::uint64_t order,
                                      std::function<void()> what)
    : outside_(outside), when_(std::max(at_us, outside.clock_us_), order, ++outside.made_) {
  outside_.happenings_.emplace(when_, std::move(what));
}

// One call: takes its request, and when it is whole, gives the answer piece by piece as the moments come.
class ScriptedOutside::Answering final : public broker::Call {
 public:
  Answering(ScriptedOutside& outside, ScriptedRequest request, bool has_body, broker::CallObserver& observer)
      : outside_(outside),
        ordinal_(outside.calls_++),
        asked_us_(outside.clock_us_),
        request_(std::move(request)),
        observer_(observer) {
    if (!has_body) Answer();
  }
  ~Answering() override {
    // A call that was given up before it was whole has been made all the same.
    std::size_t found = 0;
    if (call_ == nullptr && outside_.Look(ordinal_, request_, &found) != nullptr) outside_.used_[found] = true;
  }
  Answering(const Answering&) = delete;
  Answering& operator=(const Answering&) = delete;

  void SendBody(std::string_view data, bool last) override {
    request_.body += data;
    if (last) {
      Answer();
      return;
    }
    consumed_ += data.size();
    if (crediting_) return;
    crediting_.emplace(outside_, outside_.clock_us_, 0, [this] {
      crediting_.reset();
      observer_.OnRequestCredit(std::exchange(consumed_, 0));
    });
  }

  void GrantResponse(std::uint64_t bytes) override {
    credit_ += bytes;
    if (!std::exchange(starved_, false)) return;
    Schedule({});
  }

  const std::string& connection() const override { return request_.connection; }

 private:
  void Answer() {
    call_ = outside_.Find(ordinal_, request_);
    if (call_ == nullptr) return;
    const ScriptedAnswer& answer = call_->answer;
    if (answer.head) {
      Schedule(answer.head->moment);
    } else if (answer.failure) {
      Schedule(answer.failure->moment);
    }
  }

  void Schedule(const Moment& moment) {
    next_.emplace(outside_, std::max(After(asked_us_, moment.after_call), moment.at_us), moment.order,
                  [this] { Step(); });
  }

  // Gives the next piece of the answer. What the observer is told last may destroy this.
  void Step() {
    next_.reset();
    const ScriptedAnswer& answer = call_->answer;
    if (answer.head && !std::exchange(head_given_, true)) {
      GiveHead(*answer.head);
    } else if (answer.head && piece_ < answer.body.size()) {
      GivePiece(answer.body[piece_]);
    } else if (answer.failure) {
      observer_.OnFailed(FailureOf(*answer.failure));
    }
  }

  void GiveHead(const ScriptedHead& head) {
    const bool body = !call_->answer.body.empty() || !call_->answer.ends || call_->answer.failure;
    if (body) ScheduleRest();
    observer_.OnResponseHead({.status = head.status,
                              .reason = head.reason,
                              .headers = head.headers,
                              .url = head.url.empty() ? request_.url : head.url,
                              .redirected = head.redirected,
                              .body = body});
  }

  void GivePiece(const ScriptedPiece& piece) {
    const std::size_t left = piece.data.size() - given_;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>({left, credit_, proto::kMaxBodyChunkBytes}));
    if (size == 0 && left > 0) {
      starved_ = true;
      return;
    }
    std::string data = piece.data.substr(given_, size);
    credit_ -= size;
    given_ += size;
    if (given_ == piece.data.size()) {
      ++piece_;
      given_ = 0;
    }
    const ScriptedAnswer& answer = call_->answer;
    if (piece_ == answer.body.size() && answer.ends && !answer.failure) {
      observer_.OnResponseEnd(std::move(data));
      return;
    }
    ScheduleRest();
    observer_.OnResponseBody(std::move(data));
  }

  void ScheduleRest() {
    const ScriptedAnswer& answer = call_->answer;
    if (piece_ < answer.body.size()) {
      Schedule(answer.body[piece_].moment);
    } else if (answer.failure) {
      Schedule(answer.failure->moment);
    }
  }

  ScriptedOutside& outside_;
  const std::size_t ordinal_;
  const std::uint64_t asked_us_;
  ScriptedRequest request_;
  broker::CallObserver& observer_;
  const ScriptedCall* call_ = nullptr;
  std::uint64_t credit_ = proto::kInitialCredit;
  std::uint64_t consumed_ = 0;
  bool head_given_ = false;
  bool starved_ = false;
  std::size_t piece_ = 0;  // of the answer's body
  std::size_t given_ = 0;  // of that piece
  std::optional<Happening> next_;
  std::optional<Happening> crediting_;
};

class ScriptedOutside::Waiting final : public Outside::Timer {
 public:
  Waiting(ScriptedOutside& outside, std::uint64_t at_us, std::uint64_t order, std::function<void()> fire)
      : happening_(outside, at_us, order, std::move(fire)) {}

 private:
  Happening happening_;
};

ScriptedOutside::ScriptedOutside(const Script& script, const Limits& limits)
    : script_(script), limits_(limits), clock_us_(script.clock_us), used_(script.calls.size(), false) {
  for (const StateItem& item : script.state) {
    store_.Put(item);
    known_.insert(item.key);
  }
}

void ScriptedOutside::Begin(proto::Start* start) {
  start->set_seed(script_.seed);
  start->set_execution_id(script_.execution_id);
  for (const Script::Connection& each : script_.connections) {
    auto* connection = start->add_connections();
    connection->set_name(each.name);
    connection->set_handle(each.handle);
    connection->set_origin(each.origin);
    for (const auto& [field, text] : each.placeholders) {
      auto* placeholder = connection->add_placeholders();
      placeholder->set_field(field);
      placeholder->set_text(text);
    }
  }
}

void ScriptedOutside::OnStarted() { host_->SendBarrier(++barrier_); }

void ScriptedOutside::OnBarrier(std::uint64_t /*number*/) {
  if (happenings_.empty()) {
    // Whatever it waits for never comes: in the world, its time would run out.
    host_->EndByLimit("wall", limits_.wall_ms);
    return;
  }
  const auto first = happenings_.begin();
  clock_us_ = std::get<0>(first->first);
  const auto what = std::move(first->second);
  happenings_.erase(first);
  if (const std::uint64_t passed_ms = (clock_us_ - script_.clock_us) / 1000; passed_ms > limits_.wall_ms) {
    host_->EndByLimit("wall", passed_ms);
    return;
  }
  what();
  host_->SendBarrier(++barrier_);
}

std::unique_ptr<broker::Call> ScriptedOutside::StartCall(std::uint64_t /*number*/, broker::HttpRequest request,
                                                         broker::CallObserver& observer) {
  std::string connection;
  for (const Script::Connection& each : script_.connections) {
    if (!request.connection.empty() && each.handle == request.connection) connection = each.name;
  }
  ScriptedRequest scripted{.method = std::move(request.method),
                           .url = std::move(request.url),
                           .headers = std::move(request.headers),
                           .body = {},
                           .connection = std::move(connection)};
  return std::make_unique<Answering>(*this, std::move(scripted), request.has_body, observer);
}

std::unique_ptr<Outside::Timer> ScriptedOutside::StartTimer(std::uint64_t /*number*/, std::chrono::milliseconds delay,
                                                            std::function<void()> fire) {
  std::uint64_t at_us = After(clock_us_, delay);
  std::uint64_t order = 0;
  if (timers_ < script_.timers.size() && script_.timers[timers_].delay == delay) {
    at_us = std::max(at_us, script_.timers[timers_].fired.at_us);
    order = script_.timers[timers_].fired.order;
  }
  ++timers_;
  return std::make_unique<Waiting>(*this, at_us, order, std::move(fire));
}

void ScriptedOutside::Adopt(const StateKey& key) {
  if (key.scope != StateScope::kFlow || known_.contains(key)) return;
  for (const StateItem& item : script_.state) {
    if (item.key != StateKey{StateScope::kFlow, {}, key.key}) continue;
    store_.Put({key, item.value_json});
    known_.insert(key);
  }
}

void ScriptedOutside::AnswerState(std::uint64_t number, std::function<void()> answer) {
  const std::size_t use = state_uses_++;
  const bool recorded = use < script_.state_answers.size();
  const Moment moment = recorded ? script_.state_answers[use].moment : Moment();
  state_answers_[number] = std::make_unique<Happening>(
      *this, moment.at_us, moment.order, [this, number, use, recorded, answer = std::move(answer)] {
        state_answers_.erase(number);
        if (recorded) {
          for (const StateItem& item : script_.state_answers[use].others) store_.Put(item);
        }
        answer();
      });
}

void ScriptedOutside::ReadState(std::uint64_t number, StateKey key, state::ReadDone done) {
  AnswerState(number, [this, key = std::move(key), done = std::move(done)] {
    Adopt(key);
    if (!script_.whole_state && !known_.contains(key)) {
      host_->EndDiverged(
          {"the execution now reads " + journal::DescribeState(key) + ", which was not " + script_.word, {}});
      return;
    }
    done(store_.Read(key));
  });
}

void ScriptedOutside::CommitState(std::uint64_t number, std::vector<state::Change> changes, state::CommitDone done) {
  AnswerState(number, [this, changes = std::move(changes), done = std::move(done)] {
    for (const state::Change& change : changes) Adopt(change.key);
    auto committed = store_.Commit(changes);
    for (const state::Change& change : changes) known_.insert(change.key);
    done(std::move(committed));
  });
}

const ScriptedCall* ScriptedOutside::Look(std::size_t ordinal, const ScriptedRequest& request,
                                          std::size_t* found) const {
  const auto is = [&](std::size_t index) { return !used_[index] && script_.calls[index].difference(request).empty(); };
  if (!script_.any_order && ordinal < used_.size() && is(ordinal)) {
    *found = ordinal;
    return &script_.calls[ordinal];
  }
  for (std::size_t i = 0; i < used_.size(); ++i) {
    if (!is(i)) continue;
    *found = i;
    return &script_.calls[i];
  }
  return nullptr;
}

const ScriptedCall* ScriptedOutside::Find(std::size_t ordinal, const ScriptedRequest& request) {
  const std::string is = journal::DescribeRequest(request.method, request.url);
  const std::string call = "the " + journal::Ordinal(ordinal + 1) + " call";
  std::size_t found = 0;
  if (const ScriptedCall* scripted = Look(ordinal, request, &found)) {
    used_[found] = true;
    if (!script_.any_order && found != ordinal) {
      host_->NoteDivergence(
          {call + " was " + is + ", which was " + script_.word + " as the " + journal::Ordinal(found + 1), {}});
    }
    return scripted;
  }
  // What it should have been: its place in the order, or the first that was not made.
  std::size_t should = ordinal;
  if (script_.any_order || should >= used_.size() || used_[should]) {
    should = static_cast<std::size_t>(std::find(used_.begin(), used_.end(), false) - used_.begin());
  }
  if (should >= used_.size()) {
    host_->EndDiverged({call + " was " + is + ", and no more than " + std::to_string(used_.size()) + " " +
                            (used_.size() == 1 ? "was " : "were ") + script_.word,
                        {}});
    return nullptr;
  }
  const ScriptedCall& other = script_.calls[should];
  const std::string what = other.shown == is ? call + ", " + is + ", is not as it was " + script_.word
                                             : call + " was " + is + ", " + script_.word + " was " + other.shown;
  host_->EndDiverged({what, other.difference(request)});
  return nullptr;
}

void ScriptedOutside::Conclude(Outcome* outcome) {
  if (outcome->divergence) return;
  const auto missing = static_cast<std::size_t>(std::find(used_.begin(), used_.end(), false) - used_.begin());
  if (missing == used_.size()) return;
  outcome->divergence = Divergence{"the " + journal::Ordinal(missing + 1) + " call, " + script_.calls[missing].shown +
                                       ", was " + script_.word + " and never made",
                                   {}};
}

}  // namespace warder::execution
