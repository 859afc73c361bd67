// The soak: thousands of executions, good and hostile, many at a time, while cells and zygotes are killed at random.
//
//   soak EXECUTIONS [IN-FLIGHT]
//
// It fails on any verdict that is not the one its kind of flow must get, on anything left over, and on an engine that
// grows. An execution may end as a fault only where it says that its cell was killed, or its zygote lost: at most one
// for each cell that was killed, and as many as can be under way for each zygote. The random choices come from a fixed
// seed; the last line is the report as JSON.
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "engine/broker/testing/raw_server.h"
#include "tests/e2e/engine/support.h"
#include "warder/engine.h"

namespace warder::soak {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kSeed = 20'240'607;
constexpr std::uint64_t kMegabyte = std::uint64_t{1} << 20;
// The allocator and the kernel's page counts move about; 10,000 executions that leak 1 KB each are beyond it.
constexpr std::uint64_t kGrowthAllowed = 8 * kMegabyte;
constexpr int kExecutionsPerKill = 100;
constexpr int kKillsPerZygoteKill = 10;

struct Kind {
  const char* name;
  unsigned weight;
  Status status;
  const char* limit;  // which limit, where the status is kLimit
  const char* body;
};

// 41 is socket, 59 is execve, 101 is ptrace.
constexpr auto kKinds = std::to_array<Kind>({
    {"good", 30, Status::kSucceeded, "", "return { data: event };"},
    {"good-call", 20, Status::kSucceeded, "",
     "const reply = await fetch(event.url); return { data: (await reply.text()).length };"},
    {"good-timers", 10, Status::kSucceeded, "",
     "await Promise.all(Array.from({ length: 20 }, (_, i) => new Promise((done) => setTimeout(done, i)))); return {};"},
    // More frames, and more bytes, than the engine takes in one turn.
    {"good-talks", 6, Status::kSucceeded, "",
     "for (let i = 0; i < 300; ++i) console.log(String(i)); return { data: 'x'.repeat(700_000) };"},
    {"throws", 8, Status::kFailed, "", "throw new Error('no', { cause: new TypeError('because') });"},
    {"rejected-call", 4, Status::kFailed, "", "await fetch('http://127.0.0.1:1/');"},
    {"loops", 3, Status::kLimit, "cpu", "for (;;);"},
    {"microtasks", 3, Status::kLimit, "cpu", "for (;;) await null;"},
    {"never-settles", 3, Status::kLimit, "wall", "await new Promise(() => {});"},
    {"heap-bomb", 3, Status::kLimit, "heap", "const all = []; for (;;) all.push({ a: [], b: {} });"},
    {"buffer-bomb", 3, Status::kLimit, "array-buffer", "const all = []; for (;;) all.push(new ArrayBuffer(1 << 18));"},
    {"log-flood", 3, Status::kLimit, "cpu", "for (;;) console.log('x'.repeat(4096));"},
    {"output-flood", 2, Status::kLimit, "output", "return { data: 'x'.repeat(8 << 20) };"},
    {"socket", 3, Status::kViolation, "", "__syscall(41, 2, 1, 0);"},
    {"execve", 3, Status::kViolation, "", "__syscall(59, 0, 0, 0);"},
    {"ptrace", 2, Status::kViolation, "", "__syscall(101, 16, 1, 0, 0);"},
});

struct Tally {
  int runs = 0;
  int as_expected = 0;
  int faults = 0;  // of a kill
  int wrong = 0;
  std::vector<double> milliseconds;
};

// One HTTP server on loopback, on a thread of its own.
class Upstream {
 public:
  Upstream() : guard_(loop_.get_executor()), server_(loop_) {
    server_.Answer(broker::testing::Response(std::string(1024, 'x')));
    thread_ = std::thread([this] { loop_.run(); });
  }
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;
  ~Upstream() {
    loop_.stop();
    thread_.join();
  }
  std::string origin() const { return server_.origin(); }

 private:
  boost::asio::io_context loop_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  broker::testing::RawServer server_;
  std::thread thread_;
};

class Soak {
 public:
  Soak(Engine& engine, int executions, int in_flight)
      : engine_(engine), executions_(executions), in_flight_(in_flight), random_(kSeed) {}

  void Run();
  // True if everything was as it must be.
  bool Report(boost::json::object* report) const;

 private:
  std::size_t NextKind();
  void Worker();
  void One(std::size_t kind, int number);
  void KillSomething();
  void Judge(const Kind& kind, const Outcome& outcome, Tally* tally);
  // Whether a kill explains it that no other fault has been explained by.
  bool ExplainedByAKill(const Outcome& outcome);

