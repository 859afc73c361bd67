#include "engine/execution/execution.h"

#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "engine/base/engine_error.h"
#include "engine/base/iso_time.h"
#include "engine/base/sha256.h"
#include "engine/base/text.h"
#include "engine/base/thread_time.h"
#include "engine/coverage/precise_coverage.h"
#include "engine/execution/policy_text.h"
#include "engine/execution/response.h"
#include "engine/execution/zygote_line.h"
#include "sandbox/proto/step_limits.h"

namespace warder::execution {
namespace {

using std::chrono::duration_cast;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using std::chrono::system_clock;

// How long a cell that was asked to stop may take to say where it was.
constexpr milliseconds kStopGrace{25};
// How long a cell that has sent its last frame may take to leave.
constexpr milliseconds kLeaveGrace{100};
// What a cell needs beside its heap and buffers: V8's own bookkeeping, young generation, code, stack, one frame each
// way.
constexpr std::uint64_t kDataSlackBytes = 192ull << 20;
// A cell counts its own log; one that is this far beyond lies.
constexpr std::uint64_t kLogSlackBytes = 64ull << 10;
// What may wait for a cell beside its inputs and the credit of its calls.
constexpr std::size_t kQueueSlackBytes = std::size_t{8} << 20;

const char* LevelName(proto::Log::Level level) {
  switch (level) {
    case proto::Log::DEBUG:
      return "debug";
    case proto::Log::WARN:
      return "warn";
    case proto::Log::ERROR:
      return "error";
    default:
      return "info";
  }
}

// What a debugger lets a paused cell compute counts against no limit of the execution's, but the kernel's has to bound
// it.
constexpr std::uint64_t kInspectedCpuSeconds = 3'600;

zygote::CellLimits CellLimitsOf(const ExecutionRequest& request) {
  const Limits& limits = request.limits;
  zygote::CellLimits cell;
  cell.data_bytes = limits.heap_bytes + limits.array_buffer_bytes + limits.event_bytes + kDataSlackBytes;
  // The kernel counts the whole code range, used or not.
  if (request.profile == CellProfile::kJit) cell.data_bytes += zygote::kCodeRangeBytes;
  cell.cpu_seconds = limits.cpu_ms / 1000 + 2 + (request.inspect ? kInspectedCpuSeconds : 0);
  return cell;
}

std::string Sha256Of(const std::string& text) {
  Sha256 hash;
  hash.Update(text);
  return hash.Hex();
}

}  // namespace

RunningExecution::RunningExecution(const ExecutionContext& context, ExecutionRequest request,
                                   std::shared_ptr<broker::Capabilities> capabilities, std::vector<HeldConnection> held,
                                   journal::Recorder journal, std::unique_ptr<inspector::Server> debuggers,
                                   EventSink sink, std::shared_ptr<Execution::Impl> shared)
    : context_(context),
      request_(std::move(request)),
      journal_(std::move(journal)),
      sink_(std::move(sink)),
      shared_(std::move(shared)),
      capabilities_(std::move(capabilities)),
      held_(std::move(held)),
      spawned_at_(steady_clock::now()),
      started_at_(spawned_at_),
      requested_wall_(system_clock::now()),
      deadline_(*context.loop),
      cpu_timer_(*context.loop),
      outside_(MakeOutside(*context.loop, *context.broker, *context.keeper, capabilities_, request_, shared_->id())),
      calls_(new Calls(*outside_, request_.limits, *this)),
      state_calls_(*outside_, *calls_, *this,
                   request_.log_payloads || !InWorld() ? StateCalls::Values::kTold : StateCalls::Values::kLeftOut),
      steps_(*this, request_.log_payloads) {
  outside_->Attach(*this);
  outcome_.execution = shared_->id();
  if (journal_.descriptor() >= 0) ledger_.Made(journal_.descriptor());
  if (!debuggers) return;
  const InspectedRun::Host host{.send =
                                    [this](const proto::ToCell& frame) {
                                      if (state_ == State::kRunning) channel().Send(frame);
                                    },
                                .queued_bytes = [this] { return channel().queued_bytes(); }};
  inspected_ = std::make_unique<InspectedRun>(std::move(debuggers), request_.bundle, host);
  ledger_.Made(inspected_->descriptor());
}

RunningExecution::~RunningExecution() { *alive_ = false; }

void RunningExecution::Start(std::function<void()> on_over) {
  on_over_ = std::move(on_over);
  TakeCell();
  HoldConnections();
  // While the cell is being made.
  policy_sha256_ = Sha256Of(CanonicalPolicy(request_.limits, request_.profile, CellLimitsOf(request_), *capabilities_,
                                            context_.engine->permit_degraded));
}

void RunningExecution::TakeCell() {
  const zygote::CellLimits limits = CellLimitsOf(request_);
  evidence_.data_limit_bytes = limits.data_bytes;
  deadline_.cancel();  // of the one before
  auto cell = context_.cells->Take(ProfileOfCells(request_.profile), limits, *this);
  if (!cell) ThrowEngineError(cell.error());
  cell_ = std::move(*cell);
  zygote_ = cell_->zygote();
  if (!cell_->ready()) return;
  // When we have returned: there is more to do first.
  boost::asio::post(*context_.loop, [this, alive = alive_] {
    if (*alive && cell_->ready()) OnReady();
  });
}

bool RunningExecution::StartAgain(const CellDeath& death) {
  const bool none_of_its_doing = !death.zygote_lost.empty() || cell_->asked_at() < spawned_at_;
  if (state_ != State::kSpawning || !none_of_its_doing || death.unenforceable) return false;
  if (std::exchange(started_again_, true)) return false;
  const auto step =
      MakeStep(death.zygote_lost.empty() ? "lost-cell" : "lost-zygote", steady_clock::now() - spawned_at_);
  const DescriptorLedger of_the_dead = cell_->ledger();
  try {
    TakeCell();                      // the dead one, and with it `death`, lasts until there is another
  } catch (const std::exception&) {  // no zygote, or out of descriptors: what has happened is a fault then
    return false;
  }
  ledger_.Absorb(of_the_dead);
  setup_.push_back(step);
  return true;
}

void RunningExecution::HoldConnections() {
  for (const HeldConnection& each : held_) {
    context_.connections->Attach(each.live, [this, alive = std::weak_ptr(alive_), name = each.name] {
      if (alive.expired()) return;
      capabilities_->Revoke(name);
      calls_->LoseConnection(name);
    });
  }
}

void RunningExecution::Cancel() { End(Cause::kCancelled); }

void RunningExecution::OnRequestBody(std::uint64_t call, std::string_view data, bool last) {
  if (state_ == State::kEnding || state_ == State::kOver) return;
  if (state_ == State::kSpawning) {
    EndByProtocol("a frame that its state does not allow");
    return;
  }
  journal_.SaidBody(call, data, last);
  outside_->OnSaidBody(call, data, last);
  if (state_ == State::kRunning) calls_->OnRequestBody(call, data, last);
  if (state_ == State::kRunning) outside_->OnHandled();
}

void RunningExecution::OnFrame(const proto::FromCell& frame) {
  if (state_ == State::kEnding && evidence_.cause == Cause::kLimit && frame.has_stopped()) {
    evidence_.stopped = frame.stopped();  // the stack that was asked for
    return;
  }
  if (state_ == State::kEnding && frame.has_violation()) {
    OnViolationWhileEnding(frame.violation());
    return;
  }
  if (state_ == State::kEnding || state_ == State::kOver) return;
  if ((state_ == State::kSpawning) != frame.has_ready() && !frame.has_violation()) {
    EndByProtocol("a frame that its state does not allow");
    return;
  }
  // What is no part of the execution is no part of its journal either.
  const bool aside = frame.has_barrier_passed() || frame.has_inspected() || frame.has_coverage();
  if (state_ == State::kSpawning || frame.has_request_body() || aside) {
    Handle(frame);
    return;
  }
  journal_.Said(frame);
  outside_->OnSaid(frame);
  if (state_ == State::kRunning) Handle(frame);
  if (state_ == State::kRunning) outside_->OnHandled();
}

void RunningExecution::Handle(const proto::FromCell& frame) {
  switch (frame.frame_case()) {
    case proto::FromCell::kReady:
      EndByProtocol("a second Ready");
      return;
    case proto::FromCell::kHttpRequest:
      calls_->OnHttpRequest(frame.http_request());
      return;
    case proto::FromCell::kRequestBody:
      OnRequestBody(frame.request_body().call(), frame.request_body().data(), frame.request_body().last());
      return;
    case proto::FromCell::kResponseCredit:
      calls_->OnResponseCredit(frame.response_credit());
      return;
    case proto::FromCell::kCancelCall:
      calls_->OnCancel(frame.cancel_call());
      return;
    case proto::FromCell::kTimerRequest:
      calls_->OnTimer(frame.timer_request());
      return;
    case proto::FromCell::kLog:
      OnLog(frame.log());
      return;
    case proto::FromCell::kStep:
      OnStep(frame.step());
      return;
    case proto::FromCell::kRespond:
      OnRespond(frame.respond());
      return;
    case proto::FromCell::kStateRead:
    case proto::FromCell::kStateCommit:
      OnStateUse(frame);
      return;
    case proto::FromCell::kOutput:
      OnOutput(frame.output());
      return;
    case proto::FromCell::kInspected:
      OnInspected(frame.inspected());
      return;
    case proto::FromCell::kCoverage:
      OnCoverage(frame.coverage());
      return;
    case proto::FromCell::kResult:
      // A flow has succeeded when its state is there to stay.
      if (frame.result().has_succeeded() && state_calls_.committing()) {
        EndByProtocol("a result before its state was committed");
        return;
      }
      evidence_.result = frame.result();
      End(Cause::kResult);
      return;
    case proto::FromCell::kStopped:
      evidence_.stopped = frame.stopped();
      End(Cause::kStopped);
      return;
    case proto::FromCell::kViolation:
      evidence_.violation = frame.violation();
      End(Cause::kViolation);
      return;
    case proto::FromCell::kBarrierPassed:
      OnBarrierPassed(frame.barrier_passed().number());
      return;
    case proto::FromCell::FRAME_NOT_SET:
      break;
  }
  EndByProtocol("a frame of no known kind");
}

void RunningExecution::OnStateUse(const proto::FromCell& frame) {
  if (request_.describe) {
    EndByProtocol("a use of state where no flow runs");
  } else if (frame.has_state_read()) {
    state_calls_.OnRead(frame.state_read());
  } else {
    state_calls_.OnCommit(frame.state_commit());
  }
}

void RunningExecution::OnBarrierPassed(std::uint64_t number) {
  if (number != passed_barrier_ + 1 || number > last_barrier_) {
    EndByProtocol("a barrier that was not set");
    return;
  }
  passed_barrier_ = number;
  outside_->OnBarrier(number);
}

void RunningExecution::OnViolationWhileEnding(const proto::Violation& violation) {
  if (evidence_.cause == Cause::kViolation) {
    evidence_.violation.set_stack(violation.stack());
  } else if (evidence_.cause != Cause::kCancelled) {
    // What was said before does not count for a cell that then turned against its jail.
    evidence_.cause = Cause::kViolation;
    evidence_.violation = violation;
    KillAfter(kStopGrace);
  }
}

void RunningExecution::AddStep(const char* name, steady_clock::duration time) {
  setup_.push_back(MakeStep(name, time));
}

void RunningExecution::OnReady() {
  if (state_ != State::kSpawning) return;
  setup_.insert(setup_.end(), cell_->steps().begin(), cell_->steps().end());
  if (cell_->ready_at() < spawned_at_) AddStep("pooled", steady_clock::now() - cell_->ready_at());
  posture_ = cell_->posture();
  const LayerStatus* const missing = posture_ ? MissingLayer(*posture_) : nullptr;
  if (posture_ && missing == nullptr) return Run();
  if (missing != nullptr) evidence_.missing_layer = missing->name;
  evidence_.posture_detail = missing != nullptr ? missing->detail : cell_->posture_error();
  End(Cause::kPosture);
}

void RunningExecution::Run() {
  state_ = State::kRunning;
  started_at_ = steady_clock::now();
  started_wall_ = system_clock::now();
  cpu_at_start_ = process().CpuTime().value_or(microseconds(0));
  handling_at_start_ = channel().handling_time();
  BeginJournal();
  Emit(Event{Event::Kind::kStarted});
  for (const Bundle::File& file : request_.bundle->files()) SendInput(proto::Input::MODULE, file.name, file.source);
  SendInput(proto::Input::EVENT, "", request_.event_json);
  SendInput(proto::Input::CONFIG, "", request_.config_json);
  SendStart();
  if (state_ != State::kRunning) return;  // it was given what cannot be sent

  AwaitDeadline(milliseconds(request_.limits.wall_ms));
  WatchCpu();
  if (inspected_) {
    Event event{Event::Kind::kInspectable};
    event.message = inspected_->url();
    Emit(std::move(event));
    inspected_->Open();
  }
  outside_->OnStarted();
}

void RunningExecution::AwaitDeadline(steady_clock::duration wall) {
  deadline_.expires_after(wall);
  deadline_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive && state_ == State::kRunning) {
      EndByLimit("wall", static_cast<std::uint64_t>(duration_cast<milliseconds>(SinceStart()).count()));
    }
  });
}

