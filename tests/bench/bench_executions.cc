// What an execution costs inside one engine, and how exactly limits end it. Prints tables; --json FILE writes the
// figures too.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "tests/bench/machine.h"
#include "tests/e2e/engine/support.h"

namespace warder::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int kWarmUp = 50;

double Percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)));
  return values[at];
}

ExecutionRequest RequestFor(std::string_view body) {
  ExecutionRequest request;
  request.bundle = e2e::FlowBundle(body);
  return request;
}

void RequireSuccess(const Outcome& outcome) {
  if (outcome.status == Status::kSucceeded) return;
  std::cerr << "bench_executions: an execution ended as " << StatusName(outcome.status) << ": " << outcome.reason
            << '\n';
  std::exit(1);
}

// Of this process and of those of its children that it has waited for, with theirs.
Milliseconds ProcessorTime() {
  Milliseconds total{0};
  for (const int whose : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    rusage usage{};
    ::getrusage(whose, &usage);
    for (const timeval& time : {usage.ru_utime, usage.ru_stime}) {
      total += std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
    }
  }
  return total;
}

struct Configuration {
  const char* name;
  EngineOptions options;
};

// The processor time that an engine takes with so many executions, its start and end included.
Milliseconds TimeWith(const Configuration& configuration, int executions, std::vector<double>* to_result,
                      std::vector<double>* to_end) {
  const ExecutionRequest request = RequestFor("return { data: { hello: 'world' } };");
  const Milliseconds before = ProcessorTime();
  {
    const auto engine = Engine::Open(configuration.options);
    for (int i = 0; i < executions; ++i) {
      const auto begun = Clock::now();
      const Execution execution = engine->Start(request);
      RequireSuccess(execution.WaitForResult());
      const auto result = Clock::now();
      RequireSuccess(execution.Wait());
      if (i < kWarmUp) continue;
      to_result->push_back(Milliseconds(result - begun).count());
      to_end->push_back(Milliseconds(Clock::now() - begun).count());
    }
  }
  return ProcessorTime() - before;
}

// One execution after the other: to its result, to its proven teardown, and what it takes of the processors.
std::string Latency(int executions) {
  const Configuration configurations[] = {{"warm, pooled", {}},
                                          {"warm", {.pooled_cells = 0}},
                                          {"fresh, pooled", {.start_mode = StartMode::kFresh}},
                                          {"fresh", {.start_mode = StartMode::kFresh, .pooled_cells = 0}}};
  std::string json = R"("latency":[)";
  std::printf("\none at a time, ms\n  %-14s %10s %8s %12s %8s %10s\n", "", "result p50", "p99", "teardown p50", "p99",
              "processor");
  for (const Configuration& each : configurations) {
    std::vector<double> to_result, to_end;
    const Milliseconds idle = TimeWith(each, 0, &to_result, &to_end);
    const Milliseconds all = TimeWith(each, kWarmUp + executions, &to_result, &to_end);
    const double processor = (all - idle).count() / (kWarmUp + executions);
    std::printf("  %-14s %10.2f %8.2f %12.2f %8.2f %10.2f\n", each.name, Percentile(to_result, 0.5),
                Percentile(to_result, 0.99), Percentile(to_end, 0.5), Percentile(to_end, 0.99), processor);
    char entry[256];
    std::snprintf(entry, sizeof entry,
                  R"(%s{"name":"%s","result_p50":%.3f,"result_p99":%.3f,"over_p50":%.3f,"over_p99":%.3f,"cpu":%.3f})",
                  json.back() == '[' ? "" : ",", each.name, Percentile(to_result, 0.5), Percentile(to_result, 0.99),
                  Percentile(to_end, 0.5), Percentile(to_end, 0.99), processor);
    json += entry;
  }
  return json + "]";
}

// Executions a second with a number of them under way at any time.
std::string Throughput(Engine& engine, int executions) {
  const ExecutionRequest request = RequestFor("return { data: { hello: 'world' } };");
  std::string json = R"("per_second":{)";
  std::printf("\nthroughput\n  %10s %14s\n", "in flight", "executions/s");
  for (const std::size_t in_flight : {1, 2, 8}) {
    std::deque<Execution> running;
    const auto begun = Clock::now();
    for (int i = 0; i < executions; ++i) {
      if (running.size() == in_flight) {
        RequireSuccess(running.front().Wait());
        running.pop_front();
      }
      running.push_back(engine.Start(request));
    }
    for (const Execution& execution : running) RequireSuccess(execution.Wait());
    const double rate = executions / std::chrono::duration<double>(Clock::now() - begun).count();
    std::printf("  %10zu %14.0f\n", in_flight, rate);
    char entry[64];
    std::snprintf(entry, sizeof entry, R"(%s"%zu":%.1f)", json.back() == '{' ? "" : ",", in_flight, rate);
    json += entry;
  }
  return json + "}";
}

