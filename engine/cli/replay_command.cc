// warder replay: recorded executions again, or against another bundle.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/cli/batch.h"
#include "engine/cli/command.h"
#include "engine/cli/fixture_verdict.h"
#include "engine/cli/json_text.h"
#include "engine/cli/state_text.h"
#include "engine/cli/text.h"
#include "warder/engine.h"
#include "warder/replay.h"

namespace warder::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr const char* kExamples =
    "  warder run my-integration/ --event order.json --record order.journal\n"
    "  warder replay order.journal\n"
    "  warder replay journals/                       (every *.journal in it)\n"
    "  warder replay journals/ --against new-version/";
constexpr const char* kSuffix = ".journal";

struct ReplayOptions {
  std::vector<std::string> paths;
  std::string bundle;
  std::string against;
  std::vector<std::string> permit_degraded;
  bool allow_jit = false;
  bool json = false;
};

// The journals that were named, and those in folders that were, in the order of their names.
std::vector<std::string> Journals(const std::vector<std::string>& paths) {
  std::vector<std::string> journals;
  for (const std::string& path : paths) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      journals.push_back(path);
      continue;
    }
    std::vector<std::string> inside;
    for (auto at = fs::directory_iterator(path, error); !error && at != fs::directory_iterator(); at.increment(error)) {
      if (at->path().extension() == kSuffix) inside.push_back(at->path().string());
    }
    if (error) throw EngineError(Status::kInvalid, "cannot list the folder " + path + ": " + error.message());
    if (inside.empty()) {
      throw EngineError(Status::kInvalid, "there is no *" + std::string(kSuffix) + " in the folder " + path +
                                              "; `warder run --record` writes journals");
    }
    std::sort(inside.begin(), inside.end());
    journals.insert(journals.end(), inside.begin(), inside.end());
  }
  return journals;
}

enum class Verdict { kSame, kOther, kCutOff, kRefused };

// What came of one journal.
struct Report {
  Verdict verdict = Verdict::kSame;
  std::string what;  // one sentence; empty: nothing to say
  std::string diff;
};

std::string EndOf(Status status, const std::string& reason) {
  return StatusName(status) + (reason.empty() ? "" : ": " + reason);
}

// What this machine or its user did to it says nothing of the code.
bool WasOurs(Status status) {
  return status == Status::kFault || status == Status::kUnenforceable || status == Status::kCancelled;
}

// What another bundle made of the recorded calls.
Report JudgeResult(const Recording::Facts& recorded, const Outcome& outcome) {
  if (outcome.status != recorded.status) {
    return {Verdict::kOther, "it ends in another way",
            "- " + EndOf(recorded.status, recorded.reason) + "\n+ " + EndOf(outcome.status, outcome.reason) + "\n"};
  }
  const std::string reason = ComparableReason(outcome.status, outcome.reason);
  if (const std::string before = ComparableReason(recorded.status, recorded.reason); before != reason) {
    return {Verdict::kOther, "it ends for another reason", "- " + before + "\n+ " + reason + "\n"};
  }
  const std::string response = ResponseText(outcome.response);
  if (const std::string before = ResponseText(recorded.response); before != response) {
    return {Verdict::kOther, "it makes the same calls and answers its webhook otherwise", Difference(before, response)};
  }
  std::string diff = Difference(recorded.output_json, outcome.output_json);
  if (!diff.empty()) return {Verdict::kOther, "it makes the same calls and has another result", std::move(diff)};
  const std::string left = StateLines(outcome.state);
  if (const std::string before = StateLines(recorded.state); before != left) {
    return {Verdict::kOther, "it makes the same calls and leaves another state", Difference(before, left)};
  }
  return {};
}

Report Judge(const Recording& recording, const Finished& finished, bool against) {
  const Outcome& outcome = finished.outcome;
  const bool ended_otherwise = outcome.divergence || outcome.status != recording.facts().status;
  if (ended_otherwise && WasOurs(outcome.status)) return {Verdict::kRefused, outcome.reason, {}};
  if (outcome.divergence) return {Verdict::kOther, outcome.divergence->what, outcome.divergence->diff};
  if (!recording.cut_off().empty()) {
    return {Verdict::kCutOff, recording.cut_off() + "; up to there nothing differs", {}};
  }
  return against ? JudgeResult(recording.facts(), outcome) : Report();
}

// The recorded version, where the cell is another one than it was recorded in: the first thing to suspect.
std::string OtherVersion(const Recording& recording) {
  if (recording.facts().warder_version == Version()) return {};
  return "recorded with warder " + recording.facts().warder_version + ", this is " + Version();
}

class Replay {
 public:
  Replay(const ReplayOptions& options, Environment& environment) : options_(options), environment_(environment) {}

  int Perform() {
    const std::vector<std::string> journals = Journals(options_.paths);
    if (!options_.against.empty()) against_ = Bundle::Load(options_.against);
    if (!options_.bundle.empty()) bundle_ = Bundle::Load(options_.bundle);
    const auto engine = Engine::Open({.permit_degraded = options_.permit_degraded, .pooled_cells = 0});
    recordings_.resize(journals.size());
    RunBatch(*engine, journals.size(),
             {.request = [&](std::size_t i) { return RequestOf(journals[i], &recordings_[i]); },
              .following = nullptr,
              .finished =
                  [&](std::size_t i, const Finished& finished, const Finished*) {
                    Show(journals[i], i, finished);
                    recordings_[i].reset();
                  }});
    if (options_.json) {
      environment_.out.Write(JsonArray(documents_) + "\n");
    } else if (journals.size() > 1) {
      environment_.out.Write(Totals() + "\n");
    }
    if (fault_) return static_cast<int>(*fault_);
    if (refused_ + cut_off_ > 0) return static_cast<int>(Status::kInvalid);
    return other_ > 0 ? static_cast<int>(Status::kFailed) : 0;
  }

