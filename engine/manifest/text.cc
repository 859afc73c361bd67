// A manifest for people.
#include <algorithm>
#include <string>

#include "engine/manifest/model.h"
#include "engine/manifest/words.h"
#include "warder/manifest.h"

namespace warder::manifest {
namespace {

std::string InputText(const Input& input) {
  std::string text = input.key.empty() ? "" : input.key + ": ";
  text += input.type;
  if (!input.connection.empty()) text += " " + OneLine(input.connection);
  if (!input.parts.empty()) {
    std::string parts;
    for (const Input& part : input.parts) parts += (parts.empty() ? "" : ", ") + InputText(part);
    text += input.type == "object" ? " { " + parts + " }" : " of " + parts;
  }
  if (input.required) text += ", required";
  return text;
}

std::string InputsText(const std::vector<Input>& inputs, const std::string& indent) {
  std::string text;
  for (const Input& input : inputs) {
    text += indent + InputText(input) + (input.label.empty() ? "" : "  (" + OneLine(input.label) + ")") + "\n";
  }
  return text;
}

std::string ConnectionText(const Connection& connection) {
  std::string text = "  " + connection.key + "  " + connection.kind + "\n    reaches " + Joined(connection.origins) +
                     ", " + MethodsOf(connection) + "\n";
  const auto line = [&](const char* what, const std::string& value) {
    if (!value.empty()) text += std::string("    ") + what + " " + OneLine(value) + "\n";
  };
  line("grant", connection.grant);
  line("scopes", Joined(connection.scopes));
  line("authorizes at", connection.authorize_url);
  line("gets tokens from", connection.token_url);
  line("revokes at", connection.revoke_url);
  line("sends the key in the header", connection.header);
  line("sends the key in the query parameter", connection.query);
  line("fields", Joined(connection.fields));
  return text;
}

std::string RetryText(const std::optional<Retry>& retry, const std::string& indent) {
  if (!retry) return {};
  return indent + "tried up to " + std::to_string(retry->attempts) + " times, after " + Duration(retry->delay_ms) +
         ", " + retry->backoff + "\n";
}

std::string FlowText(const Flow& flow) {
  std::string text =
      "  " + flow.key + "  " + OneLine(flow.name) + "\n    started by " + DescribeTrigger(flow.trigger) + "\n";
  text += RetryText(flow.retry, "    ");
  std::string limits;
  for (const LimitSpec& spec : LimitTable()) {
    if (std::find(flow.limits_named.begin(), flow.limits_named.end(), spec.name) == flow.limits_named.end()) continue;
    limits +=
        (limits.empty() ? "" : ", ") + std::string(spec.name) + " " + FormatLimit(spec.unit, flow.limits.*(spec.value));
  }
  if (!limits.empty()) text += "    limits " + limits + "\n";
  if (flow.profile == CellProfile::kJit) text += "    asks for jit\n";
  if (!flow.inputs.empty()) text += "    inputs\n" + InputsText(flow.inputs, "      ");
  return text;
}

std::string ActionText(const Action& action) {
  return "  " + action.key + "  " + OneLine(action.label) + (action.idempotent ? ", idempotent" : "") + "\n" +
         RetryText(action.retry, "    ") + InputsText(action.inputs, "    ");
}

}  // namespace

std::string Text(std::string_view json) {
  const Manifest manifest = Read(json);
  std::string text = OneLine(manifest.name) + " " + OneLine(manifest.version) + "\n";
  if (!manifest.description.empty()) text += OneLine(manifest.description) + "\n";
  std::string connections;
  std::string actions;
  for (const Component& component : manifest.components) {
    for (const Connection& each : component.connections) connections += ConnectionText(each);
    for (const Action& each : component.actions) actions += ActionText(each);
  }
  const auto section = [&](const char* title, const std::string& lines) {
    if (!lines.empty()) text += "\n" + std::string(title) + "\n" + lines;
  };
  std::string flows;
  for (const Flow& each : manifest.flows) flows += FlowText(each);
  section("Connections", connections);
  section("Configuration", InputsText(manifest.config, "  "));
  section("Flows", flows);
  section("Actions", actions);
  return text;
}

}  // namespace warder::manifest
