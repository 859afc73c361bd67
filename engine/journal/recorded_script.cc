// A recording as a script: its calls with their answers, for a bundle that need not say the same in the same order.
#include <algorithm>
#include <map>
#include <unordered_map>
#include <utility>

#include "engine/base/text.h"
#include "engine/journal/compare.h"
#include "engine/journal/request_digest.h"
#include "engine/journal/state_frames.h"
#include "engine/journal/tape.h"
#include "warder/replay.h"

namespace warder {
namespace {

using journal::RecordKind;
using journal::RequestDigest;

// A request as it was recorded. Long pieces of its body are there as hashes.
struct RecordedRequest {
  proto::HttpRequest head;
  struct Piece {
    std::string data;
    std::optional<RequestDigest> digest;
  };
  std::vector<Piece> body;
  bool whole = false;
  std::string connection;
};

std::string Pair(const std::string& place, const std::string& recorded, const std::string& now) {
  return place + "\n  - " + Truncate(recorded, 300) + "\n  + " + Truncate(now, 300) + "\n";
}

using Headers = std::map<std::string, std::string>;

Headers HeadersOf(const ScriptedRequest& request) {
  Headers headers;
  for (const auto& [name, value] : request.headers) headers[name] += value + "\n";
  return headers;
}

Headers HeadersOf(const proto::HttpRequest& request) {
  Headers headers;
  for (const auto& header : request.headers()) headers[header.name()] += header.value() + "\n";
  return headers;
}

std::string HeaderDifference(const Headers& recorded, const Headers& now) {
  std::string diff;
  const auto shown = [](const Headers& headers, const std::string& name) {
    const auto found = headers.find(name);
    return found == headers.end() ? std::string("(none)") : found->second.substr(0, found->second.size() - 1);
  };
  Headers all = recorded;
  all.insert(now.begin(), now.end());
  for (const auto& [name, ignored] : all) {
    const std::string was = shown(recorded, name);
    const std::string is = shown(now, name);
    if (was != is) diff += Pair("header " + name, was, is);
  }
  return diff;
}

std::string BodyDifference(const std::vector<RecordedRequest::Piece>& recorded, std::string_view now) {
  const bool kept = std::none_of(recorded.begin(), recorded.end(), [](const auto& piece) { return piece.digest; });
  if (kept) {
    std::string body;
    for (const auto& piece : recorded) body += piece.data;
    if (body == now) return {};
    const std::string diff = Difference(body, now);
    return "body\n" + (diff.empty() ? Pair("the same in another spelling", body, std::string(now)) : diff);
  }
  std::uint64_t size = 0;
  for (const auto& piece : recorded) size += piece.digest ? piece.digest->size : piece.data.size();
  if (size != now.size()) return Pair("body", journal::CountedBytes(size), journal::CountedBytes(now.size()));
  std::size_t at = 0;
  for (const auto& piece : recorded) {
    const std::string_view part = now.substr(at, piece.digest ? piece.digest->size : piece.data.size());
    const bool same =
        piece.digest ? journal::DigestOfPiece(0, part, false).sha256 == piece.digest->sha256 : piece.data == part;
    if (!same) return "body\n  another one of the same length, from byte " + std::to_string(at) + " on\n";
    at += part.size();
  }
  return {};
}

std::string RequestDifference(const RecordedRequest& recorded, const ScriptedRequest& now) {
  std::string diff;
  if (recorded.head.method() != now.method) diff += Pair("method", recorded.head.method(), now.method);
  if (recorded.head.url() != now.url) diff += Pair("url", recorded.head.url(), now.url);
  if (recorded.connection != now.connection) {
    diff += Pair("connection", recorded.connection.empty() ? "(none)" : recorded.connection,
                 now.connection.empty() ? "(none)" : now.connection);
  }
  diff += HeaderDifference(HeadersOf(recorded.head), HeadersOf(now));
  return recorded.whole ? diff + BodyDifference(recorded.body, now.body) : diff;
}

ScriptedFailure::Kind KindOf(proto::CallFailed::Kind kind) {
  switch (kind) {
    case proto::CallFailed::REFUSED:
      return ScriptedFailure::Kind::kRefused;
    case proto::CallFailed::TIMEOUT:
      return ScriptedFailure::Kind::kTimeout;
    default:
      return ScriptedFailure::Kind::kNetwork;
  }
}

class ScriptMaker {
 public:
  explicit ScriptMaker(const journal::Tape& tape) : tape_(tape) {}

