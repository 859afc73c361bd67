// From the JSON that a cell has written to a manifest that can be relied on.
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

#include "engine/base/strict_json.h"
#include "engine/broker/origin.h"
#include "engine/manifest/members.h"
#include "engine/manifest/model.h"
#include "engine/store/canonical_json.h"
#include "warder/engine.h"
#include "warder/manifest.h"

namespace warder::manifest {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kFormat = 1;
constexpr std::uint64_t kDayMs = 86'400'000;
constexpr std::uint64_t kMaxDelayMs = 31 * kDayMs;
constexpr int kMaxNesting = 3;

constexpr std::array<std::string_view, 8> kTypes = {"string", "number", "boolean",    "object",
                                                    "list",   "map",    "connection", "any"};
constexpr std::array<std::string_view, 4> kKinds = {"oauth2", "apiKey", "basic", "custom"};
constexpr std::array<std::string_view, 4> kGrants = {"authorization-code", "client-credentials", "device",
                                                     "jwt-bearer"};
constexpr std::array<std::string_view, 4> kTriggers = {"webhook", "schedule", "poll", "manual"};
constexpr std::array<std::string_view, 7> kSchemes = {"none",  "standard-webhooks", "github", "stripe",
                                                      "slack", "shopify",           "hmac"};
constexpr std::array<std::string_view, 3> kAlgorithms = {"sha1", "sha256", "sha512"};
constexpr std::array<std::string_view, 2> kEncodings = {"hex", "base64"};
constexpr std::array<std::string_view, 3> kBackoffs = {"fixed", "linear", "exponential"};
constexpr std::array<std::string_view, 7> kMethods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};

bool IsOrigin(std::string_view text) {
  const auto origin = broker::ParseOrigin(text);
  return origin && origin->ToString() == text;
}

bool IsWebUrl(std::string_view text) { return text.starts_with("https://") || text.starts_with("http://"); }

// RFC 6749, section 3.3.
bool IsScope(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f && c != '"' && c != '\\'; });
}

bool IsMethod(std::string_view text) { return std::find(kMethods.begin(), kMethods.end(), text) != kMethods.end(); }

std::string Url(Members& from, std::string_view name, bool required) {
  std::string text = required ? from.RequiredText(name) : from.Text(name);
  if (!text.empty() && !IsWebUrl(text)) Refuse(from.PathOf(name), "must be a URL of http or https", from.Value(name));
  return text;
}

std::vector<Input> ReadInputs(Members& from, std::string_view name, int nesting);

Input ReadInput(const json::value& value, const std::string& path, bool keyed, int nesting) {
  if (nesting > kMaxNesting) Refuse(path, "is nested deeper than 3 levels", nullptr);
  Members from(value, path);
  Input input;
  if (keyed) input.key = from.Name("key");
  input.type = from.OneOf("type", kTypes);
  input.label = from.Text("label");
  input.description = from.Text("description");
  input.required = from.Flag("required");
  input.has_default = from.Value("default") != nullptr;
  if (input.type == "connection") input.connection = from.Text("connection");
  if (input.type == "string" || input.type == "number") {
    const json::value* const choices = from.Value("choices");
    if (choices != nullptr && (!choices->is_array() || choices->get_array().size() > kMaxEntries)) {
      Refuse(from.PathOf("choices"), "must be a list of at most 1000", choices);
    }
  }
  if (input.type == "number") from.Flag("integer");
  if (input.type == "string" || input.type == "number" || input.type == "list") {
    for (const char* const bound : {"minimum", "maximum"}) {
      const json::value* const number = from.Value(bound);
      if (number != nullptr && !number->is_number()) Refuse(from.PathOf(bound), "must be a number", number);
    }
  }
  if (input.type == "object") input.parts = ReadInputs(from, "fields", nesting + 1);
  if (input.type == "list" || input.type == "map") {
    if (const json::value* const items = from.Value("items")) {
      input.parts.push_back(ReadInput(*items, from.PathOf("items"), false, nesting + 1));
    }
  }
  from.End();
  return input;
}

std::vector<Input> ReadInputs(Members& from, std::string_view name, int nesting) {
  std::vector<Input> inputs;
  from.ForEach(name, [&](const json::value& value, const std::string& path) {
    return inputs.emplace_back(ReadInput(value, path, true, nesting)).key;
  });
  return inputs;
}