void RunningExecution::SendInput(proto::Input::Kind kind, const std::string& name, std::string_view data) {
  do {
    const std::string_view piece = data.substr(0, proto::kMaxBodyChunkBytes);
    proto::ToCell frame;
    frame.mutable_input()->set_kind(kind);
    frame.mutable_input()->set_name(name);
    frame.mutable_input()->set_data(piece.data(), piece.size());
    SendToCell(frame);
    data.remove_prefix(piece.size());
  } while (!data.empty());
}

void RunningExecution::SendStart() {
  proto::ToCell frame;
  auto* start = frame.mutable_start();
  start->set_tenant(request_.tenant);
  start->set_entry(request_.bundle->entry());
  start->set_flow(request_.flow);
  start->set_heap_bytes(request_.limits.heap_bytes);
  start->set_array_buffer_bytes(request_.limits.array_buffer_bytes);
  start->set_output_bytes(request_.limits.output_bytes);
  start->set_log_bytes(request_.limits.log_bytes);
  start->set_describe(request_.describe);
  start->set_step_payloads(request_.log_payloads);
  start->set_first_execution_id(request_.first_execution);
  if (request_.coverage) start->set_inspection(proto::Start::COVERAGE);
  if (request_.inspect) {
    start->set_inspection(request_.inspect->pause_at_start ? proto::Start::BREAK : proto::Start::WAIT);
  }
  outside_->Begin(start);
  SendToCell(frame);
  start_clock_us_ = clock_us_;
}

