// An execution of Warder's beside what isolates less, or isolates as much and costs more: all in turn, in the same
// minutes, on the same workload.
//
//   bench_peers MODULES [--rounds N] [--json FILE]      MODULES: where peers.sh has installed the npm packages
//
// Each subject runs once in each round, so that a slow moment of the machine hits all. Then what one engine can hold:
// executions a second, in turn with workerd's requests; the memory of a cell that waits; the time of its start.
#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/bench/machine.h"
#include "tests/bench/peer_subjects.h"
#include "tests/bench/upstream.h"
#include "tests/e2e/engine/support.h"

namespace warder::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr int kWarmUp = 5;

struct Entry {
  std::string name;
  std::unique_ptr<Subject> subject;
  std::vector<Sample> samples;
};

double Percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)))];
}

std::vector<double> Of(const std::vector<Sample>& samples, double Sample::*member) {
  std::vector<double> values;
  values.reserve(samples.size());
  for (const Sample& sample : samples) values.push_back(sample.*member);
  return values;
}

std::vector<Entry> Subjects(const fs::path& modules) {
  const std::vector<std::string> jail = {"bwrap", "--unshare-all", "--ro-bind", "/",    "/",
                                         "--dev", "/dev",          "--proc",    "/proc"};
  std::vector<std::string> nothing = jail;
  nothing.emplace_back("/usr/bin/true");
  // It shares the network, for its call.
  std::vector<std::string> calling = jail;
  calling.insert(calling.begin() + 2, "--share-net");
  const std::string once = fs::path(WARDER_BENCH) / "peers/once.mjs";
  calling.insert(calling.end(), {"node", once});
  const std::string deno = modules / "node_modules/@deno/linux-x64-glibc/deno";
  std::vector<Entry> entries;
  const auto add = [&](const char* name, std::unique_ptr<Subject> subject) {
    entries.push_back({name, std::move(subject), {}});
  };
  add("warder, warm, pooled", MakeWarder({}));
  add("warder, warm", MakeWarder({.pooled_cells = 0}));
  add("warder, fresh, pooled", MakeWarder({.start_mode = StartMode::kFresh}));
  add("warder, fresh", MakeWarder({.start_mode = StartMode::kFresh, .pooled_cells = 0}));
  add("isolated-vm, new isolate, no jail", MakeIsolatedVm(modules));
  add("workerd, one isolate, no jail", std::make_unique<Workerd>(modules));
  add("bwrap + true", MakeProcess(nothing, false));
  add("bwrap + node", MakeProcess(calling, true));
  add("node", MakeProcess({"node", once}, true));
  add("deno", MakeProcess({deno, "run", "--quiet", "--no-config", "--allow-net=127.0.0.1", once}, true));
  return entries;
}

// Runs all in turn; prints a table and returns it as JSON.
boost::json::array Compare(const char* workload, std::vector<Entry>& entries, const std::string& url, int rounds) {
  std::vector<double> cpu_before;
  for (Entry& entry : entries) {
    entry.samples.clear();
    for (int i = 0; i < kWarmUp && (url.empty() || entry.subject->Calls()); ++i) entry.subject->Run(url);
    cpu_before.push_back(entry.subject->TotalCpu().value_or(0));
  }
  for (int round = 0; round < rounds; ++round) {
    for (Entry& entry : entries) {
      if (!url.empty() && !entry.subject->Calls()) continue;
      entry.samples.push_back(entry.subject->Run(url));
    }
  }
  const double first = Percentile(Of(entries[0].samples, &Sample::wall_ms), 0.5);
  std::printf("\n%-36s %9s %9s %9s %14s\n", workload, "p50 ms", "p99 ms", "CPU ms", "warder / it");
  boost::json::array table;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    Entry& entry = entries[i];
    if (entry.samples.empty()) continue;
    const auto walls = Of(entry.samples, &Sample::wall_ms);
    const auto total = entry.subject->TotalCpu();
    const double cpu = total ? (*total - cpu_before[i]) / rounds : Percentile(Of(entry.samples, &Sample::cpu_ms), 0.5);
    const double p50 = Percentile(walls, 0.5);
    const double p99 = Percentile(walls, 0.99);
    std::printf("%-36s %9.2f %9.2f %9.2f %14.2f\n", entry.name.c_str(), p50, p99, cpu, first / p50);
    table.push_back({{"workload", workload}, {"subject", entry.name}, {"p50", p50}, {"p99", p99}, {"cpu", cpu}});
  }
  return table;
}

// How often `once` returns in a second, in so many threads at a time.
template <typename MakeOnce>
double Rate(int threads, const MakeOnce& make_once) {
  constexpr std::chrono::seconds kTime{2};
  std::atomic<int> done = 0;
  std::atomic<bool> failed = false;
  std::vector<std::thread> all;
  const auto begun = Clock::now();
  for (int i = 0; i < threads; ++i) {
    all.emplace_back([&] {
      try {
        auto once = make_once();
        for (; Clock::now() - begun < kTime; ++done) once();
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        failed = true;
      }
    });
  }
  for (std::thread& thread : all) thread.join();
  if (failed) throw std::runtime_error("throughput: a run failed");
  return done / std::chrono::duration<double>(Clock::now() - begun).count();
}

