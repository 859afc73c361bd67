// Whether an execution costs more where there are many: of cells that wait, of tenants that have been there, of handles
// that are granted.
//
//   bench_scale [--curve cells|tenants|handles] [--rounds N] [--executions N] [--most N] [--json FILE]
//
// --most leaves out the points beyond it. Each round goes along the whole curve with an engine of its own, so that a
// slow moment of the machine is not one point's alone. At each point some executions run one after the other; their
// medians over all rounds are printed, and how the last point's compare with the first one's. --check: exit code 1
// where those are beyond the bounds below. The ratio of processor time is the one to trust where others use the machine
// too.
#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/json.hpp>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/bench/machine.h"
#include "tests/bench/upstream.h"
#include "tests/e2e/engine/support.h"

namespace warder::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

// What the last point may cost of the first one's.
constexpr double kMostTime = 2;
constexpr double kMostProcessorTime = 1.5;

constexpr std::size_t kConnections = 64;  // more an execution cannot have
constexpr std::size_t kAtOnce = 32;       // that are started, where many are to be there
constexpr int kWarmUp = 10;               // until cells are ready as they will be
constexpr std::uint64_t kWallMs = 900'000;

struct Settings {
  std::string curve;  // empty: all
  int rounds = 3;
  int executions = 100;
  int most = 1'000'000;
  std::string json_file;
  bool check = false;
  std::vector<pid_t> others;  // processes that are no engine's
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values.empty() ? 0 : values[values.size() / 2];
}

double Percentile(std::vector<double> values, double share) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(std::lround(share * static_cast<double>(values.size() - 1)))];
}

void Require(const Outcome& outcome, Status status) {
  if (outcome.status == status) return;
  throw std::runtime_error(std::string("an execution ended as ") + StatusName(outcome.status) + ": " + outcome.reason);
}

// proc_pid_stat(5): the fourth field; the second one may hold blanks.
pid_t ParentOf(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  std::istringstream words(text.substr(text.rfind(')') + 1));
  std::string state;
  pid_t parent = -1;
  words >> state >> parent;
  return parent;
}

// The zygotes and their cells.
std::vector<pid_t> Jailed(const Settings& settings) {
  std::vector<pid_t> all = e2e::DescendantsOf(::getpid());
  std::erase_if(all, [&](pid_t pid) {
    return std::find(settings.others.begin(), settings.others.end(), pid) != settings.others.end();
  });
  return all;
}

// Of each zygote that lives.
std::map<pid_t, double> ZygoteTimes(const Settings& settings) {
  std::map<pid_t, double> times;
  for (const pid_t pid : Jailed(settings)) {
    if (ParentOf(pid) != ::getpid()) continue;
    double nanoseconds = 0;
    std::ifstream("/proc/" + std::to_string(pid) + "/schedstat") >> nanoseconds;
    times[pid] = nanoseconds / 1e6;
  }
  return times;
}

double OwnTime() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

// proc(5), smaps_rollup: of what it shares its share. In KiB.
double ProportionalMemory(const Settings& settings) {
  double sum = 0;
  for (const pid_t pid : Jailed(settings)) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("Pss:")) sum += std::strtod(line.c_str() + 4, nullptr);
    }
  }
  return sum;
}

double OwnMemory() { return static_cast<double>(e2e::MemoryOf(::getpid(), "RssAnon")) / 1024; }

// Milliseconds of one execution.
struct Cost {
  double p50 = 0;  // from its start until its result is known
  double p90 = 0;
  double engine = 0;  // processor time
  double zygote = 0;
  double cell = 0;
  double processor() const { return engine + zygote + cell; }
};

using NextRequest = std::function<ExecutionRequest()>;

Cost Measure(const Settings& settings, Engine& engine, const NextRequest& next) {
  const int executions = settings.executions;
  for (int i = 0; i < kWarmUp; ++i) Require(engine.Start(next()).Wait(), Status::kSucceeded);
  std::vector<double> walls;
  std::vector<double> cells;
  const auto zygotes_before = ZygoteTimes(settings);
  const double before = OwnTime();
  for (int i = 0; i < executions; ++i) {
    const ExecutionRequest request = next();
    const auto begun = Clock::now();
    const Execution execution = engine.Start(request);
    execution.WaitForResult();
    walls.push_back(Milliseconds(Clock::now() - begun).count());
    const Outcome& outcome = execution.Wait();
    Require(outcome, Status::kSucceeded);
    cells.push_back(Milliseconds(outcome.usage.cpu).count());
  }
  Cost cost{Percentile(walls, 0.5), Percentile(walls, 0.9), (OwnTime() - before) / executions, 0, Median(cells)};
  for (const auto& [pid, time] : ZygoteTimes(settings)) {
    // One that is new has cost its start, which is not these executions' alone.
    if (const auto earlier = zygotes_before.find(pid); earlier != zygotes_before.end()) {
      cost.zygote += (time - earlier->second) / executions;
    }
  }
  return cost;
}