void RunningExecution::BeginJournal() {
  if (journal_.descriptor() < 0 || journal_.begun()) return;
  journal_.Begin({.warder = Version(),
                  .v8 = zygote_->report().v8_version,
                  .image = zygote_->image(),
                  .bundle = request_.bundle->sha256(),
                  .policy = policy_sha256_,
                  .execution = outside_->ExecutionId(),
                  .tenant = request_.tenant,
                  .flow = request_.flow,
                  .recorded = IsoTime(requested_wall_),
                  .profile = request_.profile,
                  .limits = request_.limits});
}

void RunningExecution::SendToCell(proto::ToCell& frame) {
  if (state_ != State::kRunning) return;
  clock_us_ = outside_->Clock();
  frame.set_clock_us(clock_us_);
  const auto sent = channel().Send(frame);
  if (!sent) {
    evidence_.unsendable = DescribeUnsendable(frame);
    End(Cause::kUnsendable);
    return;
  }
  journal_.Sent(*sent);
  EndIfItDoesNotRead();
}

void RunningExecution::SendBodyToCell(std::uint64_t call, std::string data, bool last) {
  if (state_ != State::kRunning) return;
  clock_us_ = outside_->Clock();
  std::string header;
  proto::AppendBodyHeader(proto::BodyFrame::kResponseToCell,
                          {.clock_us = clock_us_, .call = call, .last = last, .size = data.size()}, &header);
  journal_.Sent(header, data);
  channel().SendBody(header, std::move(data));
  EndIfItDoesNotRead();
}

