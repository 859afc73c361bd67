// The settings in which a probe is tried.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/jail/layers.h"
#include "sandbox/zygote/testcases/harness.h"
#include "tests/hostile/attempt.h"
#include "tests/hostile/fixture.h"
#include "tests/hostile/probe.h"

namespace warder::hostile {

// What came of a probe in one setting.
struct Outcome {
  enum class Kind {
    kOpen,     // it gained something, or reached the kernel
    kFilter,   // seccomp stopped or answered it
    kKernel,   // stopped with `error`
    kUntried,  // `text` says why
    kBroken,   // the setting could not be made, or ended in a way that shows nothing: `text`
  };
  Kind kind = Kind::kBroken;
  int error = 0;
  std::string text;
  std::vector<long> calls;  // that the attempt made, if it lived to tell
};

// "open", "FILTER(kill)", "KERNEL(EACCES)", ...
std::string Describe(const Outcome& outcome);
std::string DescribeError(int error);

// In a child, with nothing around it but the probe's base.
Outcome TryUnjailed(const Fixture& fixture, const Probe& probe);
// Behind one layer alone. For jail::layer::kSeccomp: no_new_privs and the cell's filter. `calls` are those of the
// attempt unjailed: a filter that stopped another call than one of these has shown nothing.
Outcome TryAlone(const Fixture& fixture, const Probe& probe, std::string_view layer, const std::vector<long>& calls);
// In a cell of `engine`, whose image has the probe at these indices of AllGroups().
struct Place {
  std::uint32_t group = 0;
  std::uint32_t probe = 0;
};
enum class WithFilter { kNo, kYes };
Outcome TryInCell(const Fixture& fixture, const Probe& probe, Place place, testcases::TestEngine& engine,
                  WithFilter with_filter, const std::vector<long>& calls);

}  // namespace warder::hostile