// Executions that wait for a timer, until this goes.
class Waiting {
 public:
  Waiting(Engine& engine, ExecutionRequest request) : engine_(engine), request_(std::move(request)) {
    request_.bundle =
        e2e::FlowBundle("console.log('waiting'); await new Promise((done) => setTimeout(done, 3_600_000));");
    request_.limits.wall_ms = kWallMs;
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  ~Waiting() {
    for (const Execution& each : all_) each.Cancel();
    for (const Execution& each : all_) each.Wait();
  }

  void GrowTo(std::size_t count) {
    while (all_.size() < count) {
      const std::size_t batch = std::min(kAtOnce, count - all_.size());
      for (std::size_t i = 0; i < batch; ++i) {
        all_.push_back(engine_.Start(request_, [this](const Event& event) {
          if (event.kind == Event::Kind::kLog) ++waiting_;
          if (event.kind == Event::Kind::kFinished) ++over_;
        }));
      }
      if (e2e::Poll([&] { return over_ > 0 || waiting_ == all_.size(); }, std::chrono::minutes(2)) && over_ == 0) {
        continue;
      }
      for (const Execution& each : all_) {
        if (const Outcome* const outcome = each.WaitFor(std::chrono::milliseconds(0)))
          Require(*outcome, Status::kCancelled);
      }
      throw std::runtime_error("an execution that was to wait does not");
    }
  }

  // What the kernel counts for one, its own memory on the cell's behalf included; 0: there are no cgroups. Ends them.
  double End() {
    std::vector<double> peaks;
    for (const Execution& each : all_) each.Cancel();
    for (const Execution& each : all_) peaks.push_back(static_cast<double>(each.Wait().usage.peak_memory_bytes) / 1024);
    return Median(peaks);
  }

 private:
  Engine& engine_;
  ExecutionRequest request_;
  std::atomic<std::size_t> waiting_ = 0;
  std::atomic<std::size_t> over_ = 0;
  std::vector<Execution> all_;
};

struct Point {
  std::uint64_t count = 0;
  std::vector<Cost> costs;     // one a round
  std::vector<double> memory;  // KiB for one of `count`; none where that cannot be told
};

struct Curve {
  std::string name;
  std::string unit;    // what there are many of
  std::string memory;  // what is counted for each
  std::vector<Point> points;
};

ExecutionRequest Trivial() {
  ExecutionRequest request;
  request.bundle = e2e::FlowBundle("return { data: { hello: 'world' } };");
  return request;
}

void CellsRound(const Settings& settings, Curve* curve) {
  const auto engine = Engine::Open({});
  Waiting waiting(*engine, {});
  const ExecutionRequest trivial = Trivial();
  double zygotes = 0;
  for (Point& point : curve->points) {
    waiting.GrowTo(point.count);
    point.costs.push_back(Measure(settings, *engine, [&]() -> const ExecutionRequest& { return trivial; }));
    const double memory = ProportionalMemory(settings);
    if (point.count == 0) {
      zygotes = memory;
    } else {
      point.memory.push_back((memory - zygotes) / static_cast<double>(point.count));
    }
  }
  const double whole = waiting.End();
  std::printf("  a cell that waited, by its cgroup, the kernel's memory on its behalf included: %.0f KiB at most\n",
              whole);
}

// One that leaves something of its tenant in every part of the engine: a pool of connections, a pace, an origin that
// answers and one that does not, state.
ExecutionRequest Calling(const std::string& origin) {
  ExecutionRequest request;
  request.bundle = e2e::FlowBundle(
      "const response = await context.connections.acme.fetch('/small');\n"
      "const text = await response.text();\n"
      "await fetch('http://127.0.0.1:1/').catch(() => {});\n"
      "await context.state.flow.set('seen', text.length);\n"
      "return { data: text.length };");
  request.allow_origins = {"http://127.0.0.1:1"};
  request.connections = {{"acme", Connection::Make("origin " + origin + "\nallow GET /**\nrate 100/s\nin-flight 8\n" +
                                                       "inject bearer token\n",
                                                   {{"token", "a-token-of-some-forty-characters-0123456"}})}};
  return request;
}

void TenantsRound(const Settings& settings, const std::string& origin, Curve* curve) {
  const auto engine = Engine::Open({});
  ExecutionRequest request = Calling(origin);
  std::uint64_t tenants = 0;
  const auto next = [&] {
    request.tenant = "tenant-" + std::to_string(++tenants);
    return request;
  };
  double first = 0;
  for (Point& point : curve->points) {
    std::deque<Execution> running;
    while (tenants < point.count) {
      if (running.size() == kAtOnce) {
        Require(running.front().Wait(), Status::kSucceeded);
        running.pop_front();
      }
      running.push_back(engine->Start(next()));
    }
    for (const Execution& each : running) Require(each.Wait(), Status::kSucceeded);
    running.clear();
    const double memory = OwnMemory();
    if (&point == &curve->points.front()) {
      first = memory;
    } else {
      point.memory.push_back((memory - first) / static_cast<double>(tenants));
    }
    point.costs.push_back(Measure(settings, *engine, next));
  }
}

std::vector<NamedConnection> ManyConnections(const std::string& origin, std::size_t count) {
  std::vector<NamedConnection> connections;
  for (std::size_t i = 0; i < count; ++i) {
    connections.push_back({"acme" + std::to_string(i),
                           Connection::Make("origin " + origin + "\nallow GET /**\ninject bearer token\n",
                                            {{"token", "a-token-of-some-forty-characters-" + std::to_string(i)}})});
  }
  return connections;
}

void HandlesRound(const Settings& settings, const std::string& origin, Curve* curve) {
  const auto engine = Engine::Open({});
  ExecutionRequest holding;
  holding.connections = ManyConnections(origin, kConnections);
  Waiting waiting(*engine, holding);
  ExecutionRequest calling = holding;
  calling.bundle = e2e::FlowBundle("return { data: (await (await context.connections.acme" +
                                   std::to_string(kConnections - 1) + ".fetch('/small')).text()).length };");
  double first = 0;
  for (Point& point : curve->points) {
    waiting.GrowTo(point.count / kConnections);
    point.costs.push_back(Measure(settings, *engine, [&] { return calling; }));
    const double memory = OwnMemory();
    if (&point == &curve->points.front()) {
      first = memory;
    } else {
      point.memory.push_back((memory - first) / static_cast<double>(point.count));
    }
  }
}

// What one execution pays for its own handles, which is no matter of scale.
void OwnHandles(const Settings& settings, const std::string& origin) {
  const auto engine = Engine::Open({});
  std::printf("\nan execution's own handles, ms\n  %10s %10s %12s\n", "handles", "p50", "processor");
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{16}, kConnections}) {
    ExecutionRequest request = Trivial();
    request.connections = ManyConnections(origin, count);
    const Cost cost = Measure(settings, *engine, [&] { return request; });
    std::printf("  %10zu %10.2f %12.2f\n", count, cost.p50, cost.processor());
  }
}