std::optional<Retry> ReadRetry(Members& owner) {
  const json::value* const value = owner.Value("retry");
  if (value == nullptr) return std::nullopt;
  Members from(*value, owner.PathOf("retry"));
  Retry retry;
  retry.attempts = from.Number("maxAttempts", 1, 20);
  retry.delay_ms = from.Number("delay", 0, kMaxDelayMs);
  retry.max_delay_ms = from.Number("maxDelay", 0, kMaxDelayMs);
  retry.backoff = from.OneOf("backoff", kBackoffs);
  retry.jitter = from.Flag("jitter");
  from.End();
  return retry;
}

Connection ReadConnection(const json::value& value, const std::string& path, const std::string& component) {
  Members from(value, path);
  Connection connection;
  connection.key = component + "." + from.Name("key");
  connection.kind = from.OneOf("kind", kKinds);
  connection.label = from.Text("label");
  from.Text("description");
  auto origins = from.Texts("origins", "must be an origin such as \"https://api.acme.test\"", IsOrigin);
  if (!origins || origins->empty()) Refuse(from.PathOf("origins"), "must name at least one origin", nullptr);
  connection.origins = std::move(*origins);
  connection.methods = from.Texts("methods", "must be a method", IsMethod);
  if (connection.kind == "oauth2") {
    connection.grant = from.OneOf("grant", kGrants);
    connection.authorize_url = Url(from, "authorizeUrl", false);
    connection.token_url = Url(from, "tokenUrl", true);
    connection.revoke_url = Url(from, "revokeUrl", false);
    connection.scopes = from.Texts("scopes", "must be a scope", IsScope).value_or(std::vector<std::string>());
  } else if (connection.kind == "apiKey") {
    connection.header = from.Text("header");
    connection.query = from.Text("query");
    connection.prefix = from.Text("prefix");
    if (connection.header.empty() == connection.query.empty()) Refuse(path, "must have header or query", nullptr);
  } else if (connection.kind == "custom") {
    from.ForEach("fields", [&](const json::value& each, const std::string& place) {
      Members field(each, place);
      connection.fields.push_back(field.Name("key"));
      field.Text("label");
      field.Text("description");
      field.End();
      return connection.fields.back();
    });
  }
  from.End();
  return connection;
}

Action ReadAction(const json::value& value, const std::string& path, const std::string& component) {
  Members from(value, path);
  Action action;
  action.key = component + "." + from.Name("key");
  action.label = from.RequiredText("label");
  from.Text("description");
  action.idempotent = from.Flag("idempotent");
  action.retry = ReadRetry(from);
  action.inputs = ReadInputs(from, "inputs", 1);
  from.End();
  return action;
}

Component ReadComponent(const json::value& value, const std::string& path) {
  Members from(value, path);
  Component component;
  component.key = from.Key("key");
  component.label = from.RequiredText("label");
  from.Text("description");
  from.ForEach("connections", [&](const json::value& each, const std::string& place) {
    return component.connections.emplace_back(ReadConnection(each, place, component.key)).key;
  });
  from.ForEach("actions", [&](const json::value& each, const std::string& place) {
    return component.actions.emplace_back(ReadAction(each, place, component.key)).key;
  });
  from.End();
  return component;
}

void ReadVerification(Members& owner, Trigger* trigger) {
  const json::value* const value = owner.Value("verify");
  if (value == nullptr) Refuse(owner.PathOf("verify"), "is missing: it must be an object", nullptr);
  Members from(*value, owner.PathOf("verify"));
  trigger->scheme = from.OneOf("scheme", kSchemes);
  if (trigger->scheme != "none") trigger->secret = from.RequiredText("secret");
  if (trigger->scheme == "hmac") {
    trigger->header = from.RequiredText("header");
    trigger->algorithm = from.OneOf("algorithm", kAlgorithms);
    trigger->encoding = from.OneOf("encoding", kEncodings);
    trigger->prefix = from.Text("prefix");
  }
  from.End();
}

