#include "engine/journal/compare.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "engine/base/text.h"
#include "engine/journal/state_frames.h"
#include "warder/replay.h"

namespace warder::journal {
namespace {

constexpr std::size_t kMaxShownBytes = 300;

std::string Pair(const std::string& place, std::string_view recorded, std::string_view now) {
  return place + "\n  - " + Truncate(recorded, kMaxShownBytes) + "\n  + " + Truncate(now, kMaxShownBytes) + "\n";
}

std::string NameOf(const proto::ThrownError& thrown) {
  return (thrown.name().empty() ? "" : thrown.name() + ": ") + thrown.message();
}

// How a request may follow redirects, as fetch has it.
const char* RedirectName(proto::HttpRequest::Redirect redirect) {
  switch (redirect) {
    case proto::HttpRequest::ERROR:
      return "error";
    case proto::HttpRequest::MANUAL:
      return "manual";
    default:
      return "follow";
  }
}

std::string LengthOf(const proto::HttpRequest& request) {
  if (!request.body()) return "none";
  return request.has_body_bytes() ? CountedBytes(request.body_bytes()) : "of unknown length";
}

// By name, all values of a name in their order.
std::map<std::string, std::vector<std::string>> HeadersOf(const proto::HttpRequest& request) {
  std::map<std::string, std::vector<std::string>> headers;
  for (const auto& header : request.headers()) headers[header.name()].push_back(header.value());
  return headers;
}

std::string Joined(const std::vector<std::string>* values) {
  if (values == nullptr) return "(none)";
  std::string text;
  for (const std::string& value : *values) text += (text.empty() ? "" : ", ") + value;
  return text;
}

std::string HeaderDifference(const proto::HttpRequest& recorded, const proto::HttpRequest& now) {
  const auto before = HeadersOf(recorded);
  const auto after = HeadersOf(now);
  std::set<std::string> names;
  for (const auto& [name, values] : before) names.insert(name);
  for (const auto& [name, values] : after) names.insert(name);
  std::string diff;
  const auto find = [](const auto& headers, const std::string& name) {
    const auto found = headers.find(name);
    return found == headers.end() ? nullptr : &found->second;
  };
  for (const std::string& name : names) {
    const auto* was = find(before, name);
    const auto* is = find(after, name);
    if (was == nullptr || is == nullptr || *was != *is) diff += Pair("header " + name, Joined(was), Joined(is));
  }
  return diff;
}

Divergence OtherRequest(std::uint64_t ordinal, const proto::HttpRequest& recorded, const proto::HttpRequest& now) {
  const std::string was = DescribeRequest(recorded.method(), recorded.url());
  const std::string is = DescribeRequest(now.method(), now.url());
  Divergence divergence;
  if (recorded.call() != now.call()) {
    divergence.diff += Pair("number", std::to_string(recorded.call()), std::to_string(now.call()));
  }
  if (recorded.method() != now.method()) divergence.diff += Pair("method", recorded.method(), now.method());
  if (recorded.url() != now.url()) divergence.diff += Pair("url", recorded.url(), now.url());
  divergence.diff += HeaderDifference(recorded, now);
  if (LengthOf(recorded) != LengthOf(now)) divergence.diff += Pair("body", LengthOf(recorded), LengthOf(now));
  if (recorded.redirect() != now.redirect()) {
    divergence.diff += Pair("redirect", RedirectName(recorded.redirect()), RedirectName(now.redirect()));
  }
  if (recorded.connection() != now.connection())
    divergence.diff += Pair("connection's handle", recorded.connection(), now.connection());
  if (recorded.step() != now.step()) {
    divergence.diff += Pair("step", std::to_string(recorded.step()), std::to_string(now.step()));
  }
  if (divergence.diff.empty()) divergence.diff = "the order of its headers\n";
  const std::string call = "the " + Ordinal(ordinal) + " call";
  divergence.what =
      was == is ? call + ", " + is + ", is not as it was recorded" : call + " was " + is + ", recorded was " + was;
  return divergence;
}

// What of a frame has to be the same, bit for bit: all of it but what a cell measures of itself (where a heap is full
// included) and addresses. Texts for people are made of it, and are no measure: two frames can read alike.
std::string Compared(proto::FromCell frame) {
  if (frame.has_result()) frame.mutable_result()->clear_usage();
  if (frame.has_stopped()) {
    frame.mutable_stopped()->clear_usage();
    frame.mutable_stopped()->clear_detail();
    if (frame.stopped().reason() == proto::Stopped::HEAP) frame.mutable_stopped()->clear_stack();
  }
  if (frame.has_violation()) {
    frame.mutable_violation()->clear_arguments();
    frame.mutable_violation()->clear_instruction_pointer();
    frame.mutable_violation()->clear_stack();
  }
  return frame.SerializeAsString();
}

std::string LogText(const proto::Log& log) {
  std::string text = proto::Log::Level_Name(log.level()) + " \"" + log.message() + "\"";
  if (log.step() != 0) text += " of step " + std::to_string(log.step());
  return log.fields_json().empty() ? text : text + ", fields " + log.fields_json();
}

std::string StackOf(const proto::ThrownError& thrown) {
  std::string text = NameOf(thrown) + "\n" + thrown.stack();
  if (!thrown.code().empty()) text += "\ncode " + thrown.code();
  if (thrown.ceiling() != proto::ThrownError::NONE) {
    text += std::string("\nceiling ") + proto::ThrownError::Ceiling_Name(thrown.ceiling());
  }
  if (thrown.retry() != proto::ThrownError::UNSAID) {
    text += std::string("\nretry ") + proto::ThrownError::Retry_Name(thrown.retry()) + " " +
            std::to_string(thrown.retry_after_ms()) + " ms";
  }
  for (const auto& cause : thrown.causes()) text += "\ncaused by " + StackOf(cause);
  return text;
}

Divergence OtherEnd(const std::string& recorded, const std::string& now) {
  return {"the execution ended in another way than it was recorded to", Difference(recorded, now)};
}

std::string EndOf(const proto::Result& result) {
  switch (result.outcome_case()) {
    case proto::Result::kSucceeded:
      return "it succeeded";
    case proto::Result::kThrown:
      return "it failed: " + StackOf(result.thrown());
    case proto::Result::kRejected:
      return "its bundle was rejected: " + result.rejected().message() + " (" +
             proto::BundleRejected::Kind_Name(result.rejected().kind()) + " at " + result.rejected().file() + ":" +
             std::to_string(result.rejected().line()) + ":" + std::to_string(result.rejected().column()) + ")";
    case proto::Result::OUTCOME_NOT_SET:
      break;
  }
  return "it ended without a result";
}

const char* WhyOf(const proto::Stopped& stopped) {
  switch (stopped.reason()) {
    case proto::Stopped::HEAP:
      return "its heap was full";
    case proto::Stopped::OUTPUT:
      return "its output was too long";
    case proto::Stopped::LOG:
      return "its log was full";
    case proto::Stopped::STALLED:
      return "it waited for what can never come";
    default:
      return "it was stopped";
  }
}

std::string StopOf(const proto::Stopped& stopped) { return WhyOf(stopped) + ("\n" + stopped.stack()); }

std::string ValueText(const proto::StepValue& value) {
  return value.shape() + ", " + CountedBytes(value.bytes()) + (value.json().empty() ? "" : ", " + value.json());
}

std::string StepText(const proto::Step& step) {
  std::string text = "step " + std::to_string(step.step()) + " at " + std::to_string(step.clock_us()) + " us";
  switch (step.what_case()) {
    case proto::Step::kBegan:
      return text + " begins: \"" + step.began().name() + "\" " + step.began().action() + " in " +
             std::to_string(step.began().parent()) + ", given " + ValueText(step.began().input());
    case proto::Step::kRetried:
      return text + " is tried again after " + std::to_string(step.retried().delay_ms()) +
             " ms: " + step.retried().error();
    case proto::Step::kEnded:
      return text + (step.ended().succeeded() ? " ends with " + ValueText(step.ended().output())
                                              : " fails: " + step.ended().error());
    default:
      return text;
  }
}

std::string StateText(const proto::StateCommit& commit) {
  std::string text;
  for (const proto::StateChange& change : commit.changes()) {
    text += (text.empty() ? "" : ", ") + DescribeState(KeyOf(change.key())) +
            (change.removed() ? " is deleted" : " becomes " + change.json());
    if (change.expects()) text += " (was of version " + std::to_string(change.version()) + ")";
  }
  return text;
}

std::string ResponseText(const proto::Respond& respond) {
  std::string text = std::to_string(respond.status());
  for (const auto& header : respond.headers()) text += "\n" + header.name() + ": " + header.value();
  return text + "\n\n" + respond.body();
}

// The call or bytes that a frame of another kind is about.
std::string NumbersOf(const proto::FromCell& frame) {
  switch (frame.frame_case()) {
    case proto::FromCell::kResponseCredit:
      return "call " + std::to_string(frame.response_credit().call()) + ", " +
             CountedBytes(frame.response_credit().bytes());
    case proto::FromCell::kCancelCall:
      return "call " + std::to_string(frame.cancel_call().call());
    default:
      return "call " + std::to_string(frame.timer_request().call()) + ", " +
             std::to_string(frame.timer_request().delay_ms()) + " ms";
  }
}

}  // namespace

std::string CountedBytes(std::uint64_t bytes) { return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes"); }

void Said::Count(const proto::FromCell& frame) {
  calls += frame.has_http_request() ? 1 : 0;
  timers += frame.has_timer_request() ? 1 : 0;
  logs += frame.has_log() ? 1 : 0;
}

std::string Ordinal(std::uint64_t number) {
  const std::uint64_t tens = number / 10 % 10;
  const std::uint64_t ones = tens == 1 ? 0 : number % 10;
  return std::to_string(number) + (ones == 1 ? "st" : ones == 2 ? "nd" : ones == 3 ? "rd" : "th");
}

std::string DescribeState(const StateKey& key) {
  const std::string text = "\"" + Truncate(key.key, kMaxShownBytes) + "\" of the ";
  switch (key.scope) {
    case StateScope::kFlow:
      return text + "state of the flow " + key.flow;
    case StateScope::kInstance:
      return text + "instance's state";
    case StateScope::kCrossFlow:
      break;
  }
  return text + "tenant's state";
}

std::string DescribeRequest(const std::string& method, const std::string& url) {
  return Truncate(method, 32) + " " + Truncate(url, kMaxShownBytes);
}

std::string Describe(const proto::FromCell& frame) {
  switch (frame.frame_case()) {
    case proto::FromCell::kHttpRequest:
      return "calls " + DescribeRequest(frame.http_request().method(), frame.http_request().url());
    case proto::FromCell::kRequestBody:
      return "sends " + CountedBytes(frame.request_body().data().size()) + " of a request's body";
    case proto::FromCell::kResponseCredit:
      return "reads on in the response of call " + std::to_string(frame.response_credit().call());
    case proto::FromCell::kCancelCall:
      return "cancels call " + std::to_string(frame.cancel_call().call());
    case proto::FromCell::kTimerRequest:
      return "sets a timer of " + std::to_string(frame.timer_request().delay_ms()) + " ms";
    case proto::FromCell::kLog:
      return "logs \"" + Truncate(frame.log().message(), kMaxShownBytes) + "\"";
    case proto::FromCell::kStep:
      return frame.step().has_began()
                 ? "begins the step \"" + Truncate(frame.step().began().name(), kMaxShownBytes) + "\""
             : frame.step().has_ended() ? "ends step " + std::to_string(frame.step().step())
                                        : "tries step " + std::to_string(frame.step().step()) + " again";
    case proto::FromCell::kStateRead:
      return "reads " + DescribeState(KeyOf(frame.state_read().key()));
    case proto::FromCell::kStateCommit:
      return frame.state_commit().changes_size() == 1
                 ? "commits a change of its state"
                 : "commits " + std::to_string(frame.state_commit().changes_size()) + " changes of its state";
    case proto::FromCell::kRespond:
      return "answers its webhook with " + std::to_string(frame.respond().status());
    case proto::FromCell::kOutput:
      return "returns its output";
    case proto::FromCell::kResult:
      return frame.result().has_succeeded() ? "succeeds"
             : frame.result().has_thrown()  ? "fails with " + Truncate(NameOf(frame.result().thrown()), kMaxShownBytes)
                                            : "cannot be run";
    case proto::FromCell::kStopped:
      return std::string("stops, because ") + WhyOf(frame.stopped());
    case proto::FromCell::kViolation:
      return "makes a system call that its filter stops";
    default:
      return "says something else";
  }
}

std::optional<Divergence> Compare(const Said& before, const proto::FromCell& recorded, const proto::FromCell& now) {
  if (recorded.frame_case() != now.frame_case()) {
    Said both = before;
    both.Count(recorded);
    const std::string place = recorded.has_http_request() ? " (its " + Ordinal(both.calls) + " call)"
                              : now.has_http_request()    ? " (its " + Ordinal(before.calls + 1) + " call)"
                                                          : "";
    return Divergence{"the execution now " + Describe(now) + " where the recorded one " + Describe(recorded) + place,
                      {}};
  }
  if (recorded.has_request_body() || recorded.has_output()) return std::nullopt;
  if (Compared(recorded) == Compared(now)) return std::nullopt;
  switch (recorded.frame_case()) {
    case proto::FromCell::kHttpRequest:
      return OtherRequest(before.calls + 1, recorded.http_request(), now.http_request());
    case proto::FromCell::kLog:
      return Divergence{"the " + Ordinal(before.logs + 1) + " line of the log is not as it was recorded",
                        Pair("log", LogText(recorded.log()), LogText(now.log()))};
    case proto::FromCell::kStep:
      return Divergence{"a step is not as it was recorded",
                        Pair("step", StepText(recorded.step()), StepText(now.step()))};
    case proto::FromCell::kRespond:
      return Divergence{"the answer to the webhook is not the one that was recorded",
                        Difference(ResponseText(recorded.respond()), ResponseText(now.respond()))};
    case proto::FromCell::kStateRead:
      return Divergence{"the execution now " + Describe(now) + " where the recorded one " + Describe(recorded), {}};
    case proto::FromCell::kStateCommit:
      return Divergence{"what is committed to the state is not what was recorded",
                        Pair("state", StateText(recorded.state_commit()), StateText(now.state_commit()))};
    case proto::FromCell::kResult:
      return OtherEnd(EndOf(recorded.result()), EndOf(now.result()));
    case proto::FromCell::kStopped:
      return OtherEnd(StopOf(recorded.stopped()), StopOf(now.stopped()));
    case proto::FromCell::kViolation:
      return OtherEnd("system call " + std::to_string(recorded.violation().syscall()),
                      "system call " + std::to_string(now.violation().syscall()));
    default:
      return Divergence{"the execution now " + Describe(now) + " where the recorded one " + Describe(recorded),
                        Pair(recorded.has_timer_request() ? "timer" : "call", NumbersOf(recorded), NumbersOf(now))};
  }
}

std::optional<Divergence> CompareBody(const std::string& request, const proto::BodyChunk& recorded,
                                      const proto::BodyChunk& now) {
  if (recorded.call() == now.call() && recorded.last() == now.last() && recorded.data() == now.data()) {
    return std::nullopt;
  }
  std::string diff = Difference(recorded.data(), now.data());
  if (diff.empty()) diff = Pair("the same in another spelling", recorded.data(), now.data());
  return Divergence{"the body of " + request + " is not as it was recorded", diff};
}

std::optional<Divergence> CompareBody(const std::string& request, const RequestDigest& recorded,
                                      const RequestDigest& now) {
  if (recorded == now) return std::nullopt;
  return Divergence{"the body of " + request + " is not as it was recorded",
                    Pair("a piece of it", CountedBytes(recorded.size) + ", SHA-256 " + HexOf(recorded.sha256),
                         CountedBytes(now.size) + ", SHA-256 " + HexOf(now.sha256))};
}

std::optional<Divergence> CompareOutput(const std::string& recorded, const std::string& now) {
  if (recorded == now) return std::nullopt;
  std::string diff = Difference(recorded, now);
  if (diff.empty()) diff = Pair("the same in another spelling", recorded, now);
  return Divergence{"the output is not the one that was recorded", diff};
}

}  // namespace warder::journal
