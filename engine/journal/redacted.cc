// The journal of an execution without certain values: of another execution, which never had them.
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "engine/journal/redaction.h"
#include "engine/journal/tape.h"
#include "warder/replay.h"

namespace warder {
namespace {

using journal::RecordKind;
using journal::Redaction;

[[noreturn]] void Refuse(const std::string& why) {
  throw EngineError(Status::kInvalid, "the journal was not written without personal data: " + why);
}

std::string WholeBody(const ScriptedAnswer& answer) {
  std::string body;
  for (const ScriptedPiece& piece : answer.body) body += piece.data;
  return body;
}

void LearnState(const std::vector<StateItem>& items, Redaction* redaction) {
  for (const StateItem& item : items) {
    if (item.value_json) redaction->Learn(*item.value_json);
  }
}

void Learn(const ExecutionRequest& request, const Script& script, Redaction* redaction) {
  redaction->Learn(request.event_json);
  redaction->Learn(request.config_json);
  for (const ScriptedCall& call : script.calls) redaction->Learn(WholeBody(call.answer));
  LearnState(script.state, redaction);
  for (const auto& answer : script.state_answers) LearnState(answer.others, redaction);
}

// Of the state, keys too may have been made of what is taken out.
void Change(const Redaction& redaction, std::vector<StateItem>* items) {
  for (StateItem& item : *items) {
    item.key.key = redaction.Apply(item.key.key);
    if (item.value_json) item.value_json = redaction.Apply(*item.value_json);
  }
}

// A changed body comes whole, when its last piece came.
void ChangeBody(const Redaction& redaction, ScriptedAnswer* answer) {
  if (answer->body.empty()) return;
  const std::string before = WholeBody(*answer);
  std::string body = redaction.Apply(before);
  if (body == before) return;
  for (auto& [name, value] : answer->head->headers) {
    if (name == "content-length") value = std::to_string(body.size());
  }
  answer->body = {{.moment = answer->body.back().moment, .data = std::move(body)}};
}

void Change(const Redaction& redaction, ScriptedAnswer* answer) {
  if (answer->head) {
    answer->head->reason = redaction.Apply(answer->head->reason);
    answer->head->url = redaction.Apply(answer->head->url);
    for (auto& [name, value] : answer->head->headers) value = redaction.Apply(value);
    ChangeBody(redaction, answer);
  }
  if (answer->failure) answer->failure->message = redaction.Apply(answer->failure->message);
}

// The n-th call gets the n-th answer: its URL and body are made of stand-ins.
void AnswerInOrder(const journal::Tape& tape, Script* script) {
  std::size_t next = 0;
  for (std::size_t i = tape.first_reply(); i < tape.size(); ++i) {
    if (tape.kind(i) != RecordKind::kFromCell) continue;
    const proto::FromCell frame = tape.FromCellAt(i);
    if (!frame.has_http_request()) continue;
    script->calls.at(next++).difference = [method = frame.http_request().method()](const ScriptedRequest& now) {
      return now.method == method ? std::string() : "method\n  - " + method + "\n  + " + now.method + "\n";
    };
  }
}

// What the execution was given and said: its code is what it is.
void CheckIsClean(const Redaction& redaction, const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const auto tape = journal::Tape::Read({std::istreambuf_iterator<char>(file), {}});
  if (!tape) Refuse("it cannot be read again: " + tape.error().message);
  for (std::size_t i = 0; i < tape->size(); ++i) {
    if (tape->kind(i) == RecordKind::kToCell && tape->ToCellAt(i).input().kind() == proto::Input::MODULE) continue;
    const std::string name = redaction.FindIn(tape->payload(i));
    if (!name.empty()) Refuse("a value of \"" + name + "\" is still in it; does the bundle's code hold it?");
  }
}

}  // namespace

void WriteRedacted(Engine& engine, const std::shared_ptr<const Recording>& recording,
                   const std::vector<std::string>& names, const std::filesystem::path& path, CellProfile most) {
  ExecutionRequest request = Recording::Replay(recording, most);
  request.replay = nullptr;
  Script script = *recording->AsScript();
  Redaction redaction(names);
  Learn(request, script, &redaction);
  request.event_json = redaction.Apply(request.event_json);
  request.config_json = redaction.Apply(request.config_json);
  for (ScriptedCall& call : script.calls) Change(redaction, &call.answer);
  Change(redaction, &script.state);
  for (auto& answer : script.state_answers) Change(redaction, &answer.others);
  AnswerInOrder(recording->tape(), &script);
  request.script = std::make_shared<const Script>(std::move(script));
  request.record = path;
  const Outcome outcome = engine.Start(request).Wait();
  try {
    if (outcome.divergence) Refuse("without it the flow goes another way: " + outcome.divergence->what);
    if (outcome.status != recording->facts().status) {
      Refuse(std::string("without it the flow ends in another way: ") + StatusName(outcome.status) +
             (outcome.reason.empty() ? "" : ": " + outcome.reason));
    }
    CheckIsClean(redaction, path);
  } catch (const EngineError&) {
    ::unlink(path.c_str());
    throw;
  }
}

}  // namespace warder
