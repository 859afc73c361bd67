#include "warder/limits.h"

#include <array>
#include <boost/json.hpp>
#include <optional>

#include "engine/base/quantity.h"
#include "engine/base/strict_json.h"
#include "warder/engine.h"

namespace warder {
namespace {

constexpr std::uint64_t kMiB = 1ull << 20;
constexpr std::uint64_t kGiB = 1ull << 30;

// clang-format off
constexpr std::array kTable = {
    LimitSpec{"wall", &Limits::wall_ms, LimitUnit::kMilliseconds, 1, 15ull * 60'000,
              "time from start to result; ends the run"},
    LimitSpec{"cpu", &Limits::cpu_ms, LimitUnit::kMilliseconds, 1, 5ull * 60'000,
              "CPU time of the cell, kernel time included, and of the engine on what it sends; ends the run"},
    LimitSpec{"heap", &Limits::heap_bytes, LimitUnit::kBytes, 8 * kMiB, 1 * kGiB,
              "JavaScript heap; ends the run"},
    LimitSpec{"array-buffer", &Limits::array_buffer_bytes, LimitUnit::kBytes, 1 * kMiB, 1 * kGiB,
              "bytes in ArrayBuffers; allocation throws RangeError, uncaught it ends the run"},
    LimitSpec{"calls", &Limits::calls, LimitUnit::kCount, 0, 100'000,
              "HTTP calls in all; ends the run"},
    LimitSpec{"in-flight", &Limits::in_flight, LimitUnit::kCount, 1, 256,
              "HTTP calls at a time; further ones wait"},
    LimitSpec{"timers", &Limits::timers, LimitUnit::kCount, 0, 10'000,
              "timers at a time; ends the run"},
    LimitSpec{"request-bytes", &Limits::request_bytes, LimitUnit::kBytes, 0, 4 * kGiB,
              "request bodies in all; ends the run"},
    LimitSpec{"response-bytes", &Limits::response_bytes, LimitUnit::kBytes, 0, 4 * kGiB,
              "response bodies in all, after decompression; ends the run"},
    LimitSpec{"log", &Limits::log_bytes, LimitUnit::kBytes, 0, 16 * kMiB,
              "log messages, fields and what is recorded of steps in all, and 64 bytes for each; what is beyond is "
              "dropped, with one notice"},
    LimitSpec{"output", &Limits::output_bytes, LimitUnit::kBytes, 2, 64 * kMiB,
              "the flow's result as JSON; ends the run"},
    LimitSpec{"event", &Limits::event_bytes, LimitUnit::kBytes, 4, 64 * kMiB,
              "the event, and likewise the configuration, as JSON; refused before the start"},
    LimitSpec{"bundle", &Limits::bundle_bytes, LimitUnit::kBytes, 1, 64 * kMiB,
              "all files of the bundle; refused before the start"},
};
// clang-format on

std::string_view Examples(LimitUnit unit) {
  switch (unit) {
    case LimitUnit::kMilliseconds:
      return "a duration such as \"500ms\", \"30s\" or \"2m\"";
    case LimitUnit::kBytes:
      return "a size such as \"64KB\", \"32MB\" or \"1GB\"";
    case LimitUnit::kCount:
      break;
  }
  return "a whole number";
}

std::optional<std::uint64_t> ParseValue(LimitUnit unit, const boost::json::value& value) {
  if (const auto* text = value.if_string()) return ParseQuantity(unit, std::string_view(text->data(), text->size()));
  if (const auto* number = value.if_int64(); number != nullptr && *number >= 0) {
    return static_cast<std::uint64_t>(*number);
  }
  if (const auto* number = value.if_uint64()) return *number;
  return std::nullopt;
}

[[noreturn]] void Invalid(const std::string& message) { throw EngineError(Status::kInvalid, message); }

std::string KnownNames() {
  std::string names;
  for (const LimitSpec& spec : kTable) names += (names.empty() ? "" : ", ") + std::string(spec.name);
  return names;
}

}  // namespace

std::span<const LimitSpec> LimitTable() { return kTable; }

Limits ParseLimits(std::string_view json, const Limits& base) {
  const auto document = ParseStrict(json);
  if (!document) Invalid("the limits cannot be read: " + document.error().message);
  const auto* object = document->if_object();
  if (object == nullptr) {
    Invalid("the limits are not a JSON object such as {\"wall\": \"30s\"}, but " + Shown(*document));
  }

  Limits limits = base;
  for (const auto& [key, value] : *object) {
    const std::string name(key.data(), key.size());
    const LimitSpec* spec = nullptr;
    for (const LimitSpec& candidate : kTable) {
      if (candidate.name == name) spec = &candidate;
    }
    if (spec == nullptr) {
      Invalid("limit " + Shown(boost::json::value(key)) + " does not exist; the limits are " + KnownNames());
    }
    const auto parsed = ParseValue(spec->unit, value);
    if (!parsed) {
      Invalid("limit \"" + name + "\": " + Shown(value) + " is not " + std::string(Examples(spec->unit)));
    }
    if (*parsed < spec->minimum || *parsed > spec->maximum) {
      Invalid("limit \"" + name + "\": " + FormatLimit(spec->unit, *parsed) + " is outside of " +
              FormatLimit(spec->unit, spec->minimum) + " to " + FormatLimit(spec->unit, spec->maximum));
    }
    limits.*(spec->value) = *parsed;
  }
  return limits;
}

}  // namespace warder
