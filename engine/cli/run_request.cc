#include "engine/cli/run_request.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <system_error>

#include "engine/cli/input_file.h"

namespace warder::cli {
namespace {

constexpr const char* kRaise = "make it smaller, or raise the limit with --limits (see `warder policy`)";
constexpr InputBound kEvent{"event", &Limits::event_bytes, kRaise};
constexpr InputBound kConfig{"configuration", &Limits::event_bytes, kRaise};
constexpr InputBound kLimits{"limits", &Limits::event_bytes, "limits are one small JSON object (see `warder policy`)"};

Limits ReadLimits(const std::string& path) {
  if (path.empty()) return {};
  const std::string text = ReadInputFile(kLimits, path, Limits{});
  try {
    return ParseLimits(text);
  } catch (const EngineError& error) {
    throw EngineError(error.status(), "the file " + path + ": " + error.what(), error.layer());
  }
}

NamedConnection ReadConnection(const std::string& option) {
  const std::size_t equals = option.find('=');
  if (equals == std::string::npos && !option.empty()) return {.name = option};
  if (option.empty() || equals == 0 || equals + 1 == option.size()) {
    throw EngineError(Status::kInvalid,
                      "--connect takes the NAME of a stored connection, or NAME=FILE, such as "
                      "acme=acme.json, not \"" +
                          option + "\"");
  }
  return {option.substr(0, equals), Connection::Load(option.substr(equals + 1))};
}

// node's options: --inspect-brk[=PORT] says more than --inspect[=PORT].
std::optional<Inspect> InspectOf(const RunOptions& options) {
  const std::string& port = options.inspect_brk.empty() ? options.inspect : options.inspect_brk;
  if (port.empty()) return std::nullopt;
  // CLI11 keeps what an option excludes in the order of addresses: help with two of those is another one each time.
  if (!options.record.empty()) {
    throw EngineError(Status::kInvalid,
                      "--inspect and --record exclude each other: a journal knows nothing of what a debugger does");
  }
  Inspect inspect{.pause_at_start = !options.inspect_brk.empty()};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), inspect.port);
  if (error != std::errc() || end != port.data() + port.size()) {
    throw EngineError(Status::kInvalid, "the port of --inspect is 0 (any free one) to 65535, not \"" + port +
                                            "\"; a debugger is only waited for on 127.0.0.1");
  }
  return inspect;
}

std::string EventName(const RunOptions& options) { return options.event == "-" ? "standard input" : options.event; }

bool StartsWithEither(std::string_view line, std::string_view one, std::string_view other) {
  return line.starts_with(one) || line.starts_with(other);
}

// Where the value comes from that a sentence of the cell's is about; empty: it is about something else.
std::string SourceOf(std::string_view sentence, const RunOptions& options) {
  if (StartsWithEither(sentence, "the input ", "the event of ")) {
    return options.event.empty() ? "without --event" : EventName(options);
  }
  if (StartsWithEither(sentence, "the config ", "the configuration of ")) {
    return options.config.empty() ? "without --config" : options.config;
  }
  return {};
}

}  // namespace

ExecutionRequest MakeRequest(const RunOptions& options, int in) {
  ExecutionRequest request;
  request.limits = ReadLimits(options.limits);
  request.flow = options.flow;
  request.allow_origins = options.allow;
  request.log_payloads = options.log_payloads;
  if (!options.tenant.empty()) request.tenant = options.tenant;
  request.instance = options.instance;
  request.inspect = InspectOf(options);
  for (const std::string& each : options.connect) request.connections.push_back(ReadConnection(each));
  if (options.event == "-") {
    request.event_json = ReadInput(kEvent, in, EventName(options), request.limits);
  } else if (!options.event.empty()) {
    request.event_json = ReadInputFile(kEvent, options.event, request.limits);
  }
  if (!options.config.empty()) request.config_json = ReadInputFile(kConfig, options.config, request.limits);
  request.bundle = Bundle::Load(options.bundle, request.limits.bundle_bytes);
  return request;
}

bool NeedsVault(const ExecutionRequest& request) {
  return !request.instance.empty() ||
         std::any_of(request.connections.begin(), request.connections.end(),
                     [](const NamedConnection& each) { return each.connection == nullptr; });
}

std::string WithSource(const std::string& message, const RunOptions& options) {
  const auto from = [&](std::string_view subject, const std::string& file) -> std::string {
    if (file.empty() || message.compare(0, subject.size(), subject) != 0) return {};
    return std::string(subject) + " from " + file + message.substr(subject.size());
  };
  for (const std::string& named : {from("the event", EventName(options)), from("the configuration", options.config),
                                   from("the allowed origin", "--allow"), from("the layer", "--permit-degraded")}) {
    if (!named.empty()) return named;
  }
  return message;
}

std::string WithSources(std::string_view reason, const RunOptions& options) {
  std::string text;
  for (std::size_t at = 0; at < reason.size();) {
    const std::size_t end = std::min(reason.find('\n', at), reason.size());
    const std::string_view sentence = reason.substr(at, end - at);
    const std::string source = SourceOf(sentence, options);
    text += (at == 0 ? "" : "\n") + source + (source.empty() ? "" : ": ") + std::string(sentence);
    at = end + 1;
  }
  return text;
}

}  // namespace warder::cli