struct Bomb {
  const char* name;
  const char* body;
  const char* limit;
};
constexpr Bomb kBombs[] = {
    {"loop", "while (true) {}", "wall"},
    {"microtasks", "const again = () => queueMicrotask(again); again(); await new Promise(() => {});", "wall"},
    {"awaits", "for (;;) await null;", "wall"},
    {"waiting", "await new Promise((done) => setTimeout(done, 600_000));", "wall"},
    {"allocating", "for (;;) new Array(1000).fill({});", "wall"},
    {"regexp", "/^(a+)+$/.test('a'.repeat(40) + 'b');", "wall"},
    {"big sort", "new Array(1e6).fill(0).map((_, i) => -i).sort((a, b) => a - b); for (;;);", "wall"},
    {"loop, CPU", "while (true) {}", "cpu"},
};

// How long after its deadline a bomb has ended, as seen by who waits for it; for a CPU limit, in CPU time.
std::string Deadlines(Engine& engine, int rounds) {
  constexpr double kDeadline = 300;
  constexpr double kTarget = 50;
  std::string json = R"("deadline_overrun_ms":{)";
  std::printf("\nend after a deadline of %.0f ms, ms late\n  %-12s %-6s %8s %8s\n", kDeadline, "", "limit", "p50",
              "max");
  for (const Bomb& bomb : kBombs) {
    ExecutionRequest request = RequestFor(bomb.body);
    request.limits.wall_ms = std::strcmp(bomb.limit, "wall") == 0 ? static_cast<std::uint64_t>(kDeadline) : 10'000;
    request.limits.cpu_ms = std::strcmp(bomb.limit, "cpu") == 0 ? static_cast<std::uint64_t>(kDeadline) : 10'000;
    std::vector<double> late;
    for (int i = 0; i < rounds; ++i) {
      const auto begun = Clock::now();
      const Execution execution = engine.Start(request);
      const Outcome& outcome = execution.Wait();
      const Milliseconds wall = Clock::now() - begun;
      const bool by_cpu = std::strcmp(bomb.limit, "cpu") == 0;
      late.push_back((by_cpu ? Milliseconds(outcome.usage.cpu) : wall).count() - kDeadline);
      if (!outcome.limit || outcome.limit->limit != bomb.limit) {
        std::cerr << "bench_executions: " << bomb.name << " ended as " << StatusName(outcome.status) << ": "
                  << outcome.reason << '\n';
        std::exit(1);
      }
    }
    const double worst = Percentile(late, 1);
    std::printf("  %-12s %-6s %8.1f %8.1f%s\n", bomb.name, bomb.limit, Percentile(late, 0.5), worst,
                worst > kTarget ? "  beyond 50" : "");
    char entry[96];
    std::snprintf(entry, sizeof entry, R"(%s"%s":{"p50":%.2f,"max":%.2f})", json.back() == '{' ? "" : ",", bomb.name,
                  Percentile(late, 0.5), worst);
    json += entry;
  }
  return json + "}";
}

}  // namespace
}  // namespace warder::bench

int main(int argc, char** argv) {
  const std::string json_file = argc == 3 && std::strcmp(argv[1], "--json") == 0 ? argv[2] : "";
  if (argc != 1 && json_file.empty()) {
    std::cerr << "usage: bench_executions [--json FILE]\n";
    return 2;
  }
  const auto begun = warder::bench::Clock::now();
  const auto engine = warder::Engine::Open({});
  const double open = warder::bench::Milliseconds(warder::bench::Clock::now() - begun).count();
  std::printf("engine open: %.1f ms\n", open);
  const std::string latency = warder::bench::Latency(500);
  const std::string throughput = warder::bench::Throughput(*engine, 500);
  const std::string deadlines = warder::bench::Deadlines(*engine, 10);
  if (!json_file.empty()) {
    std::ofstream(json_file) << "{\"machine\":\"" << warder::bench::Machine() << "\",\"open_ms\":" << open << ','
                             << latency << ',' << throughput << ',' << deadlines << "}\n";
  }
  return 0;
}
