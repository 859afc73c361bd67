// What an execution costs inside one engine, and how exactly limits end it. Prints tables; --json FILE writes the
// figures too.
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

// Latency of one execution after the other, start to proven teardown.
std::string Latency(Engine& engine, int executions) {
  const ExecutionRequest request = RequestFor("return { data: { hello: 'world' } };");
  std::vector<double> times;
  for (int i = 0; i < kWarmUp + executions; ++i) {
    const auto begun = Clock::now();
    RequireSuccess(engine.Start(request).Wait());
    if (i >= kWarmUp) times.push_back(Milliseconds(Clock::now() - begun).count());
  }
  char line[160];
  std::printf("\nlatency, one at a time, ms\n  %8s %8s %8s %8s\n", "p50", "p90", "p99", "max");
  std::printf("  %8.2f %8.2f %8.2f %8.2f\n", Percentile(times, 0.5), Percentile(times, 0.9), Percentile(times, 0.99),
              Percentile(times, 1));
  std::snprintf(line, sizeof line, R"("latency_ms":{"p50":%.3f,"p90":%.3f,"p99":%.3f,"max":%.3f})",
                Percentile(times, 0.5), Percentile(times, 0.9), Percentile(times, 0.99), Percentile(times, 1));
  return line;
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
  const std::string latency = warder::bench::Latency(*engine, 500);
  const std::string throughput = warder::bench::Throughput(*engine, 500);
  const std::string deadlines = warder::bench::Deadlines(*engine, 10);
  if (!json_file.empty()) {
    std::ofstream(json_file) << "{\"open_ms\":" << open << ',' << latency << ',' << throughput << ',' << deadlines
                             << "}\n";
  }
  return 0;
}