template <typename Of>
double MedianOf(const Point& point, const Of& of) {
  std::vector<double> values;
  for (const Cost& cost : point.costs) values.push_back(of(cost));
  return Median(values);
}

constexpr double (*kP50)(const Cost&) = [](const Cost& cost) { return cost.p50; };
constexpr double (*kProcessor)(const Cost&) = [](const Cost& cost) { return cost.processor(); };

boost::json::object Print(const Curve& curve) {
  std::printf("\n%s\n  %12s %9s %9s %11s %9s %9s %9s %14s\n", curve.name.c_str(), curve.unit.c_str(), "p50 ms",
              "p90 ms", "CPU ms:", "engine", "zygote", "cell", curve.memory.c_str());
  boost::json::array points;
  for (const Point& point : curve.points) {
    const double p50 = MedianOf(point, kP50);
    const double p90 = MedianOf(point, [](const Cost& cost) { return cost.p90; });
    const double engine = MedianOf(point, [](const Cost& cost) { return cost.engine; });
    const double zygote = MedianOf(point, [](const Cost& cost) { return cost.zygote; });
    const double cell = MedianOf(point, [](const Cost& cost) { return cost.cell; });
    const double processor = MedianOf(point, kProcessor);
    std::printf("  %12llu %9.2f %9.2f %11.2f %9.2f %9.2f %9.2f", static_cast<unsigned long long>(point.count), p50, p90,
                processor, engine, zygote, cell);
    if (!point.memory.empty()) std::printf(" %14.2f", Median(point.memory));
    std::printf("\n");
    points.push_back({{"count", point.count},
                      {"p50", p50},
                      {"p90", p90},
                      {"processor", processor},
                      {"engine", engine},
                      {"zygote", zygote},
                      {"cell", cell},
                      {"memory_kib", Median(point.memory)}});
  }
  return {{"name", curve.name}, {"unit", curve.unit}, {"points", std::move(points)}};
}

