#include "engine/execution/calls.h"

#include <algorithm>
#include <utility>

#include "engine/base/text.h"
#include "engine/broker/canonical_url.h"
#include "sandbox/proto/frame.h"

namespace warder::execution {
namespace {

// Requests that wait for a free place may hold so many bytes of URLs, headers and bodies together.
constexpr std::size_t kMaxWaitingBytes = std::size_t{32} << 20;
constexpr std::size_t kMaxShownBytes = 512;
// A timer's delay as the web platform bounds it (HTML, timers: a 32-bit signed number of milliseconds).
constexpr std::uint64_t kMaxTimerMs = 0x7fffffff;

// Origin and path for people and records, as the broker reads the URL that it judges and sends: without the query,
// which may hold anything.
void Describe(const broker::CanonicalUrl& url, CallRecord* record) {
  record->origin = Truncate(url.origin.ToString(), kMaxShownBytes);
  record->path = Truncate(url.target.substr(0, url.target.find('?')), kMaxShownBytes);
}

Event EventOf(Event::Kind kind, const CallRecord& record) {
  Event event{};
  event.kind = kind;
  event.call = record.call;
  event.step = record.step;
  event.method = record.method;
  event.origin = record.origin;
  event.path = record.path;
  event.http_status = record.http_status;
  event.request_bytes = record.request_bytes;
  event.response_bytes = record.response_bytes;
  event.duration = record.duration;
  event.message = record.message;
  return event;
}

const char* OutcomeName(broker::CallFailure::Kind kind) {
  switch (kind) {
    case broker::CallFailure::Kind::kRefused:
      return "refused";
    case broker::CallFailure::Kind::kTimeout:
      return "timeout";
    case broker::CallFailure::Kind::kNetwork:
      break;
  }
  return "network";
}

proto::CallFailed::Kind WireKind(broker::CallFailure::Kind kind) {
  switch (kind) {
    case broker::CallFailure::Kind::kRefused:
      return proto::CallFailed::REFUSED;
    case broker::CallFailure::Kind::kTimeout:
      return proto::CallFailed::TIMEOUT;
    case broker::CallFailure::Kind::kNetwork:
      break;
  }
  return proto::CallFailed::NETWORK;
}

}  // namespace

// One HTTP call under way: turns what the broker reports into frames.
class Calls::HttpCall final : public broker::CallObserver {
 public:
  HttpCall(Calls& calls, std::uint64_t number, bool has_body) : calls_(calls), number_(number), sending_(has_body) {}

  void Start(broker::HttpRequest request) {
    call_ = calls_.outside_.StartCall(number_, std::move(request), *this);
    calls_.Record(number_).connection = call_->connection();
    // What the cell sent while the call waited for its turn.
    if (!waiting_body_.empty() || waiting_last_) call_->SendBody(std::exchange(waiting_body_, {}), waiting_last_);
  }

  std::size_t waiting_bytes() const { return waiting_body_.size(); }

  void SendBody(std::string_view data, bool last) {
    if (!sending_ || data.size() > credit_ || (data.empty() && !last)) {
      calls_.host_.EndByProtocol("request body out of turn or beyond its credit");
      return;
    }
    credit_ -= data.size();
    sending_ = !last;
    calls_.request_bytes_ += data.size();
    calls_.Record(number_).request_bytes += data.size();
    if (calls_.request_bytes_ > calls_.limits_.request_bytes) {
      calls_.host_.EndByLimit("request-bytes", calls_.request_bytes_);
      return;
    }
    if (call_) {
      call_->SendBody(data, last);
      return;
    }
    waiting_body_ += data;
    waiting_last_ = last;
    calls_.AddWaitingBytes(data.size());
  }

  void Grant(std::uint64_t bytes) {
    if (call_) call_->GrantResponse(bytes);
  }

  void OnResponseHead(broker::ResponseHead head) override {
    calls_.Record(number_).http_status = head.status;
    proto::ToCell frame;
    auto* out = frame.mutable_response_head();
    out->set_call(number_);
    out->set_status(static_cast<std::uint32_t>(head.status));
    out->set_reason(std::move(head.reason));
    for (auto& [name, value] : head.headers) {
      auto* header = out->add_headers();
      header->set_name(std::move(name));
      header->set_value(std::move(value));
    }
    out->set_url(std::move(head.url));
    out->set_redirected(head.redirected);
    out->set_body(head.body);
    calls_.host_.SendToCell(frame);
    if (!head.body) calls_.Finish(number_, "ok", "");
  }

  void OnResponseBody(std::string&& data) override {
    if (Count(data)) calls_.host_.SendBodyToCell(number_, std::move(data), false);
  }