  Script Make() {
    const proto::Start& start = tape_.start();
    script_.seed = start.seed();
    script_.execution_id = start.execution_id();
    script_.clock_us = tape_.ToCellAt(tape_.first_reply() - 1).clock_us();
    script_.word = "recorded";
    script_.whole_state = false;
    for (const auto& each : start.connections()) {
      Script::Connection& connection = script_.connections.emplace_back();
      connection.name = each.name();
      connection.handle = each.handle();
      connection.origin = each.origin();
      for (const auto& field : each.placeholders()) connection.placeholders.emplace_back(field.field(), field.text());
    }
    for (std::size_t i = tape_.first_reply(); i < tape_.size(); ++i) {
      order_ = i;
      if (tape_.kind(i) == RecordKind::kToCell) TakeToCell(tape_.ToCellAt(i));
      if (tape_.kind(i) == RecordKind::kFromCell) TakeFromCell(tape_.FromCellAt(i));
      if (tape_.kind(i) == RecordKind::kRequestBody) TakeDigest(tape_.payload(i));
    }
    Finish();
    return std::move(script_);
  }

 private:
  struct Made {
    std::shared_ptr<RecordedRequest> request = std::make_shared<RecordedRequest>();
    ScriptedAnswer answer;
    bool over = false;
  };

  Moment At(const proto::ToCell& frame) const { return {.at_us = frame.clock_us(), .order = order_}; }

  void TakeFromCell(const proto::FromCell& frame) {
    if (frame.has_http_request()) {
      const proto::HttpRequest& head = frame.http_request();
      numbers_[head.call()] = made_.size();
      RecordedRequest& request = *made_.emplace_back().request;
      request.head = head;
      request.whole = !head.body();
      for (const Script::Connection& each : script_.connections) {
        if (!head.connection().empty() && each.handle == head.connection()) request.connection = each.name;
      }
    } else if (frame.has_timer_request()) {
      timers_[frame.timer_request().call()] = script_.timers.size();
      script_.timers.push_back({.delay = std::chrono::milliseconds(frame.timer_request().delay_ms()), .fired = {}});
    } else if (frame.has_state_read() || frame.has_state_commit()) {
      TakeStateUse(frame);
    } else if (frame.has_request_body()) {
      const auto& chunk = frame.request_body();
      AddPiece(chunk.call(), {.data = chunk.data(), .digest = {}}, chunk.last());
    }
  }

  // How the state was when an answer told of it: the first that is known of a key stands at the start, and what is not
  // what this execution itself has left is what others did.
  void Reveal(const StateKey& key, std::uint64_t version, const std::string& json, Script::StateAnswer* answer) {
    const StateItem item{key, version == 0 ? std::nullopt : std::optional(json)};
    const auto [known, first] = state_.emplace(key, item.value_json);
    if (first) script_.state.push_back(item);
    if (known->second != item.value_json) answer->others.push_back(item);
    known->second = item.value_json;
  }

  void TakeStateAnswer(const proto::ToCell& frame) {
    Script::StateAnswer& answer = script_.state_answers[uses_.at(journal::StateCallOf(frame))];
    answer.moment = At(frame);
    if (frame.has_state_value()) {
      Reveal(reads_.at(frame.state_value().call()), frame.state_value().version(), frame.state_value().json(), &answer);
      return;
    }
    const auto commit = commits_.find(frame.state_committed().call());
    if (!frame.has_state_committed() || commit == commits_.end()) return;
    for (const proto::StateConflict& each : frame.state_committed().conflicts()) {
      Reveal(commit->second[each.change()].key, each.version(), each.json(), &answer);
    }
    if (!frame.state_committed().conflicts().empty()) return;
    for (const StateItem& item : commit->second) state_[item.key] = item.value_json;
  }

