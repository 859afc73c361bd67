// start_bench: what an isolate and its context cost from the runtime's snapshot, against an empty one.
// Processor time, so that a busy machine does not count; medians of many, and beside their ratio that of the fastest
// tenth. usage: start_bench SNAPSHOT EMPTY_SNAPSHOT MOST; exit code 1 where the ratio is more than MOST
#include <time.h>
#include <v8-snapshot.h>

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <vector>

#include "sandbox/base/mapped_file.h"
#include "sandbox/cell/buffer_budget.h"
#include "sandbox/cell/frozen_platform.h"
#include "sandbox/cell/runtime.h"
#include "sandbox/cell/startup.h"
#include "sandbox/cell/v8_start.h"

namespace {

constexpr int kRounds = 300;

double Now() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

double Microseconds(const warder::cell::Startup& startup) {
  warder::cell::BufferBudget buffers;
  const double begin = Now();
  v8::Isolate* const isolate = warder::cell::MakeIsolate(&startup.snapshot(), &buffers);
  double elapsed = 0;
  {
    const v8::Isolate::Scope entered(isolate);
    const v8::HandleScope scope(isolate);
    const warder::cell::Runtime runtime(isolate);
    elapsed = Now() - begin;
  }
  isolate->Dispose();
  return elapsed;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  warder::cell::FrozenPlatform platform;
  warder::cell::StartV8(&platform, warder::zygote::CellProfile::kJitless);
  const warder::MappedFile bytes[] = {warder::MappedFile(argv[1]), warder::MappedFile(argv[2])};
  const warder::cell::Startup files[] = {warder::cell::Startup(bytes[0].bytes()),
                                         warder::cell::Startup(bytes[1].bytes())};
  std::vector<double> times[2];
  // In turn, so that a slow moment of the machine hits both.
  for (int round = 0; round < kRounds; ++round) {
    for (int i = 0; i < 2; ++i) times[i].push_back(Microseconds(files[i]));
  }
  double medians[2];
  double fastest[2];
  for (int i = 0; i < 2; ++i) {
    std::sort(times[i].begin(), times[i].end());
    medians[i] = times[i][kRounds / 2];
    fastest[i] = times[i][kRounds / 10];
    std::cout << argv[i + 1] << ": " << files[i].snapshot().raw_size << " bytes, " << medians[i] << " us\n";
  }
  const double most = std::stod(argv[3]);
  const double ratio = medians[0] / medians[1];
  std::cout << "ratio " << ratio << ", of the fastest tenth " << fastest[0] / fastest[1] << "; at most " << most
            << " is wanted\n";
  return ratio <= most ? 0 : 1;
}