  void OnResponseEnd(std::string&& rest) override {
    if (!Count(rest)) return;
    calls_.host_.SendBodyToCell(number_, std::move(rest), true);
    calls_.Finish(number_, "ok", "");
  }

  void OnRedirect(const std::string& origin) override { calls_.Record(number_).redirects.push_back(origin); }

  void OnRetry() override { ++calls_.Record(number_).attempts; }

  void OnRequestCredit(std::uint64_t bytes) override {
    credit_ += bytes;
    if (!sending_) return;
    proto::ToCell frame;
    frame.mutable_request_credit()->set_call(number_);
    frame.mutable_request_credit()->set_bytes(bytes);
    calls_.host_.SendToCell(frame);
  }

  void OnFailed(broker::CallFailure failure) override {
    proto::ToCell frame;
    auto* out = frame.mutable_call_failed();
    out->set_call(number_);
    out->set_kind(WireKind(failure.kind));
    out->set_message(failure.message);
    calls_.host_.SendToCell(frame);
    calls_.Finish(number_, OutcomeName(failure.kind), failure.message);
  }

 private:
  // False: it was too much, and the execution ends.
  bool Count(const std::string& data) {
    calls_.response_bytes_ += data.size();
    calls_.Record(number_).response_bytes += data.size();
    if (calls_.response_bytes_ <= calls_.limits_.response_bytes) return true;
    calls_.host_.EndByLimit("response-bytes", calls_.response_bytes_);
    return false;
  }

  Calls& calls_;
  std::uint64_t number_;
  bool sending_;
  std::uint64_t credit_ = proto::kInitialCredit;
  std::string waiting_body_;
  bool waiting_last_ = false;
  std::unique_ptr<broker::Call> call_;
};

Calls::Calls(Outside& outside, const Limits& limits, CallHost& host)
    : outside_(outside), limits_(limits), host_(host) {}

Calls::~Calls() = default;

bool Calls::TakeNumber(std::uint64_t call) {
  if (call == last_number_ + 1) {
    last_number_ = call;
    return true;
  }
  host_.EndByProtocol("call number " + std::to_string(call) + " after " + std::to_string(last_number_));
  return false;
}

void Calls::OnHttpRequest(const proto::HttpRequest& request) {
  if (!TakeNumber(request.call())) return;
  if (!host_.CountCall(request.step())) {
    host_.EndByProtocol("a call of a step that has not begun");
    return;
  }
  CallRecord record;
  record.call = request.call();
  record.step = request.step();
  record.method = Truncate(request.method(), 32);
  record.started = host_.SinceStart();
  record.outcome = "cancelled";  // until it ends in another way
  broker::HttpRequest out;
  // What the broker cannot read goes nowhere, and has neither origin nor path.
  if (request.url() != last_url_) {
    auto canonical = broker::CanonicalizeUrl(request.url());
    last_canonical_.reset();
    if (canonical) last_canonical_ = std::move(*canonical);
    last_url_ = request.url();
  }
  out.canonical = last_canonical_;
  if (out.canonical) Describe(*out.canonical, &record);
  const std::uint64_t call = record.call;
  record_of_[call] = records_.size();
  records_.push_back(std::move(record));
  if (records_.size() > limits_.calls) {
    host_.EndByLimit("calls", records_.size());
    return;
  }

  out.method = request.method();
  out.url = request.url();
  // One too many are enough for the broker to refuse them: in memory a header is far larger than on the wire.
  for (const auto& header : request.headers()) {
    if (out.headers.size() > broker::kMaxRequestHeaders) break;
    out.headers.emplace_back(header.name(), header.value());
  }
  out.connection = request.connection();
  out.has_body = request.body();
  if (request.body() && request.has_body_bytes()) out.body_bytes = request.body_bytes();
  switch (request.redirect()) {
    case proto::HttpRequest::ERROR:
      out.redirect = broker::HttpRequest::Redirect::kError;
      break;
    case proto::HttpRequest::MANUAL:
      out.redirect = broker::HttpRequest::Redirect::kManual;
      break;
    default:
      out.redirect = broker::HttpRequest::Redirect::kFollow;
  }

  // The call exists from here on, so that its body finds it; one that waits has not been started.
  active_[call] = std::make_unique<HttpCall>(*this, call, out.has_body);
  if (active_.size() - waiting_.size() <= limits_.in_flight) {
    Launch(call, std::move(out));
    return;
  }
  const std::size_t bytes = request.ByteSizeLong();
  out.canonical.reset();  // so that it holds no more than is counted
  waiting_.push_back({call, std::move(out), bytes});
  AddWaitingBytes(bytes);
}

void Calls::AddWaitingBytes(std::size_t bytes) {
  waiting_bytes_ += bytes;
  if (waiting_bytes_ > kMaxWaitingBytes) host_.EndByLimit("in-flight", active_.size());
}

void Calls::Launch(std::uint64_t call, broker::HttpRequest request) {
  if (host_.HasListener()) host_.Emit(EventOf(Event::Kind::kCallStarted, Record(call)));
  active_.at(call)->Start(std::move(request));
}

void Calls::LaunchWaiting() {
  while (!waiting_.empty() && active_.size() - waiting_.size() < limits_.in_flight) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    waiting_bytes_ -= next.bytes + active_.at(next.call)->waiting_bytes();
    Launch(next.call, std::move(next.request));
  }
}