void RunningExecution::SendBarrier(std::uint64_t number) {
  if (state_ != State::kRunning) return;
  last_barrier_ = number;
  proto::ToCell frame;
  frame.set_clock_us(clock_us_);
  frame.mutable_barrier()->set_number(number);
  channel().Send(frame);  // no part of the execution, so no part of its journal
}

void RunningExecution::EndIfItDoesNotRead() {
  const Limits& limits = request_.limits;
  const std::uint64_t most = limits.bundle_bytes + 2 * limits.event_bytes + limits.in_flight * proto::kInitialCredit;
  if (channel().queued_bytes() > most + kQueueSlackBytes) EndByProtocol("it does not read");
}

microseconds RunningExecution::SpentCpu() const {
  const auto used = process().CpuTime();
  // What the engine does for its frames is its doing: many of them cost a cell next to nothing.
  // The host's sink is not.
  const auto handling = std::max(
      microseconds(0), duration_cast<microseconds>(channel().handling_time() - handling_at_start_ - sink_time_));
  return (used ? *used - cpu_at_start_ : microseconds(0)) + handling +
         duration_cast<microseconds>(outside_->SpentElsewhere());
}

void RunningExecution::WatchCpu() {
  if (state_ != State::kRunning || (inspected_ && inspected_->paused())) return;
  const microseconds limit = milliseconds(request_.limits.cpu_ms);
  const microseconds spent = SpentCpu() - cpu_of_pauses_;
  if (spent >= limit) {
    EndByLimit("cpu", static_cast<std::uint64_t>(spent.count() / 1000));
    return;
  }
  // A cell has one thread, the loop is one, and of those for state one at a time works for a tenant: together they
  // cannot use up what is left in less time than that.
  cpu_timer_.expires_after(std::max<microseconds>((limit - spent) / 3, microseconds(500)));
  cpu_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) WatchCpu();
  });
}