 private:
  ExecutionRequest RequestOf(const std::string& path, std::shared_ptr<const Recording>* recording) const {
    *recording = Recording::Load(path);
    const CellProfile most = options_.allow_jit ? CellProfile::kJit : CellProfile::kJitless;
    ExecutionRequest request = Recording::Replay(*recording, most);
    if (bundle_ && bundle_->sha256() != (*recording)->facts().bundle_sha256) {
      throw EngineError(Status::kInvalid, "the bundle " + options_.bundle + " has the hash " + bundle_->sha256() +
                                              ", and the journal " + path + " is of " +
                                              (*recording)->facts().bundle_sha256 +
                                              "; --against says what another version would have done");
    }
    if (against_) {
      request.bundle = against_;
      request.script = (*recording)->AsScript();
      request.replay = nullptr;
    }
    return request;
  }

  void Show(const std::string& path, std::size_t number, const Finished& finished) {
    if (finished.refused) {
      ++refused_;
      Write(path, Report{Verdict::kRefused, finished.refused->what(), {}}, {});
      return;
    }
    const Recording& recording = *recordings_[number];
    const Report report = Judge(recording, finished, against_ != nullptr);
    if (report.verdict == Verdict::kRefused) {
      ++refused_;
      fault_ = finished.outcome.status == Status::kUnenforceable ? Status::kUnenforceable : Status::kFault;
      Write(path, report, {});
      return;
    }
    (report.verdict == Verdict::kSame ? same_ : report.verdict == Verdict::kOther ? other_ : cut_off_) += 1;
    const std::string summary =
        EndOf(finished.outcome.status, {}) + ", " + CountText(finished.outcome.calls.size(), "call");
    Write(path, report, report.verdict == Verdict::kOther ? OtherVersion(recording) : summary);
  }

  void Write(const std::string& path, const Report& report, const std::string& note) {
    if (options_.json) {
      documents_.push_back(JsonObject()
                               .Add("journal", json::string(path))
                               .Add("verdict", json::string(WordOf(report.verdict)))
                               .Add("what", json::string(report.what))
                               .Add("diff", json::string(report.diff))
                               .Text());
      return;
    }
    const Ink ink = report.verdict == Verdict::kSame ? Ink::kGreen : Ink::kRed;
    std::string text = Printable(path) + ": " + environment_.out.Paint(ink, WordOf(report.verdict));
    if (!report.what.empty()) text += ": " + Printable(report.what);
    if (!note.empty()) text += " (" + Printable(note) + ")";
    text += "\n";
    if (!report.diff.empty()) {
      std::string diff = report.diff;
      while (!diff.empty() && diff.back() == '\n') diff.pop_back();
      text += "    " + PrintableLines(diff, "    ") + "\n";
    }
    // What could not be replayed is no result.
    (report.verdict == Verdict::kRefused ? environment_.err : environment_.out).Write(text);
  }

  const char* WordOf(Verdict verdict) const {
    switch (verdict) {
      case Verdict::kSame:
        return against_ ? "same" : "identical";
      case Verdict::kOther:
        return against_ ? "differs" : "diverged";
      case Verdict::kCutOff:
        return "cut off";
      case Verdict::kRefused:
        break;
    }
    return "refused";
  }

  std::string Totals() const {
    std::string text = std::to_string(same_) + " " + WordOf(Verdict::kSame) + ", " + std::to_string(other_) + " " +
                       (against_ ? "differ" : "diverged");
    if (cut_off_ > 0) text += ", " + std::to_string(cut_off_) + " cut off";
    if (refused_ > 0) text += ", " + std::to_string(refused_) + " refused";
    return text;
  }

  const ReplayOptions& options_;
  Environment& environment_;
  std::shared_ptr<const Bundle> bundle_;
  std::shared_ptr<const Bundle> against_;
  std::vector<std::shared_ptr<const Recording>> recordings_;
  std::vector<std::string> documents_;
  std::size_t same_ = 0;
  std::size_t other_ = 0;
  std::size_t cut_off_ = 0;
  std::size_t refused_ = 0;
  std::optional<Status> fault_;  // ours, which kept a journal from being replayed
};

Action Declare(CLI::App& app) {
  const auto options = std::make_shared<ReplayOptions>();
  app.add_option("journal", options->paths, "A journal, or a folder with *.journal files")
      ->required()
      ->type_name("PATH");
  auto* bundle = app.add_option("--bundle", options->bundle, "Refuse journals of any other bundle than this one");
  bundle->type_name("PATH");
  app.add_option("--against", options->against,
                 "Run this bundle instead of the recorded one: what it would have done, with the recorded answers")
      ->type_name("PATH")
      ->excludes(bundle);
  app.add_option("--permit-degraded", options->permit_degraded, "As of `warder run`")
      ->type_name("LAYER")
      ->allow_extra_args(false);
  app.add_flag(
      "--allow-jit", options->allow_jit,
      "Compile what was compiled when it was recorded; interpreted, that may reach a limit that it did not, or go "
      "as deep as it did not");
  app.add_flag("--json", options->json, "Print one array: an object with journal, verdict, what, diff for each");
  return [options](Environment& environment) { return Replay(*options, environment).Perform(); };
}

}  // namespace

Command ReplayCommand() {
  return {"replay", "Run recorded executions again, without network, and name the first difference", kExamples,
          Declare};
}

}  // namespace warder::cli