bool Within(const Curve& curve) {
  const double time = MedianOf(curve.points.back(), kP50) / MedianOf(curve.points.front(), kP50);
  const double processor = MedianOf(curve.points.back(), kProcessor) / MedianOf(curve.points.front(), kProcessor);
  const bool within = time <= kMostTime && processor <= kMostProcessorTime;
  std::printf("  last / first: p50 %.2f (at most %.1f), processor time %.2f (at most %.1f)%s\n", time, kMostTime,
              processor, kMostProcessorTime, within ? "" : ": NOT met");
  return within;
}

Curve MakeCurve(const char* name, const char* unit, const char* memory, std::initializer_list<std::uint64_t> counts) {
  Curve curve{name, unit, memory, {}};
  for (const std::uint64_t count : counts) curve.points.push_back({count, {}, {}});
  return curve;
}

int Main(Settings settings) {
  const Upstream upstream;  // before there are threads
  settings.others = e2e::DescendantsOf(::getpid());
  struct Entry {
    Curve curve;
    std::function<void(Curve*)> round;
  };
  std::vector<Entry> entries;
  const auto add = [&](Curve curve, std::function<void(Curve*)> round) {
    std::erase_if(curve.points,
                  [&](const Point& point) { return point.count > static_cast<std::uint64_t>(settings.most); });
    if (settings.curve.empty() || settings.curve == curve.name) entries.push_back({std::move(curve), std::move(round)});
  };
  add(MakeCurve("cells", "suspended", "KiB a cell", {0, 250, 500, 1'000, 2'000}),
      [&](Curve* curve) { CellsRound(settings, curve); });
  add(MakeCurve("tenants", "tenants", "KiB a tenant", {1, 100, 1'000, 3'000, 10'000}),
      [&](Curve* curve) { TenantsRound(settings, upstream.origin(), curve); });
  add(MakeCurve("handles", "handles", "KiB a handle",
                {0, 16 * kConnections, 157 * kConnections, 469 * kConnections, 1'563 * kConnections}),
      [&](Curve* curve) { HandlesRound(settings, upstream.origin(), curve); });

  const std::string load_before = Load();
  std::printf("%s\nload before: %s\n", Machine().c_str(), load_before.c_str());
  for (int round = 0; round < settings.rounds; ++round) {
    for (Entry& entry : entries) {
      std::printf("round %d of %d: %s\n", round + 1, settings.rounds, entry.curve.name.c_str());
      std::fflush(stdout);
      ::malloc_trim(0);  // what the last one has left would hide what this one takes
      entry.round(&entry.curve);
    }
  }
  boost::json::array curves;
  bool within = true;
  for (const Entry& entry : entries) {
    curves.push_back(Print(entry.curve));
    within = Within(entry.curve) && within;
  }
  if (settings.curve.empty() || settings.curve == "handles") OwnHandles(settings, upstream.origin());
  std::printf("\nload after: %s\n", Load().c_str());
  if (!settings.json_file.empty()) {
    const boost::json::object all = {
        {"machine", Machine()},      {"load_before", load_before},        {"load_after", Load()},
        {"rounds", settings.rounds}, {"executions", settings.executions}, {"curves", std::move(curves)}};
    std::ofstream(settings.json_file) << boost::json::serialize(all) << '\n';
  }
  return settings.check && !within ? 1 : 0;
}

bool ParseCount(const char* text, int* count) {
  const std::string_view view(text);
  const auto [end, error] = std::from_chars(view.begin(), view.end(), *count);
  return error == std::errc() && end == view.end() && *count > 0;
}

bool Parse(int argc, char** argv, Settings* settings) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view option = argv[i];
    if (option == "--check") {
      settings->check = true;
      continue;
    }
    if (++i == argc) return false;
    if (option == "--json") {
      settings->json_file = argv[i];
    } else if (option == "--curve") {
      settings->curve = argv[i];
      if (settings->curve != "cells" && settings->curve != "tenants" && settings->curve != "handles") return false;
    } else if (!(option == "--rounds" && ParseCount(argv[i], &settings->rounds)) &&
               !(option == "--executions" && ParseCount(argv[i], &settings->executions)) &&
               !(option == "--most" && ParseCount(argv[i], &settings->most))) {
      return false;
    }
  }
  return true;
}

}  // namespace
}  // namespace warder::bench

int main(int argc, char** argv) {
  warder::bench::Settings settings;
  if (!warder::bench::Parse(argc, argv, &settings)) {
    std::cerr << "usage: bench_scale [--curve cells|tenants|handles] [--rounds N] [--executions N] [--most N] [--json "
                 "FILE] [--check]\n";
    return 2;
  }
  try {
    return warder::bench::Main(std::move(settings));
  } catch (const std::exception& error) {
    std::cerr << "bench_scale: " << error.what() << '\n';
    return 1;
  }
}