void RunningExecution::OnLog(const proto::Log& log) {
  if (!TakeLogBytes(log.message().size() + log.fields_json().size())) return;
  if (!steps_.Knows(log.step())) {
    EndByProtocol("a log entry of a step that has not begun");
    return;
  }
  if (!log.fields_json().empty() && !IsJson(log.fields_json())) {
    EndByProtocol("log fields that are not JSON");
    return;
  }
  Event event{Event::Kind::kLog};
  event.level = LevelName(log.level());
  event.message = log.message();
  event.fields_json = log.fields_json();
  event.step = log.step();
  Emit(std::move(event));
}

bool RunningExecution::TakeLogBytes(std::uint64_t text_bytes) {
  log_bytes_ += text_bytes;
  ++log_entries_;
  if (log_bytes_ + log_entries_ * proto::kLogEntryBytes <= request_.limits.log_bytes + kLogSlackBytes) return true;
  EndByProtocol("it logs beyond its limit");
  return false;
}

void RunningExecution::OnStep(const proto::Step& step) {
  if (!TakeLogBytes(proto::StepBytes(step) - proto::kLogEntryBytes)) return;
  steps_.OnStep(step, start_clock_us_, clock_us_);
}

bool RunningExecution::CountCall(std::uint64_t step) {
  if (!steps_.Knows(step)) return false;
  steps_.NoteCall(step);
  return true;
}

void RunningExecution::OnRespond(const proto::Respond& respond) {
  if (outcome_.response) {
    EndByProtocol("a second response");
    return;
  }
  if (const char* const wrong = TakeResponse(respond, &outcome_.response.emplace())) EndByProtocol(wrong);
}

void RunningExecution::OnOutput(const proto::Output& output) {
  const std::uint64_t total = evidence_.output.size() + output.data().size();
  if (total > request_.limits.output_bytes) {
    EndByLimit("output", total);
    return;
  }
  evidence_.output += output.data();
}

void RunningExecution::OnInspected(const proto::Inspected& frame) {
  if (!inspected_) {
    EndByProtocol("an inspector's frame that nobody asked for");
    return;
  }
  const bool before = inspected_->paused();
  if (const std::string wrong = inspected_->OnFrame(frame); !wrong.empty()) {
    EndByProtocol(wrong);
    return;
  }
  if (inspected_->paused() == before) return;
  if (inspected_->paused()) {
    wall_left_ = std::max(deadline_.expiry() - steady_clock::now(), steady_clock::duration(0));
    deadline_.cancel();
    cpu_at_pause_ = SpentCpu();
    cpu_timer_.cancel();
  } else {
    cpu_of_pauses_ += SpentCpu() - cpu_at_pause_;
    AwaitDeadline(wall_left_);
    WatchCpu();
  }
}