  Engine& engine_;
  const int executions_;
  const int in_flight_;
  Upstream upstream_;
  std::vector<std::shared_ptr<const Bundle>> bundles_;
  mutable std::mutex mutex_;
  std::mt19937 random_;
  int started_ = 0;
  int ended_ = 0;
  int cells_killed_ = 0;
  int zygotes_killed_ = 0;
  int kills_ = 0;
  int faults_of_cells_ = 0;
  int faults_of_zygotes_ = 0;
  std::map<std::size_t, Tally> tallies_;
  std::vector<std::string> complaints_;
};

std::size_t Soak::NextKind() {
  unsigned total = 0;
  for (const Kind& kind : kKinds) total += kind.weight;
  unsigned draw = std::uniform_int_distribution<unsigned>(0, total - 1)(random_);
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (draw < kKinds.at(i).weight) return i;
    draw -= kKinds.at(i).weight;
  }
  return 0;
}

void Soak::Run() {
  for (const Kind& kind : kKinds) bundles_.push_back(e2e::FlowBundle(kind.body));
  std::vector<std::thread> workers;
  workers.reserve(static_cast<std::size_t>(in_flight_));
  for (int i = 0; i < in_flight_; ++i) workers.emplace_back([this] { Worker(); });
  for (std::thread& worker : workers) worker.join();
}

void Soak::Worker() {
  for (;;) {
    std::size_t kind = 0;
    int number = 0;
    bool kills = false;
    {
      const std::lock_guard lock(mutex_);
      if (started_ == executions_) return;
      number = ++started_;
      kind = NextKind();
      kills = number % kExecutionsPerKill == 0;
    }
    if (kills) KillSomething();
    One(kind, number);
  }
}

void Soak::One(std::size_t kind, int number) {
  ExecutionRequest request;
  request.bundle = bundles_[kind];
  request.tenant = "tenant-" + std::to_string(number % 7);
  request.event_json = R"({"url":")" + upstream_.origin() + R"(/","number":)" + std::to_string(number) + "}";
  request.allow_origins = {upstream_.origin()};
  request.limits.cpu_ms = 100;
  if (kKinds.at(kind).status != Status::kLimit || std::string(kKinds.at(kind).limit) != "cpu")
    request.limits.cpu_ms = 5000;
  request.limits.heap_bytes = 24 * kMegabyte;
  request.limits.array_buffer_bytes = 4 * kMegabyte;
  request.limits.log_bytes = 64 << 10;
  const auto from = Clock::now();
  const Execution execution = engine_.Start(request);
  const Outcome& outcome = execution.Wait();
  const double milliseconds = std::chrono::duration<double, std::milli>(Clock::now() - from).count();
  const std::lock_guard lock(mutex_);
  Tally& tally = tallies_[kind];
  tally.milliseconds.push_back(milliseconds);
  Judge(kKinds.at(kind), outcome, &tally);
  if (++ended_ % std::max(1, executions_ / 10) == 0) {
    std::fprintf(stderr, "%d of %d executions, %zu complaints\n", ended_, executions_, complaints_.size());
  }
}

bool Soak::ExplainedByAKill(const Outcome& outcome) {
  if (outcome.status != Status::kFault) return false;
  if (outcome.reason == "the cell was killed from outside (SIGKILL)") return ++faults_of_cells_ <= cells_killed_;
  if (!outcome.reason.starts_with("the zygote was lost during the run: the zygote was killed by signal 9"))
    return false;
  return ++faults_of_zygotes_ <= zygotes_killed_ * in_flight_;
}

void Soak::Judge(const Kind& kind, const Outcome& outcome, Tally* tally) {
  ++tally->runs;
  const std::string limit = outcome.limit ? outcome.limit->limit : "";
  const bool torn_down = outcome.receipt_json.find(R"("dead":true)") != std::string::npos;
  if (outcome.status == kind.status && limit == kind.limit && torn_down) {
    ++tally->as_expected;
  } else if (ExplainedByAKill(outcome)) {
    ++tally->faults;
  } else {
    ++tally->wrong;
    complaints_.push_back(std::string(kind.name) + ": " + StatusName(outcome.status) + " " + limit + ": " +
                          outcome.reason);
  }
}

