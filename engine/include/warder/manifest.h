// What an integration declares: its flows and what starts them, its components' actions and connections, its
// configuration, the origins, scopes and methods that it asks for, its limits. `warder describe` prints it, a platform
// reviews and pins it, and at run time nothing is granted that does not stand in it.
//
// A manifest comes out of a cell, so it is what a stranger wrote: it is read strictly (known members only, bounded, one
// spelling), and its texts are for people only after they have been made harmless.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "warder/engine.h"
#include "warder/limits.h"

namespace warder::manifest {

inline constexpr std::size_t kMaxBytes = std::size_t{1} << 20;

// The one spelling of a manifest: two that say the same are the same bytes. Throws EngineError(kInvalid) with one
// sentence that names the member, its value and what it must be.
std::string Canonical(std::string_view json);

// The same for people: lines of UTF-8, of which each that holds a declared text is to be made harmless by whoever shows
// it. Throws as Canonical.
std::string Text(std::string_view json);

// What a flow, or an action, declares of its attempts.
struct Retry {
  std::uint64_t attempts = 1;
  std::uint64_t delay_ms = 0;
  std::uint64_t max_delay_ms = 0;
  std::string backoff;  // "fixed", "linear", "exponential"
  bool jitter = true;
};

// How long to wait behind the attempt of this number, from 1. With jitter: a half to the whole of that, as `draw`, from
// 0 to 1, says.
std::chrono::milliseconds DelayAfter(const Retry& retry, std::uint64_t attempt, double draw);

// How a flow wants to be run.
struct Terms {
  std::string flow;  // its key
  Limits limits;     // of each the smaller one: what the flow declares, or what `ceiling` allows
  Retry retry;
  // Likewise: jit where the flow declares it and the platform grants it.
  CellProfile profile = CellProfile::kJitless;
  CellProfile asked_profile = CellProfile::kJitless;  // what the flow declares
};

// `flow`: its key; empty: the only one there is. `most`: what the platform grants. Throws as Canonical, also where
// there is no such flow.
Terms TermsOf(std::string_view json, std::string_view flow, const Limits& ceiling,
              CellProfile most = CellProfile::kJitless);

struct Change {
  enum class Kind {
    kWidens,   // the new version may do what the old one may not
    kNarrows,  // it may no longer
    kOther,    // what it may do stays the same
  };
  Kind kind;
  std::string text;  // one line: "the connection acme.oauth may also reach https://files.acme.test"
};

// What a new version would newly be allowed to do, and what not any more. Throws as Canonical.
std::vector<Change> Compare(std::string_view old_json, std::string_view new_json);

}  // namespace warder::manifest
