#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "engine/base/engine_error.h"
#include "engine/execution/response.h"
#include "engine/journal/state_frames.h"
#include "engine/journal/tape.h"
#include "sandbox/base/unique_fd.h"
#include "warder/replay.h"

namespace warder {
namespace {

// Of a regular file only: nothing else can be known to end.
Result<std::string> ReadJournal(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return InvalidInput(std::string(std::strerror(errno)) + "; check the path and its permissions");
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return InvalidInput(std::strerror(errno));
  if (!S_ISREG(status.st_mode)) return InvalidInput("it is not a regular file; `warder run --record` writes one");
  std::string text;
  text.reserve(std::min<std::size_t>(static_cast<std::size_t>(status.st_size), journal::kMaxJournalBytes) + 1);
  std::array<char, 256 << 10> chunk;
  for (;;) {
    const ssize_t got = ::read(file.get(), chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return InvalidInput(std::strerror(errno));
    if (got == 0) return text;
    text.append(chunk.data(), static_cast<std::size_t>(got));
    if (text.size() > journal::kMaxJournalBytes) {
      return InvalidInput("it is longer than the longest that is read, " +
                          FormatLimit(LimitUnit::kBytes, journal::kMaxJournalBytes));
    }
  }
}

// There is a bundle, an event and a start to play.
void CheckRan(const Recording& recording) {
  if (recording.tape().ran()) return;
  throw EngineError(
      Status::kInvalid,
      "there is nothing to replay: the execution ended before anything of it was run: " + recording.facts().reason);
}

// What it gave back, and what it answered its webhook.
void TakeResults(const journal::Tape& tape, Recording::Facts* facts) {
  for (std::size_t i = tape.first_reply(); i < tape.size(); ++i) {
    if (tape.kind(i) != journal::RecordKind::kFromCell) continue;
    const proto::FromCell frame = tape.FromCellAt(i);
    if (facts->status == Status::kSucceeded) facts->output_json += frame.output().data();
    if (!frame.has_respond() || facts->response) continue;
    if (execution::TakeResponse(frame.respond(), &facts->response.emplace()) != nullptr) facts->response.reset();
  }
}

}  // namespace

Recording::Recording(std::shared_ptr<const journal::Tape> tape) : tape_(std::move(tape)) {
  const journal::Header& header = tape_->header();
  const auto& ending = tape_->ending();
  facts_ = {.warder_version = header.warder,
            .v8_version = header.v8,
            .bundle_sha256 = header.bundle,
            .execution = header.execution,
            .tenant = header.tenant,
            .flow = header.flow,
            .recorded = header.recorded,
            .profile = header.profile,
            .status = ending ? ending->status : Status::kFault,
            .reason = ending ? ending->reason : tape_->cut_off(),
            .output_json = {},
            .response = {},
            .state = journal::RecordsOf(tape_->StateLeft(), true)};
  TakeResults(*tape_, &facts_);
}

std::shared_ptr<const Recording> Recording::Load(const std::filesystem::path& path) {
  const auto wrong = [&](const Error& error) {
    throw EngineError(Status::kInvalid, "cannot read the journal " + path.string() + ": " + error.message);
  };
  auto text = ReadJournal(path.string());
  if (!text) wrong(text.error());
  auto tape = journal::Tape::Read(std::move(*text));
  if (!tape) wrong(tape.error());
  return std::shared_ptr<const Recording>(new Recording(std::make_shared<const journal::Tape>(std::move(*tape))));
}

const std::string& Recording::cut_off() const { return tape_->cut_off(); }

ExecutionRequest Recording::Replay(std::shared_ptr<const Recording> recording, CellProfile most) {
  CheckRan(*recording);
  const journal::Tape& tape = recording->tape();
  ExecutionRequest request;
  request.bundle = tape.bundle();
  request.flow = tape.header().flow;
  request.tenant = tape.header().tenant;
  request.first_execution = tape.start().first_execution_id();
  request.event_json = tape.event();
  request.config_json = tape.config();
  request.limits = tape.header().limits;
  if (most == CellProfile::kJit) request.profile = tape.header().profile;
  request.describe = tape.start().describe();
  request.log_payloads = tape.start().step_payloads();
  request.replay = std::move(recording);
  return request;
}

std::shared_ptr<const Script> Recording::AsScript() const {
  CheckRan(*this);
  return std::make_shared<const Script>(ScriptOf(*tape_));
}

}  // namespace warder
