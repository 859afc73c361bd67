#include "engine/journal/tape.h"

#include <map>
#include <unordered_map>
#include <utility>

#include "engine/journal/request_digest.h"
#include "engine/journal/state_frames.h"
#include "sandbox/proto/state_limits.h"

namespace warder::journal {
namespace {

// A call as the frames tell of it.
struct Call {
  enum class State { kAsked, kAnswering, kOver } state = State::kAsked;
  enum class Kind { kHttp, kTimer, kRead, kCommit } kind = Kind::kHttp;
  int changes = 0;  // of a commit
};

bool Answers(const proto::ToCell& frame, Call::Kind kind) {
  if (frame.has_timer_fired()) return kind == Call::Kind::kTimer;
  if (frame.has_state_value()) return kind == Call::Kind::kRead;
  if (frame.has_state_committed()) return kind == Call::Kind::kCommit;
  if (frame.has_state_failed()) return kind == Call::Kind::kRead || kind == Call::Kind::kCommit;
  return kind == Call::Kind::kHttp;
}

const char* NameOf(Call::Kind kind) {
  switch (kind) {
    case Call::Kind::kHttp:
      return "a call";
    case Call::Kind::kTimer:
      return "a timer";
    case Call::Kind::kRead:
      return "a read of state";
    case Call::Kind::kCommit:
      break;
  }
  return "a commit of state";
}

}  // namespace

std::uint64_t StateCallOf(const proto::ToCell& frame) {
  switch (frame.frame_case()) {
    case proto::ToCell::kStateValue:
      return frame.state_value().call();
    case proto::ToCell::kStateCommitted:
      return frame.state_committed().call();
    case proto::ToCell::kStateFailed:
      return frame.state_failed().call();
    default:
      return 0;
  }
}

std::uint64_t CallOf(const proto::ToCell& frame) {
  switch (frame.frame_case()) {
    case proto::ToCell::kResponseHead:
      return frame.response_head().call();
    case proto::ToCell::kResponseBody:
      return frame.response_body().call();
    case proto::ToCell::kCallFailed:
      return frame.call_failed().call();
    case proto::ToCell::kRequestCredit:
      return frame.request_credit().call();
    case proto::ToCell::kTimerFired:
      return frame.timer_fired().call();
    default:
      return StateCallOf(frame);
  }
}

// Takes the records one after the other; the first that makes no sense is the error.
class Tape::Reader {
 public:
  explicit Reader(Tape* tape) : tape_(*tape) {}

  Result<void> Read() {
    auto read = ReadRecords(*tape_.text_);
    if (!read) return read.error();
    tape_.cut_off_ = std::move(read->cut_off);
    if (read->records.empty()) return InvalidInput(tape_.cut_off_ + ", so there is nothing in it" + kRemedy);
    for (const Record& record : read->records) {
      ++number_;
      const std::string wrong = Take(record);
      if (!wrong.empty()) return Wrong(wrong);
    }
    if (!started_ && !tape_.frames_.empty()) {
      if (tape_.cut_off_.empty()) return Wrong("is the last one, and the execution was never started");
      return InvalidInput(tape_.cut_off_ + ", before the execution was started" + kRemedy);
    }
    if (!started_) return {};
    if (const std::string wrong = CheckEnding(); !wrong.empty()) return Wrong(wrong);
    return MakeBundle();
  }

 private:
  Error Wrong(const std::string& what) const {
    return InvalidInput("record " + std::to_string(number_) + " " + what + kRemedy);
  }

  // Each of these returns what is wrong with the record, a clause such as "is a second header"; empty: nothing.
  std::string Take(const Record& record) {
    if ((number_ == 1) != (record.kind == RecordKind::kHeader)) {
      return number_ == 1 ? "is not the header" : "is a second header";
    }
    switch (record.kind) {
      case RecordKind::kHeader: {
        auto header = ReadHeader(record.payload);
        if (!header) return "is wrong: " + header.error().message;
        tape_.header_ = std::move(*header);
        return {};
      }
      case RecordKind::kEnd: {
        auto ending = ReadEnding(record.payload);
        if (!ending) return "is wrong: " + ending.error().message;
        tape_.ending_ = std::move(*ending);
        return {};
      }
      default:
        break;
    }
    if (last_frame_) return "comes behind the cell's last frame";
    tape_.frames_.push_back(record);
    if (record.kind == RecordKind::kToCell) return TakeToCell(record.payload);
    if (!started_) return "is a frame of the cell's before it was started";
    if (record.kind == RecordKind::kFromCell) return TakeFromCell(record.payload);
    return DecodeDigest(record.payload) ? "" : "is no piece of a request";
  }