void Calls::OnRequestBody(std::uint64_t call, std::string_view data, bool last) {
  const auto found = active_.find(call);
  if (found != active_.end()) {
    found->second->SendBody(data, last);
  } else if (!record_of_.contains(call)) {
    host_.EndByProtocol("request body for a call that does not exist");
  }  // else: the call ended while this was under way
}

void Calls::OnResponseCredit(const proto::Credit& credit) {
  if (!record_of_.contains(credit.call())) {
    host_.EndByProtocol("credit for a call that does not exist");
    return;
  }
  // Credit can only be given for bytes that were consumed, and only what was sent can have been: that keeps what waits
  // for a cell which does not read within the initial credit of its calls.
  const std::uint64_t room = host_.BodyBytesWritten() - granted_;
  if (credit.bytes() == 0 || credit.bytes() > room) {
    host_.EndByProtocol("credit for bytes that were never sent");
    return;
  }
  granted_ += credit.bytes();
  if (const auto found = active_.find(credit.call()); found != active_.end()) found->second->Grant(credit.bytes());
}

void Calls::OnCancel(const proto::CancelCall& cancel) {
  if (const auto timer = timers_.find(cancel.call()); timer != timers_.end()) {
    timers_.erase(timer);
    return;
  }
  if (cancel.call() == 0 || cancel.call() > last_number_) {
    host_.EndByProtocol("a cancel for a call that does not exist");
    return;
  }
  if (!active_.contains(cancel.call())) return;  // it ended while this was under way
  const auto waits = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const Waiting& waiting) { return waiting.call == cancel.call(); });
  if (waits != waiting_.end()) {
    waiting_bytes_ -= waits->bytes + active_.at(cancel.call())->waiting_bytes();
    waiting_.erase(waits);
  }
  Finish(cancel.call(), "cancelled", "cancelled by the script");
}

void Calls::OnTimer(const proto::TimerRequest& request) {
  if (!TakeNumber(request.call())) return;
  if (timers_.size() >= limits_.timers) {
    host_.EndByLimit("timers", timers_.size() + 1);
    return;
  }
  const auto delay = std::chrono::milliseconds(std::min(request.delay_ms(), kMaxTimerMs));
  timers_[request.call()] = outside_.StartTimer(request.call(), delay, [this, call = request.call()] {
    timers_.erase(call);
    proto::ToCell frame;
    frame.mutable_timer_fired()->set_call(call);
    host_.SendToCell(frame);
  });
}

void Calls::Finish(std::uint64_t call, const std::string& outcome, const std::string& message) {
  CallRecord& record = Record(call);
  record.outcome = outcome;
  record.message = message;
  record.duration = host_.SinceStart() - record.started;
  if (host_.HasListener()) host_.Emit(EventOf(Event::Kind::kCallFinished, record));
  active_.erase(call);
  LaunchWaiting();
}

void Calls::LoseConnection(const std::string& name) {
  std::vector<std::uint64_t> numbers;
  for (const auto& [call, active] : active_) {
    if (Record(call).connection == name) numbers.push_back(call);
  }
  for (const std::uint64_t call : numbers) {
    // A call that failed makes room for one that waits, and all of them may end with the execution.
    if (const auto found = active_.find(call); found != active_.end()) {
      found->second->OnFailed({broker::CallFailure::Kind::kRefused, "refused: the connection was taken back"});
    }
  }
}

void Calls::AbortAll() {
  waiting_.clear();
  waiting_bytes_ = 0;
  for (const auto& [call, active] : active_) {
    CallRecord& record = Record(call);
    record.message = "the execution ended";
    record.duration = host_.SinceStart() - record.started;
  }
  active_.clear();
  timers_.clear();
}

}  // namespace warder::execution
