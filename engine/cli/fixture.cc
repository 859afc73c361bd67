#include "engine/cli/fixture.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <ctime>
#include <filesystem>
#include <set>

#include "engine/base/base64.h"
#include "engine/base/iso_time.h"
#include "engine/base/quantity.h"
#include "engine/base/sha256.h"
#include "engine/base/strict_json.h"
#include "engine/base/text.h"
#include "engine/cli/json_field.h"
#include "engine/cli/scripted_request.h"
#include "engine/cli/text_template.h"
#include "engine/cli/value_pattern.h"

namespace warder::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using std::chrono::microseconds;

constexpr std::string_view kFixtureSuffix = ".fixture.json";
constexpr std::string_view kTestSuffix = ".test.js";
constexpr std::size_t kMaxNameBytes = 1'000;
constexpr std::size_t kMaxCalls = 1'000;
constexpr std::array kScopes = {StateScope::kFlow, StateScope::kInstance, StateScope::kCrossFlow};
// What a script can leave under a key (docs/authoring.md).
constexpr std::size_t kMaxStateKeyBytes = 256;
constexpr std::size_t kMaxStateValueBytes = std::size_t{64} << 10;

bool EndsWith(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

std::string Digest(const std::string& text) {
  Sha256 hash;
  hash.Update(text);
  return hash.Digest();
}

// The name of a file of fixtures without what says that it is one.
std::string StemOf(const std::string& file) {
  return file.substr(0, file.size() - (IsTestFile(file) ? kTestSuffix : kFixtureSuffix).size());
}

// A text as it is, anything else as JSON.
std::string BodyText(const JsonField& field) { return field.value().is_string() ? field.Text("") : field.Serialized(); }

microseconds DelayOf(const JsonField& field) {
  constexpr const char* kWhat =
      "it has to be a duration such as \"250ms\", \"2s\" or a number of milliseconds, of at most 24 hours";
  std::optional<std::uint64_t> milliseconds;
  if (field.value().is_string()) {
    milliseconds = ParseQuantity(LimitUnit::kMilliseconds, field.Text(kWhat));
  } else {
    milliseconds = field.Number(0, 86'400'000, kWhat);
  }
  if (!milliseconds || *milliseconds > 86'400'000) field.Wrong(kWhat);
  return std::chrono::milliseconds(*milliseconds);
}

std::string TemplateOf(const JsonField& field, const char* what) {
  std::string text = field.Text(what);
  if (const std::string wrong = WrongWithTemplate(text); !wrong.empty()) {
    field.Wrong("it " + wrong + "; write {name} for a part that may be anything");
  }
  return text;
}

std::uint64_t ClockOf(const JsonField& field) {
  constexpr const char* kWhat = "it has to be a time in UTC such as \"2026-01-31T12:00:00Z\"";
  const std::string text = field.Text(kWhat);
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  if (rest == nullptr || *rest != '\0') field.Wrong(kWhat);
  const std::time_t seconds = ::timegm(&parts);
  // A day that does not exist would be another one.
  if (seconds < 0 || IsoTime(std::chrono::system_clock::from_time_t(seconds)).substr(0, 19) != text.substr(0, 19)) {
    field.Wrong(kWhat);
  }
  return static_cast<std::uint64_t>(seconds) * 1'000'000;
}

ExpectedRequest RequestOf(const JsonField& field) {
  field.CheckObject({"method", "url", "headers", "connection", "body", "bodyContains"});
  ExpectedRequest request;
  if (const auto method = field.Member("method")) {
    request.method = method->OneOf({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"});
  }
  constexpr const char* kUrl =
      "it has to be an absolute URL, with {name} for a part that may be anything, such as "
      "\"https://api.example.com/orders/{id}\"";
  const JsonField url = field.Needed("url", kUrl);
  request.url = TemplateOf(url, kUrl);
  if (request.url.find("://") == std::string::npos) url.Wrong(kUrl);
  if (const auto connection = field.Member("connection")) {
    request.connection = connection->Text("it has to be the name of one of the fixture's connections");
  }
  if (const auto headers = field.Member("headers")) {
    constexpr const char* kHeaders =
        "it has to be an object of header names with texts, or null for headers that must not be there";
    for (const std::string& name : headers->Names(kHeaders)) {
      const JsonField value = *headers->Member(name);
      request.headers.emplace_back(name,
                                   value.value().is_null() ? std::nullopt : std::optional(TemplateOf(value, kHeaders)));
    }
  }
  const auto body = field.Member("body");
  const auto contains = field.Member("bodyContains");
  if (body && contains) contains->Wrong("there is a \"body\" too; take one of them out");
  if (body && body->value().is_string()) {
    request.body_text = body->Text("");
  } else if (body) {
    CheckPatterns(*body);
    request.body_json = body->value();
  }
  if (contains) {
    CheckPatterns(*contains);
    request.body_json = Containing(contains->value());
  }
  return request;
}

void TakeReplyBody(const JsonField& reply, const Moment& moment, ScriptedAnswer* answer) {
  const auto body = reply.Member("body");
  const auto base64 = reply.Member("base64");
  if (body && base64) base64->Wrong("there is a \"body\" too; take one of them out");
  ScriptedHead& head = *answer->head;
  std::string bytes;
  if (base64) {
    constexpr const char* kWhat = "it has to be padded base64 without white space";
    const auto decoded = FromBase64(base64->Text(kWhat));
    if (!decoded) base64->Wrong(kWhat);
    bytes = *decoded;
  } else if (body) {
    bytes = BodyText(*body);
    const bool typed = std::any_of(head.headers.begin(), head.headers.end(),
                                   [](const auto& header) { return header.first == "content-type"; });
    if (!typed && !body->value().is_string()) head.headers.emplace_back("content-type", "application/json");
  }
  // Fetch, section 2.2.3: a response with one of these has no body.
  const bool none = head.status == 204 || head.status == 205 || head.status == 304;
  if (none && (body || base64)) {
    (body ? body : base64)
        ->Wrong("a response with the status " + std::to_string(head.status) + " has no body; take it out");
  }
  if (!none) answer->body.push_back({.moment = moment, .data = std::move(bytes)});
}

std::string LowerCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

// RFC 9110, sections 5.1 and 5.5: what the cell takes for a header.
bool IsToken(const std::string& name) {
  constexpr std::string_view kToken = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz";
  return !name.empty() && name.find_first_not_of(kToken) == std::string::npos;
}
bool IsFieldValue(const std::string& value) {
  return value.find_first_of(std::string_view("\0\r\n", 3)) == std::string::npos &&
         (value.empty() || (value.find_first_of(" \t") != 0 && value.find_last_of(" \t") != value.size() - 1));
}

void TakeReplyHeaders(const JsonField& headers, ScriptedHead* head) {
  constexpr const char* kWhat = "it has to be an object of header names with texts, or arrays of texts";
  for (const std::string& name : headers.Names(kWhat)) {
    const JsonField value = *headers.Member(name);
    std::vector<JsonField> values{value};
    if (value.value().is_array()) values = value.Elements(kWhat);
    for (const JsonField& each : values) {
      const std::string text = each.Text(kWhat);
      if (!IsToken(LowerCase(name))) value.Wrong("its name has to be the name of a header, such as \"content-type\"");
      if (!IsFieldValue(text)) each.Wrong("it is no header's value: no line breaks, and no blanks at its ends");
      head->headers.emplace_back(LowerCase(name), text);
    }
  }
}

ScriptedAnswer AnswerOf(const JsonField& reply) {
  reply.CheckObject({"status", "headers", "body", "base64", "delay", "error"});
  ScriptedAnswer answer;
  Moment moment;
  if (const auto delay = reply.Member("delay")) moment.after_call = DelayOf(*delay);
  if (const auto error = reply.Member("error")) {
    for (const char* other : {"status", "headers", "body", "base64"}) {
      if (reply.Member(other)) error->Wrong(std::string("there is a \"") + other + "\" too; take one of them out");
    }
    const std::string kind = error->OneOf({"network", "timeout", "refused"});
    using Kind = ScriptedFailure::Kind;
    answer.failure = {.kind = kind == "network"   ? Kind::kNetwork
                              : kind == "timeout" ? Kind::kTimeout
                                                  : Kind::kRefused,
                      .moment = moment,
                      .message = "the fixture says so: " + kind};
    return answer;
  }
  ScriptedHead& head = answer.head.emplace();
  head.moment = moment;
  if (const auto status = reply.Member("status")) {
    head.status = static_cast<int>(status->Number(200, 599, "it has to be a number from 200 to 599"));
  }
  if (const auto headers = reply.Member("headers")) TakeReplyHeaders(*headers, &head);
  TakeReplyBody(reply, moment, &answer);
  return answer;
}

ScriptedCall CallOf(const JsonField& field, const std::set<std::string>& connections) {
  field.CheckObject({"request", "reply"});
  const JsonField request =
      field.Needed("request", "it says which call is expected, such as {\"method\": \"GET\", \"url\": \"https://…\"}");
  const JsonField reply =
      field.Needed("reply", "it says how the call is answered, such as {\"status\": 200, \"body\": {}}");
  const auto expected = std::make_shared<const ExpectedRequest>(RequestOf(request));
  if (!expected->connection.empty() && !connections.contains(expected->connection)) {
    request.Member("connection")->Wrong("the fixture has no such connection; declare it in \"connections\"");
  }
  return {.shown = expected->method + " " + expected->url,
          .difference = [expected](const ScriptedRequest& actual) { return RequestDifference(*expected, actual); },
          .answer = AnswerOf(reply)};
}

Script::Connection ConnectionOf(const JsonField& field, const std::string& name) {
  field.CheckObject({"origin", "fields"});
  constexpr const char* kOrigin = "it has to be an origin such as \"https://api.example.com\"";
  const JsonField origin = field.Needed("origin", kOrigin);
  Script::Connection connection{
      .name = name, .handle = HexOf(Digest("handle of " + name)), .origin = origin.Text(kOrigin), .placeholders = {}};
  if (connection.origin.find("://") == std::string::npos || connection.origin.back() == '/') origin.Wrong(kOrigin);
  if (const auto fields = field.Member("fields")) {
    constexpr const char* kFields =
        "it has to be an array of the names of the credential's fields, such as [\"token\"]";
    for (const JsonField& each : fields->Elements(kFields)) {
      const std::string text = each.Text(kFields);
      connection.placeholders.emplace_back(text, "wrd_" + HexOf(Digest("field " + text + " of " + name)).substr(0, 32));
    }
  }
  return connection;
}

ExpectedLog LogOf(const JsonField& field) {
  field.CheckObject({"level", "message", "fields"});
  ExpectedLog log;
  if (const auto level = field.Member("level")) log.level = level->OneOf({"debug", "info", "warn", "error"});
  if (const auto message = field.Member("message")) log.message = message->Text("it has to be a text");
  if (const auto fields = field.Member("fields")) {
    fields->Names("it has to be an object");
    CheckPatterns(*fields);
    log.fields_json = fields->Serialized();
  }
  return log;
}

ExpectedStep StepOf(const JsonField& field) {
  field.CheckObject({"name", "action", "outcome"});
  ExpectedStep step;
  step.name = field.Needed("name", "it is the name of the step").Text("it has to be a text");
  if (const auto action = field.Member("action")) step.action = action->Text("it has to be a text");
  if (const auto outcome = field.Member("outcome")) step.outcome = outcome->OneOf({"ok", "failed", "unfinished"});
  return step;
}

ExpectedResponse ResponseOf(const JsonField& field) {
  field.CheckObject({"status", "body"});
  ExpectedResponse response;
  if (const auto status = field.Member("status")) {
    response.status = status->Number(200, 599, "it has to be a number from 200 to 599");
  }
  if (const auto body = field.Member("body")) {
    CheckPatterns(*body);
    response.body = BodyText(*body);
    response.body_is_json = !body->value().is_string();
  }
  return response;
}

Status StatusOf(const std::string& name) {
  for (const Status each : {Status::kFailed, Status::kInvalid, Status::kLimit, Status::kViolation}) {
    if (name == StatusName(each)) return each;
  }
  return Status::kSucceeded;
}

void TakeExpectation(const JsonField& field, Expectation* expect) {
  field.CheckObject({"verdict", "output", "error", "limit", "logs", "steps", "response", "state"});
  const auto error = field.Member("error");
  const auto limit = field.Member("limit");
  const auto output = field.Member("output");
  if (const auto verdict = field.Member("verdict")) {
    expect->status = StatusOf(verdict->OneOf({"succeeded", "failed", "invalid", "limit", "violation"}));
    if (error && expect->status != Status::kFailed)
      verdict->Wrong("an \"error\" is expected too, so it has to be \"failed\"");
    if (limit && expect->status != Status::kLimit)
      verdict->Wrong("a \"limit\" is expected too, so it has to be \"limit\"");
  } else if (error && limit) {
    limit->Wrong("there is an \"error\" too; take one of them out");
  } else {
    expect->status = error ? Status::kFailed : limit ? Status::kLimit : expect->status;
  }
  if (output && expect->status != Status::kSucceeded) {
    output->Wrong("only an execution that succeeds has an output; take it out, or expect no failure");
  }
  if (output) {
    CheckPatterns(*output);
    expect->output_json = output->Serialized();
  }
  if (expect->status != Status::kSucceeded) expect->output_json.reset();
  if (error) {
    error->CheckObject({"name", "message"});
    if (const auto name = error->Member("name")) expect->error_name = name->Text("it has to be a text");
    if (const auto message = error->Member("message")) expect->error_message = message->Text("it has to be a text");
  }
  if (limit) {
    expect->limit = limit->Text("it has to be the name of a limit, see `warder policy`");
    const auto table = LimitTable();
    if (std::none_of(table.begin(), table.end(), [&](const LimitSpec& spec) { return spec.name == *expect->limit; })) {
      limit->Wrong("it has to be the name of a limit, see `warder policy`");
    }
  }
  if (const auto steps = field.Member("steps")) {
    expect->steps.emplace();
    for (const JsonField& each : steps->Elements("it has to be an array of objects with name, action, outcome")) {
      expect->steps->push_back(StepOf(each));
    }
  }
  if (const auto state = field.Member("state")) {
    state->CheckObject({"flow", "instance", "crossFlow"});
    for (const StateScope scope : kScopes) {
      const auto values = state->Member(StateScopeName(scope));
      if (!values) continue;
      values->Names("it has to be an object of everything that stands there in the end, by its keys");
      CheckPatterns(*values);
      expect->state[scope] = values->Serialized();
    }
  }
  if (const auto response = field.Member("response")) expect->response = ResponseOf(*response);
  if (const auto logs = field.Member("logs")) {
    expect->logs.emplace();
    for (const JsonField& each : logs->Elements("it has to be an array of objects with level, message, fields")) {
      expect->logs->push_back(LogOf(each));
    }
  }
}

// Beside the fixture: the module of its name, or the folder itself.
std::string DefaultBundle(const std::string& file) {
  const std::string stem = StemOf(file);
  for (const char* extension : {".js", ".mjs"}) {
    if (std::error_code error; fs::is_regular_file(stem + extension, error)) return stem + extension;
  }
  const fs::path folder = fs::path(file).parent_path();
  return folder.empty() ? "." : folder.string();
}

std::string Beside(const std::string& file, const std::string& path) {
  return (fs::path(file).parent_path() / path).lexically_normal().string();
}

// What stands in the state before the flow is started.
std::vector<StateItem> StateOf(const JsonField& field, const std::string& flow) {
  constexpr const char* kWhat = "it has to be an object of values by their keys";
  field.CheckObject({"flow", "instance", "crossFlow"});
  std::vector<StateItem> items;
  for (const StateScope scope : kScopes) {
    const auto values = field.Member(StateScopeName(scope));
    if (!values) continue;
    for (const std::string& key : values->Names(kWhat)) {
      const JsonField value = *values->Member(key);
      std::string text = value.Serialized();
      if (key.empty() || key.size() > kMaxStateKeyBytes) value.Wrong("its key has to have 1 to 256 bytes");
      if (text.size() > kMaxStateValueBytes) value.Wrong("it has to have at most 64KB");
      items.push_back({{scope, scope == StateScope::kFlow ? flow : "", key}, std::move(text)});
    }
  }
  return items;
}

Script ScriptOf(const JsonField& field, const std::string& name) {
  Script script;
  script.seed = Digest("seed " + name);
  script.execution_id = HexOf(Digest("execution " + name)).substr(0, 32);
  script.clock_us = kDefaultClockUs;
  if (const auto seed = field.Member("seed")) {
    script.seed = Digest("seed " + seed->Text("it has to be a text, any one: another text is another randomness"));
  }
  if (const auto clock = field.Member("clock")) script.clock_us = ClockOf(*clock);
  std::set<std::string> connections;
  if (const auto all = field.Member("connections")) {
    for (const std::string& each : all->Names("it has to be an object of connections by their names")) {
      connections.insert(each);
      script.connections.push_back(ConnectionOf(*all->Member(each), each));
    }
  }
  if (const auto calls = field.Member("calls")) {
    for (const JsonField& call : calls->Elements("it has to be an array of expected calls")) {
      if (script.calls.size() == kMaxCalls) calls->Wrong("there are more than " + std::to_string(kMaxCalls) + " calls");
      script.calls.push_back(CallOf(call, connections));
    }
  }
  if (const auto order = field.Member("order")) script.any_order = order->OneOf({"strict", "any"}) == "any";
  return script;
}

}  // namespace

Fixture ParseFixture(const JsonField& field, const std::string& file, std::size_t index) {
  field.CheckObject({"name", "bundle", "journal", "flow", "event", "config", "connections", "limits", "seed", "clock",
                     "state", "calls", "order", "expect"});
  Fixture fixture;
  fixture.file = file;
  fixture.index = index;
  fixture.name = StemOf(fs::path(file).filename().string());
  if (const auto name = field.Member("name")) {
    fixture.name = name->Text("it has to be a text");
    if (fixture.name.empty()) name->Wrong("it has to be a text with something in it");
    if (fixture.name.size() > kMaxNameBytes) name->Wrong("it has to have at most 1,000 bytes");
  }
  fixture.shown = file + ": " + fixture.name;
  const auto bundle = field.Member("bundle");
  fixture.bundle = bundle
                       ? Beside(file, bundle->Text("it has to be the path of a bundle, from the fixture's folder on"))
                       : DefaultBundle(file);
  if (const auto journal = field.Member("journal")) {
    fixture.journal = Beside(file, journal->Text("it has to be the path of a journal, from the fixture's folder on"));
    for (const char* other :
         {"flow", "event", "config", "connections", "limits", "seed", "clock", "state", "calls", "order"}) {
      if (const auto member = field.Member(other))
        member->Wrong("the \"journal\" says that already; take one of them out");
    }
  }
  if (const auto flow = field.Member("flow")) fixture.flow = flow->Text("it has to be the key of a flow");
  if (const auto event = field.Member("event")) fixture.event_json = event->Serialized();
  if (const auto config = field.Member("config")) {
    config->Names("it has to be an object");
    fixture.config_json = config->Serialized();
  }
  if (const auto limits = field.Member("limits")) {
    try {
      fixture.limits = ParseLimits(limits->Serialized());
    } catch (const EngineError& error) {
      limits->Wrong(error.what());
    }
  }
  Script script = ScriptOf(field, fixture.name);
  if (const auto state = field.Member("state")) script.state = StateOf(*state, fixture.flow);
  fixture.script = std::make_shared<const Script>(std::move(script));
  if (const auto expect = field.Member("expect")) {
    fixture.expects = true;
    TakeExpectation(*expect, &fixture.expect);
  }
  return fixture;
}

namespace {

void Collect(const fs::path& folder, std::vector<std::string>* files) {
  std::error_code error;
  std::vector<fs::path> folders;
  for (auto at = fs::directory_iterator(folder, error); !error && at != fs::directory_iterator(); at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.front() == '.' || name == "node_modules") continue;
    std::error_code ignored;
    if (at->is_directory(ignored) && !at->is_symlink(ignored)) {
      folders.push_back(at->path());
    } else if ((EndsWith(name, kFixtureSuffix) || IsTestFile(name)) && at->is_regular_file(ignored)) {
      files->push_back(at->path().string());
    }
  }
  if (error) throw EngineError(Status::kInvalid, "cannot list the folder " + folder.string() + ": " + error.message());
  for (const fs::path& each : folders) Collect(each, files);
}

}  // namespace

std::vector<Fixture> ParseFixtures(const std::string& file, const std::string& text) {
  const std::string shown = "the fixture " + file;
  const auto document = ParseStrict(text, {}, kMaxJsonDepth);
  if (!document) throw EngineError(Status::kInvalid, shown + ": " + document.error().message);
  std::vector<Fixture> fixtures;
  if (document->is_object()) {
    fixtures.push_back(ParseFixture(JsonField(shown, "", *document), file, 0));
    return fixtures;
  }
  std::set<std::string> names;
  for (const JsonField& each :
       JsonField(shown, "", *document).Elements("it has to be a fixture or an array of fixtures")) {
    if (each.value().is_object()) each.Needed("name", "each of several fixtures in a file has its own");
    fixtures.push_back(ParseFixture(each, file, fixtures.size()));
    if (!names.insert(fixtures.back().name).second)
      each.Member("name")->Wrong("another fixture in the file has that name; give it another");
  }
  if (fixtures.empty())
    throw EngineError(Status::kInvalid, shown + ": it is an array without fixtures; write one, or take the file away");
  return fixtures;
}

bool IsTestFile(std::string_view name) { return EndsWith(name, kTestSuffix); }

std::vector<std::string> FindTests(const std::vector<std::string>& paths) {
  std::vector<std::string> files;
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status))
      throw EngineError(Status::kInvalid, "there is no " + path + "; name a folder or a *.fixture.json or *.test.js");
    if (fs::is_directory(status)) {
      Collect(path, &files);
    } else if ((EndsWith(path, kFixtureSuffix) || IsTestFile(path)) && fs::is_regular_file(status)) {
      files.push_back(path);
    } else {
      throw EngineError(Status::kInvalid, path +
                                              " is no fixture and no test file; their names end in .fixture.json and "
                                              ".test.js");
    }
  }
  if (files.empty()) {
    throw EngineError(Status::kInvalid, "there is no *.fixture.json and no *.test.js in " + paths.front() +
                                            "; docs/journals.md says how to write one");
  }
  std::sort(files.begin(), files.end());
  files.erase(std::unique(files.begin(), files.end()), files.end());
  return files;
}

}  // namespace warder::cli