  std::string TakeToCell(std::string_view payload) {
    proto::ToCell frame;
    if (!proto::ParseMessage(payload, &frame)) return "is not a frame to a cell";
    if (frame.clock_us() < clock_) return "has a clock that is before the one of the frame before it";
    clock_ = frame.clock_us();
    switch (frame.frame_case()) {
      case proto::ToCell::kInput:
        return started_ ? "is an input behind the start" : TakeInput(frame.input());
      case proto::ToCell::kStart:
        if (std::exchange(started_, true)) return "is a second start";
        tape_.start_ = std::move(*frame.mutable_start());
        tape_.first_reply_ = tape_.frames_.size();
        return CheckStart();
      case proto::ToCell::kResponseHead:
      case proto::ToCell::kResponseBody:
      case proto::ToCell::kCallFailed:
      case proto::ToCell::kRequestCredit:
      case proto::ToCell::kTimerFired:
      case proto::ToCell::kStateValue:
      case proto::ToCell::kStateCommitted:
      case proto::ToCell::kStateFailed:
        return started_ ? TakeReply(frame) : "is a reply before the start";
      default:
        return "is a frame of a kind that no journal has";
    }
  }

  std::string TakeInput(const proto::Input& input) {
    switch (input.kind()) {
      case proto::Input::MODULE:
        if (input.name().empty()) return "is a module without a name";
        if (modules_.empty() || modules_.back().name != input.name()) modules_.push_back({input.name(), {}});
        modules_.back().source += input.data();
        return {};
      case proto::Input::EVENT:
        tape_.event_ += input.data();
        return {};
      case proto::Input::CONFIG:
        tape_.config_ += input.data();
        return {};
      default:
        return "is an input of no known kind";
    }
  }

  std::string CheckStart() const {
    const proto::Start& start = tape_.start_;
    const Header& header = tape_.header_;
    if (start.execution_id() != header.execution) return "starts another execution than the header names";
    if (start.tenant() != header.tenant) return "is of another tenant than the header names";
    if (start.flow() != header.flow) return "starts another flow than the header names";
    if (start.seed().size() != 32) return "has a seed that is not 32 bytes long";
    const Limits& limits = header.limits;
    const bool same = start.heap_bytes() == limits.heap_bytes &&
                      start.array_buffer_bytes() == limits.array_buffer_bytes &&
                      start.output_bytes() == limits.output_bytes && start.log_bytes() == limits.log_bytes;
    return same ? "" : "has other limits than the header";
  }

  // What ended it is there, where that was the cell.
  std::string CheckEnding() const {
    if (!tape_.ending_) return {};
    if (tape_.ending_->by == EndedBy::kCell && !last_frame_) {
      return "says that the cell ended it, and the cell's last frame is not there";
    }
    if (tape_.ending_->status == Status::kSucceeded && !succeeded_) {
      return "says that it succeeded, and the cell did not say so";
    }
    return {};
  }

  std::string TakeReply(const proto::ToCell& frame) {
    const std::uint64_t number = CallOf(frame);
    const auto found = calls_.find(number);
    const std::string to = "is a reply to call " + std::to_string(number) + ", which ";
    if (found == calls_.end()) return to + "was not made by then";
    Call& call = found->second;
    if (call.state == Call::State::kOver) return to + "was over by then";
    if (!Answers(frame, call.kind)) return to + "is " + NameOf(call.kind);
    if (frame.has_state_value() && !proto::IsSound(frame.state_value())) return to + "does not fit it";
    if (frame.has_state_committed() && !proto::IsSound(frame.state_committed(), call.changes)) {
      return to + "does not fit it";
    }
    const bool answering = call.state == Call::State::kAnswering;
    if (frame.has_response_head() && answering) return to + "has been answered";
    if (frame.has_response_body() && !answering) return to + "has not been answered";
    if (frame.response_body().data().size() > proto::kMaxBodyChunkBytes) {
      return "is a piece of a response that is longer than " +
             FormatLimit(LimitUnit::kBytes, proto::kMaxBodyChunkBytes);
    }
    if (frame.has_response_head()) {
      const std::uint32_t status = frame.response_head().status();
      if (status < 200 || status > 599) return to + "has the status " + std::to_string(status);
      call.state = frame.response_head().body() ? Call::State::kAnswering : Call::State::kOver;
    } else if (frame.has_response_body() ? frame.response_body().last() : !frame.has_request_credit()) {
      call.state = Call::State::kOver;
    }
    return {};
  }