void Soak::KillSomething() {
  // A cell is a child of a zygote, which is ours.
  const std::vector<pid_t> descendants = e2e::DescendantsOf(::getpid());
  std::set<pid_t> cells;
  for (const pid_t pid : descendants) {
    for (const pid_t cell : e2e::DescendantsOf(pid)) cells.insert(cell);
  }
  const std::lock_guard lock(mutex_);
  const bool whole = kills_ % kKillsPerZygoteKill == kKillsPerZygoteKill - 1;
  std::vector<pid_t> victims(cells.begin(), cells.end());
  if (whole) {
    victims.clear();
    std::copy_if(descendants.begin(), descendants.end(), std::back_inserter(victims),
                 [&](pid_t pid) { return !cells.contains(pid); });
  }
  if (victims.empty()) return;
  const pid_t victim = victims[std::uniform_int_distribution<std::size_t>(0, victims.size() - 1)(random_)];
  ++kills_;
  if (::kill(victim, SIGKILL) == 0) ++(whole ? zygotes_killed_ : cells_killed_);
}

double Percentile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::size_t>(part * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

bool Soak::Report(boost::json::object* report) const {
  std::printf("%-16s %7s %9s %7s %7s %9s %9s\n", "kind", "runs", "expected", "faults", "wrong", "p50 ms", "p99 ms");
  int wrong = 0;
  int faults = 0;
  for (const auto& [kind, tally] : tallies_) {
    std::printf("%-16s %7d %9d %7d %7d %9.1f %9.1f\n", kKinds.at(kind).name, tally.runs, tally.as_expected,
                tally.faults, tally.wrong, Percentile(tally.milliseconds, 0.5), Percentile(tally.milliseconds, 0.99));
    wrong += tally.wrong;
    faults += tally.faults;
  }
  for (const std::string& complaint : complaints_) std::printf("wrong verdict: %s\n", complaint.c_str());
  (*report)["executions"] = executions_;
  (*report)["wrongVerdicts"] = wrong;
  (*report)["faultsAfterKills"] = faults;
  (*report)["cellsKilled"] = cells_killed_;
  (*report)["zygotesKilled"] = zygotes_killed_;
  return wrong == 0;
}

std::int64_t Difference(std::uint64_t after, std::uint64_t before) {
  return static_cast<std::int64_t>(after) - static_cast<std::int64_t>(before);
}

// Cgroups are the whole machine's: one that another program took away meanwhile is none that we left.
bool NothingLeft(e2e::Footprint before, e2e::Footprint* now) {
  return e2e::Poll([&] {
    *now = e2e::TakeFootprint();
    before.cgroups = std::min(before.cgroups, now->cgroups);
    now->cgroups = std::min(before.cgroups, now->cgroups);
    return *now == before;
  });
}

int Main(int argc, char** argv) {
  const int executions = argc > 1 ? std::atoi(argv[1]) : 1'000;
  const int in_flight = argc > 2 ? std::atoi(argv[2]) : 32;
  const char* image = std::getenv("WARDER_HOSTILE_IMAGE");
  if (executions <= 0 || in_flight <= 0 || image == nullptr) {
    std::fputs("usage: WARDER_HOSTILE_IMAGE=DIR soak EXECUTIONS [IN-FLIGHT]\n", stderr);
    return 2;
  }
  const e2e::TemporaryFolder temporary;  // other programs use the machine's
  ::setenv("TMPDIR", temporary.path().c_str(), 1);
  const e2e::Footprint before = e2e::TakeFootprint();
  const auto begun = Clock::now();
  boost::json::object report;
  std::uint64_t warm = 0;
  std::uint64_t after = 0;
  bool right = false;
  {
    const auto engine = Engine::Open({.image = image});
    Soak warm_up(*engine, std::max(executions / 10, 200), in_flight);
    warm_up.Run();
    warm = e2e::MemoryOf(::getpid(), "VmRSS");
    Soak soak(*engine, executions, in_flight);
    soak.Run();
    after = e2e::MemoryOf(::getpid(), "VmRSS");
    right = soak.Report(&report);
  }
  e2e::Footprint left;
  const bool clean = NothingLeft(before, &left);
  if (!clean) std::cout << "left over: before " << before << "\nafter " << left << "\n";
  const std::int64_t growth = Difference(after, warm);
  const bool flat = growth <= static_cast<std::int64_t>(kGrowthAllowed);
  if (!flat) std::printf("the engine has grown by %lld KiB\n", static_cast<long long>(growth / 1024));
  report["inFlight"] = in_flight;
  report["seconds"] = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begun).count();
  report["engineGrowthKiB"] = growth / 1024;
  report["nothingLeft"] = clean;
  report["passed"] = right && clean && flat;
  std::cout << boost::json::serialize(report) << "\n";
  return right && clean && flat ? 0 : 1;
}

}  // namespace
}  // namespace warder::soak

int main(int argc, char** argv) { return warder::soak::Main(argc, argv); }
