// The limits of one execution: what each bounds, its default and its ceiling, in one table.
//
// The table is the only place where these numbers stand. `warder policy` prints it, `--limits FILE` and the engine read
// it. A value above `maximum` is invalid input, not silently lowered.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace warder {

struct Limits {
  std::uint64_t wall_ms = 60'000;
  std::uint64_t cpu_ms = 10'000;
  std::uint64_t heap_bytes = 128ull << 20;
  std::uint64_t array_buffer_bytes = 64ull << 20;
  std::uint64_t calls = 1'000;
  std::uint64_t in_flight = 32;
  std::uint64_t timers = 1'000;
  std::uint64_t request_bytes = 256ull << 20;
  std::uint64_t response_bytes = 256ull << 20;
  std::uint64_t log_bytes = 256ull << 10;
  std::uint64_t output_bytes = 1ull << 20;
  std::uint64_t event_bytes = 8ull << 20;
  std::uint64_t bundle_bytes = 16ull << 20;
};

enum class LimitUnit { kMilliseconds, kBytes, kCount };

struct LimitSpec {
  std::string_view name;  // as in a limits file and in a verdict: "wall", "cpu", "heap", ...
  std::uint64_t Limits::*value;
  LimitUnit unit;
  std::uint64_t minimum;
  std::uint64_t maximum;
  std::string_view bounds;  // what it bounds and what happens at it, one sentence
};

// Every member of Limits, once. Thread-safe: constant data.
std::span<const LimitSpec> LimitTable();

// Reads a JSON object such as {"wall":"60s","cpu":"2s","heap":"64MB","calls":100} over `base`. Durations take ms, s, m;
// sizes take B, KB, MB, GB (powers of 1024); bare numbers are milliseconds, bytes or counts. Throws EngineError
// (Status::kInvalid) that names the field, the value and what is allowed.
Limits ParseLimits(std::string_view json, const Limits& base = {});

// "60s", "64MB", "1000": the shortest form that ParseLimits reads back to the same value.
std::string FormatLimit(LimitUnit unit, std::uint64_t value);

}  // namespace warder