  std::string TakeFromCell(std::string_view payload) {
    proto::FromCell frame;
    if (!proto::ParseMessage(payload, &frame)) return "is not a frame of a cell";
    switch (frame.frame_case()) {
      case proto::FromCell::kHttpRequest:
        calls_.try_emplace(frame.http_request().call());
        // One too many ends an execution.
        return ++requests_ > tape_.header_.limits.calls + 1 ? "is a call beyond the limit of the header" : "";
      case proto::FromCell::kTimerRequest:
        calls_.try_emplace(frame.timer_request().call(), Call{.kind = Call::Kind::kTimer});
        return {};
      case proto::FromCell::kStateRead:
        calls_.try_emplace(frame.state_read().call(), Call{.kind = Call::Kind::kRead});
        return {};
      case proto::FromCell::kStateCommit:
        calls_.try_emplace(frame.state_commit().call(),
                           Call{.kind = Call::Kind::kCommit, .changes = frame.state_commit().changes_size()});
        return {};
      case proto::FromCell::kCancelCall:
        if (const auto call = calls_.find(frame.cancel_call().call()); call != calls_.end() &&
                                                                       call->second.kind != Call::Kind::kRead &&
                                                                       call->second.kind != Call::Kind::kCommit) {
          call->second.state = Call::State::kOver;
        }
        return {};
      case proto::FromCell::kRequestBody:
      case proto::FromCell::kResponseCredit:
      case proto::FromCell::kLog:
      case proto::FromCell::kStep:
      case proto::FromCell::kRespond:
      case proto::FromCell::kOutput:
        return {};
      case proto::FromCell::kResult:
        succeeded_ = frame.result().has_succeeded();
        [[fallthrough]];
      case proto::FromCell::kStopped:
      case proto::FromCell::kViolation:
        last_frame_ = true;
        return {};
      default:
        return "is a frame of a kind that no journal has";
    }
  }

  Result<void> MakeBundle() {
    try {
      tape_.bundle_ = Bundle::Of(std::move(modules_), tape_.start_.entry());
    } catch (const EngineError& error) {
      return InvalidInput(std::string("the modules in it are no bundle: ") + error.what() + kRemedy);
    }
    if (tape_.bundle_->sha256() == tape_.header_.bundle) return {};
    return InvalidInput("the modules in it have the hash " + tape_.bundle_->sha256() + ", and its header names " +
                        tape_.header_.bundle + kRemedy);
  }

  Tape& tape_;
  std::size_t number_ = 0;  // of the record
  std::uint64_t clock_ = 0;
  bool started_ = false;
  bool last_frame_ = false;
  bool succeeded_ = false;
  std::uint64_t requests_ = 0;
  std::vector<Bundle::File> modules_;
  std::unordered_map<std::uint64_t, Call> calls_;
};

Result<Tape> Tape::Read(std::string text) {
  if (text.size() > kMaxJournalBytes) {
    return InvalidInput("it has " + std::to_string(text.size()) + " bytes, and the longest that is read has " +
                        FormatLimit(LimitUnit::kBytes, kMaxJournalBytes));
  }
  Tape tape;
  tape.text_ = std::make_shared<const std::string>(std::move(text));
  if (auto read = Reader(&tape).Read(); !read) return read.error();
  return tape;
}

proto::ToCell Tape::ToCellAt(std::size_t index) const {
  proto::ToCell frame;
  (void)proto::ParseMessage(frames_[index].payload, &frame);  // it was read once already
  return frame;
}

std::vector<StateItem> Tape::StateLeft() const {
  std::unordered_map<std::uint64_t, proto::StateCommit> asked;
  std::map<StateKey, std::optional<std::string>> left;
  for (std::size_t i = first_reply_; i < size(); ++i) {
    if (kind(i) == RecordKind::kFromCell) {
      const proto::FromCell frame = FromCellAt(i);
      if (frame.has_state_commit()) asked[frame.state_commit().call()] = frame.state_commit();
    } else if (kind(i) == RecordKind::kToCell) {
      const proto::ToCell frame = ToCellAt(i);
      if (!frame.has_state_committed() || !frame.state_committed().conflicts().empty()) continue;
      for (StateItem& item : ItemsOf(asked[frame.state_committed().call()])) {
        left[std::move(item.key)] = std::move(item.value_json);
      }
    }
  }
  std::vector<StateItem> items;
  for (const auto& [key, json] : left) items.push_back({key, json});
  return items;
}

proto::FromCell Tape::FromCellAt(std::size_t index) const {
  proto::FromCell frame;
  (void)proto::ParseMessage(frames_[index].payload, &frame);
  return frame;
}

}  // namespace warder::journal
