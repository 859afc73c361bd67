#include "engine/execution/steps.h"

#include <utility>

#include "engine/base/text.h"
#include "sandbox/proto/step_limits.h"

namespace warder::execution {

using std::chrono::microseconds;

namespace {

constexpr const char* kOpen = "unfinished";

}  // namespace

void Steps::OnStep(const proto::Step& step, std::uint64_t first_us, std::uint64_t last_us) {
  if (step.clock_us() < first_us || step.clock_us() > last_us) {
    host_.EndByProtocol("a step at a time that is not its clock's");
    return;
  }
  if (const char* const wrong = Take(step, microseconds(step.clock_us() - first_us))) host_.EndByProtocol(wrong);
}

const char* Steps::Take(const proto::Step& step, microseconds at) {
  if (step.has_began()) return TakeBegan(step, at);
  if (step.step() == 0 || !Knows(step.step()) || records_[step.step() - 1].outcome != kOpen) {
    return "news of a step that is not under way";
  }
  StepRecord& record = records_[step.step() - 1];
  if (at < record.started) return "a step that ends before it begins";
  switch (step.what_case()) {
    case proto::Step::kRetried:
      if (step.retried().error().size() > proto::kMaxStepErrorBytes) return "a step's error that is too long";
      ++record.attempts;
      record.message = step.retried().error();
      record.duration = at - record.started;
      Emit(Event::Kind::kStepRetried, record);
      return nullptr;
    case proto::Step::kEnded:
      return TakeEnded(step.ended(), at, &record);
    default:
      return "news of a step that says nothing";
  }
}

const char* Steps::TakeBegan(const proto::Step& step, microseconds at) {
  const proto::StepBegan& began = step.began();
  if (step.step() != records_.size() + 1) return "a step out of sequence";
  if (!Knows(began.parent())) return "a step in one that has not begun";
  if (began.name().empty() || began.name().size() > proto::kMaxStepNameBytes ||
      began.action().size() > proto::kMaxStepNameBytes) {
    return "a step's name that is empty or too long";
  }
  StepRecord record;
  record.step = step.step();
  record.parent = began.parent();
  record.depth = DepthOf(began.parent()) + 1;
  if (record.depth > proto::kMaxStepNesting) return "steps that are nested too deep";
  record.name = began.name();
  record.action = began.action();
  record.outcome = kOpen;
  record.started = at;
  if (const char* const wrong = TakeValue(began.input(), &record.input)) return wrong;
  records_.push_back(std::move(record));
  Emit(Event::Kind::kStepStarted, records_.back());
  return nullptr;
}

const char* Steps::TakeEnded(const proto::StepEnded& ended, microseconds at, StepRecord* record) {
  if (ended.error().size() > proto::kMaxStepErrorBytes) return "a step's error that is too long";
  if (const char* const wrong = TakeValue(ended.output(), &record->output)) return wrong;
  record->outcome = ended.succeeded() ? "ok" : "failed";
  record->message = ended.error();
  record->duration = at - record->started;
  Emit(Event::Kind::kStepFinished, *record);
  return nullptr;
}

const char* Steps::TakeValue(const proto::StepValue& from, StepValue* to) const {
  if (from.shape().size() > proto::kMaxStepShapeBytes) return "a step's shape that is too long";
  if (!payloads_ && !from.json().empty()) return "a step's value that nobody asked for";
  if (from.json().size() > proto::kMaxStepJsonBytes) return "a step's value that is too long";
  if (!from.json().empty() && !IsJson(from.json())) return "a step's value that is not JSON";
  *to = {from.shape(), from.bytes(), from.json()};
  return nullptr;
}

void Steps::Emit(Event::Kind kind, const StepRecord& record) {
  if (!host_.HasListener()) return;
  Event event{};
  event.kind = kind;
  event.step = record.step;
  event.depth = record.depth;
  event.name = record.name;
  event.action = record.action;
  event.attempts = record.attempts;
  event.message = record.message;
  event.succeeded = record.outcome == "ok";
  event.shape = kind == Event::Kind::kStepStarted ? record.input.shape : record.output.shape;
  event.calls = record.calls;
  event.duration = record.duration;
  host_.Emit(std::move(event));
}

}  // namespace warder::execution