  void TakeStateUse(const proto::FromCell& frame) {
    const std::uint64_t call = frame.has_state_read() ? frame.state_read().call() : frame.state_commit().call();
    if (!uses_.try_emplace(call, script_.state_answers.size()).second) return;  // no engine's journal has it twice
    script_.state_answers.emplace_back();
    if (frame.has_state_read()) reads_[call] = journal::KeyOf(frame.state_read().key());
    if (frame.has_state_commit()) commits_[call] = journal::ItemsOf(frame.state_commit());
  }

  void TakeDigest(std::string_view payload) {
    const auto digest = journal::DecodeDigest(payload);
    if (digest) AddPiece(digest->call, {.data = {}, .digest = digest}, digest->last);
  }

  void AddPiece(std::uint64_t call, RecordedRequest::Piece piece, bool last) {
    const auto found = numbers_.find(call);
    if (found == numbers_.end()) return;
    RecordedRequest& request = *made_[found->second].request;
    request.body.push_back(std::move(piece));
    request.whole = last;
  }

  void TakeToCell(const proto::ToCell& frame) {
    if (journal::StateCallOf(frame) != 0) {
      TakeStateAnswer(frame);
    } else if (frame.has_timer_fired()) {
      script_.timers[timers_.at(frame.timer_fired().call())].fired = At(frame);
    } else if (frame.has_response_head()) {
      const proto::ResponseHead& head = frame.response_head();
      Made& made = made_[numbers_.at(head.call())];
      auto& out = made.answer.head.emplace();
      out.moment = At(frame);
      out.status = static_cast<int>(head.status());
      out.reason = head.reason();
      for (const auto& header : head.headers()) out.headers.emplace_back(header.name(), header.value());
      out.url = head.url();
      out.redirected = head.redirected();
      made.over = !head.body();
    } else if (frame.has_response_body()) {
      Made& made = made_[numbers_.at(frame.response_body().call())];
      made.answer.body.push_back({.moment = At(frame), .data = frame.response_body().data()});
      made.over = frame.response_body().last();
    } else if (frame.has_call_failed()) {
      Made& made = made_[numbers_.at(frame.call_failed().call())];
      made.answer.failure = {
          .kind = KindOf(frame.call_failed().kind()), .moment = At(frame), .message = frame.call_failed().message()};
      made.over = true;
    }
  }

  void Finish() {
    for (Made& made : made_) {
      made.answer.ends = made.over;
      script_.calls.push_back(
          {.shown = journal::DescribeRequest(made.request->head.method(), made.request->head.url()),
           .difference = [recorded =
                              made.request](const ScriptedRequest& now) { return RequestDifference(*recorded, now); },
           .answer = std::move(made.answer)});
    }
  }

  const journal::Tape& tape_;
  Script script_;
  std::size_t order_ = 0;
  std::vector<Made> made_;
  std::unordered_map<std::uint64_t, std::size_t> numbers_;  // of calls, to made_
  std::unordered_map<std::uint64_t, std::size_t> timers_;   // of calls, to the script's
  std::unordered_map<std::uint64_t, std::size_t> uses_;     // of calls, to the script's answers
  std::unordered_map<std::uint64_t, StateKey> reads_;
  std::unordered_map<std::uint64_t, std::vector<StateItem>> commits_;
  std::map<StateKey, std::optional<std::string>> state_;  // as far as it is known
};

}  // namespace

Script ScriptOf(const journal::Tape& tape) { return ScriptMaker(tape).Make(); }

}  // namespace warder
