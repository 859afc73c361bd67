// The code range of a process: what V8 makes in the zygotes of the profile jit. The zygote of the hostile image makes
// one like it, and so does the runner, whose children try unjailed what cells try.
#pragma once

#include <cstddef>

namespace warder::hostile {

inline constexpr std::size_t kPage = 4096;

struct Range {
  unsigned long begin = 0;  // a page that nobody can use lies before it, and one behind it
  unsigned long end = 0;
};

// Writable and executable, as V8 makes it. Throws std::runtime_error.
void MakeCodeRange();

// Where there is none, as in cells of the profile jitless, memory of the same shape that is writable only; made by
// calls that the filter allows. `begin` is 0 when that has failed.
Range CodeRange();
bool HasCodeRange();

}  // namespace warder::hostile