boost::json::object Throughput(const fs::path& modules) {
  constexpr int kAtOnce = 8;
  constexpr int kRounds = 5;
  const auto engine = Engine::Open({});
  const Workerd workerd(modules);
  std::vector<double> ours;
  std::vector<double> theirs;
  for (int round = 0; round < kRounds; ++round) {
    ours.push_back(Rate(kAtOnce, [&] {
      return [&engine, request = TrivialRequest()] { Require(engine->Start(request).Wait().output_json, ""); };
    }));
    theirs.push_back(Rate(kAtOnce, [&] {
      return [client = std::make_shared<HttpClient>(workerd.port())] { Require(client->Get(""), ""); };
    }));
  }
  const double our = Percentile(ours, 0.5);
  const double their = Percentile(theirs, 0.5);
  std::printf(
      "\na second, %d at a time: warder (to its proven teardown) %.0f, workerd (one isolate) %.0f; ratio %.2f\n",
      kAtOnce, our, their, our / their);
  return {{"at_once", kAtOnce}, {"warder", our}, {"workerd", their}};
}

// proc(5), smaps_rollup: its share of what it shares counts too. In KiB.
double ProportionalMemory(const std::vector<pid_t>& processes) {
  double sum = 0;
  for (const pid_t pid : processes) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("Pss:")) sum += std::strtod(line.c_str() + 4, nullptr);
    }
  }
  return sum;
}

// Of an engine that has so many executions waiting for a timer: what each has added.
boost::json::object Memory() {
  constexpr int kCells = 100;
  ExecutionRequest request;
  request.bundle = e2e::FlowBundle("await new Promise((done) => setTimeout(done, 60_000));");
  request.limits.wall_ms = 120'000;
  boost::json::object found;
  for (const StartMode mode : {StartMode::kWarm, StartMode::kFresh}) {
    const auto before = e2e::DescendantsOf(::getpid());
    const auto engine = Engine::Open({.start_mode = mode, .pooled_cells = 0});
    const auto own = [&] {
      std::vector<pid_t> all = e2e::DescendantsOf(::getpid());
      std::erase_if(all, [&](pid_t pid) { return std::find(before.begin(), before.end(), pid) != before.end(); });
      return all;
    };
    const double zygote = ProportionalMemory(own());
    if (zygote == 0) {
      std::printf("memory: this user may not look at cells\n");
      return {};
    }
    std::atomic<int> waiting = 0;
    std::vector<Execution> executions;
    for (int i = 0; i < kCells; ++i) {
      executions.push_back(engine->Start(request, [&](const Event& event) {
        if (event.kind == Event::Kind::kStarted) ++waiting;
      }));
    }
    // Until nothing more is touched.
    double memory = 0;
    e2e::Poll([&] {
      const double earlier = std::exchange(memory, ProportionalMemory(own()));
      return waiting == kCells && memory == earlier;
    });
    const double each = (memory - zygote) / kCells;
    std::printf("proportional memory of a suspended cell, %s: %.2f MiB (zygote alone: %.1f MiB)\n", StartModeName(mode),
                each / 1024, zygote / 1024);
    found[StartModeName(mode)] = each;
    for (const Execution& execution : executions) execution.Cancel();
    for (const Execution& execution : executions) execution.Wait();
  }
  return found;
}

// From nothing to the first result.
boost::json::object EngineStart(int rounds) {
  const ExecutionRequest request = TrivialRequest();
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const auto begun = Clock::now();
    const auto engine = Engine::Open({});
    const Execution execution = engine->Start(request);
    Require(execution.WaitForResult().output_json, "");
    times.push_back(Milliseconds(Clock::now() - begun).count());
  }
  std::printf("engine start to first result: p50 %.1f ms, p99 %.1f ms\n", Percentile(times, 0.5),
              Percentile(times, 0.99));
  return {{"p50", Percentile(times, 0.5)}, {"p99", Percentile(times, 0.99)}};
}

int Main(const fs::path& modules, int rounds, const std::string& json_file) {
  const Upstream upstream;  // before there are threads
  boost::json::object all;
  all["machine"] = Machine();
  all["load_before"] = Load();
  std::printf("load before: %s\n", Load().c_str());
  {
    std::vector<Entry> entries = Subjects(modules);
    all["trivial"] = Compare("trivial", entries, "", rounds);
    all["call"] = Compare("one HTTP call", entries, upstream.origin() + "/small", rounds);
  }
  all["throughput"] = Throughput(modules);
  all["memory_kib"] = Memory();
  all["engine_start_ms"] = EngineStart(rounds);
  all["load_after"] = Load();
  std::printf("load after: %s\n", Load().c_str());
  if (!json_file.empty()) std::ofstream(json_file) << boost::json::serialize(all) << '\n';
  return 0;
}

}  // namespace
}  // namespace warder::bench

int main(int argc, char** argv) {
  int rounds = 100;
  std::string json_file;
  for (int i = 2; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--rounds") rounds = std::atoi(argv[i + 1]);
    if (option == "--json") json_file = argv[i + 1];
  }
  if (argc < 2 || argc % 2 != 0 || rounds < 1) {
    std::cerr << "usage: bench_peers MODULES [--rounds N] [--json FILE]\n";
    return 2;
  }
  try {
    return warder::bench::Main(argv[1], rounds, json_file);
  } catch (const std::exception& error) {
    std::cerr << "bench_peers: " << error.what() << '\n';
    return 1;
  }
}
