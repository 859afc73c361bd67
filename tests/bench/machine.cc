#include "tests/bench/machine.h"

#include <sys/utsname.h>

#include <fstream>
#include <thread>

#include "warder/engine.h"

namespace warder::bench {

std::string Machine() {
  std::string model = "unknown";
  std::ifstream processors("/proc/cpuinfo");
  for (std::string line; std::getline(processors, line);) {
    if (!line.starts_with("model name")) continue;
    model = line.substr(line.find(": ") + 2);
    break;
  }
  utsname system{};
  ::uname(&system);
  return model + ", " + std::to_string(std::thread::hardware_concurrency()) + " processors, " + system.sysname + " " +
         system.release + "; Warder " + Version();
}

std::string Load() {
  std::ifstream file("/proc/loadavg");
  std::string text;
  std::getline(file, text);
  return text;
}

}  // namespace warder::bench