void RunningExecution::OnCoverage(const proto::Coverage& piece) {
  const bool fits = piece.data().size() <= proto::kMaxBodyChunkBytes && (piece.last() || !piece.data().empty()) &&
                    coverage_.size() + piece.data().size() <= proto::kMaxCoverageBytes;
  if (!request_.coverage || outcome_.coverage || !fits) {
    EndByProtocol("it says what has run in it, which it may not now");
    return;
  }
  coverage_ += piece.data();
  if (!piece.last()) return;
  auto read = coverage::ReadPreciseCoverage(std::exchange(coverage_, {}), *request_.bundle);
  if (!read) {
    EndByProtocol("what it says has run in it makes no sense: " + read.error().message);
    return;
  }
  outcome_.coverage = std::move(*read);
}

void RunningExecution::Emit(Event event) {
  if (!sink_) return;
  event.execution = outcome_.execution;
  event.at = SinceStart();
  event.depth = steps_.DepthOf(event.step);
  const auto begun = ThreadCpuTime();
  sink_(event);
  sink_time_ += ThreadCpuTime() - begun;
}

microseconds RunningExecution::SinceStart() const {
  return duration_cast<microseconds>(steady_clock::now() - started_at_);
}

void RunningExecution::EndByLimit(const std::string& limit, std::uint64_t peak) {
  if (state_ == State::kEnding || state_ == State::kOver) return;
  evidence_.limit = limit;
  evidence_.peak = peak;
  End(Cause::kLimit);
}

void RunningExecution::EndByProtocol(const std::string& what) {
  if (state_ == State::kEnding || state_ == State::kOver) return;
  evidence_.protocol_error = what;
  End(Cause::kProtocol);
}

void RunningExecution::NoteDivergence(Divergence divergence) {
  if (!outcome_.divergence) outcome_.divergence = std::move(divergence);
}

void RunningExecution::EndDiverged(Divergence divergence) {
  NoteDivergence(std::move(divergence));
  End(Cause::kDiverged);
}

void RunningExecution::EndAsRecorded() { End(Cause::kAsRecorded); }

void RunningExecution::End(Cause cause) {
  if (state_ == State::kEnding || state_ == State::kOver) return;
  state_ = State::kEnding;
  evidence_.cause = cause;
  ended_at_ = steady_clock::now();
  ended_wall_ = system_clock::now();
  cpu_timer_.cancel();
  // A debugger has nothing to look at any more. It may be what ended us: it goes when it has returned.
  if (inspected_) boost::asio::post(*context_.loop, [run = std::shared_ptr(std::move(inspected_))] {});
  // What a cell asked for before it ended by itself is done still; whoever ends one waits for no more than is under
  // way.
  if (cause != Cause::kResult && cause != Cause::kStopped) outside_->GiveUpState();
  // A call may be what ended us: its objects go when it has returned.
  boost::asio::post(*context_.loop, [this, alive = alive_] {
    if (*alive) calls_->AbortAll();
  });
  if (cause == Cause::kResult) DeliverResult();
  switch (cause) {
    case Cause::kLimit:
      process().AskToStop();
      KillAfter(kStopGrace);
      return;
    case Cause::kViolation:
      KillAfter(kStopGrace);
      return;
    case Cause::kResult:
    case Cause::kStopped:
      KillAfter(kLeaveGrace);
      return;
    default:
      process().Kill();
  }
}

void RunningExecution::KillAfter(milliseconds grace) {
  deadline_.expires_after(grace);
  deadline_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive && state_ != State::kOver) process().Kill();
  });
}

void RunningExecution::OnStreamEnd(const std::string& error) {
  if (!error.empty()) EndByProtocol(error);
  // A cell that has closed its socket has nothing left to do; its death says the rest.
  if (state_ == State::kSpawning || state_ == State::kRunning) KillAfter(kLeaveGrace);
}

void RunningExecution::OnDeath(const CellDeath& death) {
  if (state_ == State::kOver || StartAgain(death)) return;
  if (state_ != State::kEnding) End(Cause::kNone);
  state_ = State::kOver;
  deadline_.cancel();
  calls_->AbortAll();
  evidence_.death = death;
  evidence_.ready = cell_->said_ready();
  if (!InWorld()) return Finish();  // nothing answers any more
  // What is being committed is either done or not when the execution is over.
  state_calls_.WhenCommitted([this] { Finish(); });
}

}  // namespace warder::execution
