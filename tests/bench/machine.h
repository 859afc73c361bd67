// What figures were taken on, for those who look at them later.
#pragma once

#include <string>

namespace warder::bench {

// "Intel(R) Xeon(R) Processor, 2 processors, Linux 6.18.5; Warder 0.1.0"
std::string Machine();

// The load averages: "0.10 0.20 0.30 1/200 4711".
std::string Load();

}  // namespace warder::bench