Trigger ReadTrigger(Members& flow) {
  const json::value* const value = flow.Value("trigger");
  if (value == nullptr) Refuse(flow.PathOf("trigger"), "is missing: it must be an object", nullptr);
  Members from(*value, flow.PathOf("trigger"));
  Trigger trigger;
  trigger.kind = from.OneOf("kind", kTriggers);
  if (trigger.kind == "webhook") {
    trigger.methods = from.Texts("methods", "must be a method", IsMethod).value_or(std::vector<std::string>());
    trigger.respond = from.Flag("respond");
    ReadVerification(from, &trigger);
  } else if (trigger.kind == "schedule") {
    trigger.cron = from.Text("cron");
    if (!trigger.cron.empty()) trigger.timezone = from.RequiredText("timezone");
  }
  if (trigger.kind == "poll" || (trigger.kind == "schedule" && trigger.cron.empty())) {
    trigger.every_ms = from.Number("every", 60'000, kMaxDelayMs);
    if (trigger.every_ms == 0) Refuse(from.PathOf("every"), "is missing: it must be a number of milliseconds", nullptr);
  }
  from.End();
  return trigger;
}

void ReadLimits(Members& owner, Flow* flow) {
  const json::value* const value = owner.Value("limits");
  if (value == nullptr) return;
  if (!value->is_object()) Refuse(owner.PathOf("limits"), "must be an object", value);
  try {
    flow->limits = ParseLimits(json::serialize(*value));
  } catch (const EngineError& error) {
    throw EngineError(Status::kInvalid, "the manifest's " + owner.PathOf("limits") + ": " + error.what());
  }
  for (const auto& member : value->get_object())
    flow->limits_named.emplace_back(member.key().data(), member.key().size());
}

Flow ReadFlow(const json::value& value, const std::string& path) {
  Members from(value, path);
  Flow flow;
  flow.key = from.Key("key");
  flow.name = from.RequiredText("name");
  flow.description = from.Text("description");
  flow.trigger = ReadTrigger(from);
  flow.inputs = ReadInputs(from, "inputs", 1);
  flow.retry = ReadRetry(from);
  ReadLimits(from, &flow);
  if (const json::value* const jit = from.Value("jit")) {
    if (*jit != true) Refuse(from.PathOf("jit"), "must be true, or be left out", jit);
    flow.profile = CellProfile::kJit;
  }
  from.End();
  return flow;
}

// A connection of the configuration has to be one that a component declares.
void CheckReferences(const Manifest& manifest) {
  for (std::size_t i = 0; i < manifest.config.size(); ++i) {
    const Input& input = manifest.config[i];
    if (input.type != "connection") continue;
    bool found = false;
    for (const Component& component : manifest.components) {
      for (const Connection& each : component.connections) found = found || each.key == input.connection;
    }
    if (!found) {
      const json::value named(json::string_view(input.connection.data(), input.connection.size()));
      Refuse("config[" + std::to_string(i) + "].connection", "must name a connection of a component", &named);
    }
  }
}

}  // namespace

Manifest Read(std::string_view text) {
  if (text.size() > kMaxBytes) {
    throw EngineError(Status::kInvalid, "the manifest has " + std::to_string(text.size()) +
                                            " bytes, more than the 1 MB that one may have");
  }
  const auto document = ParseStrict(text);
  if (!document) throw EngineError(Status::kInvalid, "the manifest cannot be read: " + document.error().message);
  Members from(*document, "");
  if (from.Number("warder", kFormat, kFormat) != kFormat) {
    Refuse("warder", "is missing: it must be 1, the manifest's format", nullptr);
  }
  Manifest manifest;
  manifest.name = from.RequiredText("name");
  manifest.version = from.RequiredText("version");
  manifest.description = from.Text("description");
  from.ForEach("components", [&](const json::value& each, const std::string& path) {
    return manifest.components.emplace_back(ReadComponent(each, path)).key;
  });
  manifest.config = ReadInputs(from, "config", 1);
  from.ForEach("flows", [&](const json::value& each, const std::string& path) {
    return manifest.flows.emplace_back(ReadFlow(each, path)).key;
  });
  if (manifest.flows.empty()) Refuse("flows", "must be a list of at least one flow", from.Value("flows"));
  from.End();
  CheckReferences(manifest);
  auto canonical = store::CanonicalJson(*document, kMaxStrictDepth, store::Doubles::kShortest);
  if (!canonical) Refuse("", "cannot be written in one way", nullptr);
  manifest.canonical = std::move(*canonical);
  return manifest;
}

std::string Canonical(std::string_view json) { return Read(json).canonical; }

}  // namespace warder::manifest
