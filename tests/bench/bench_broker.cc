// What calls cost that go through a cell and the broker, next to plain libcurl doing the same.
//
// Three clients in turn, each in a process of its own, several rounds, medians: libcurl's multi interface by itself,
// the broker without a cell, and a flow in a cell. Then one download of a gigabyte, what a tenant with one call at a
// time feels beside another one whose upstream is hostile, and how soon an execution's end aborts its transfers.
// Engine, cell and server share the processors of the machine: where it has two, three processes that are all busy
// cannot reach what two of them reach.
//
// usage: bench_broker [--quick] [--json FILE] [--profile CLIENT|download|neighbours|teardown]
// --profile runs nothing but CLIENT (libcurl, broker, cell) with 64 calls in flight in this process, or nothing but one
// of the later parts.
#include <curl/curl.h>
#include <sys/wait.h>
#include <time.h>  // NOLINT(modernize-deprecated-headers): clock_gettime
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "engine/broker/broker.h"
#include "tests/bench/holding_server.h"
#include "tests/bench/upstream.h"
#include "tests/e2e/engine/support.h"

namespace warder::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr int kWarmUp = 256;
constexpr double kMegabytes = static_cast<double>(kBigBytes) / 1e6;

struct Plan {
  int rounds = 5;
  int calls = 20'000;
  int single_calls = 3'000;
};

using Figures = std::map<std::string, double>;

double Percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(std::lround(share * static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}

Microseconds ProcessTime() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// Runs `measure` in a process of its own, which starts as clean as this one is.
Figures InChild(const std::function<Figures()>& measure) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) throw std::runtime_error("pipe failed");
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(ends[0]);
    std::string text;
    try {
      text = boost::json::serialize(boost::json::value_from(measure()));
    } catch (const std::exception& error) {
      std::fprintf(stderr, "bench_broker: %s\n", error.what());
      ::_exit(1);
    }
    const bool written = ::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size());
    ::_exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t count = 0; (count = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (status != 0) throw std::runtime_error("a measured process failed");
  return boost::json::value_to<Figures>(boost::json::parse(text));
}

Figures Summary(int calls, Microseconds wall, Microseconds client, const std::vector<double>& latencies) {
  return {{"per_second", calls / (wall.count() / 1e6)},
          {"client_cpu_us", client.count() / calls},
          {"p50_us", Percentile(latencies, 0.5)},
          {"p99_us", Percentile(latencies, 0.99)}};
}

// ---- plain libcurl

std::size_t Drop(char* /*data*/, std::size_t size, std::size_t count, void* /*self*/) { return size * count; }

struct PlainCall {
  CURL* easy = curl_easy_init();
  Clock::time_point begun;
};

Figures Plain(const std::string& url, int calls, int in_flight) {
  static const std::string body(kSmallBytes, 'x');
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURLM* const multi = curl_multi_init();
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, static_cast<long>(in_flight));
  std::vector<PlainCall> handles(static_cast<std::size_t>(in_flight));
  int left = calls + kWarmUp;
  const auto start = [&](PlainCall& call) {
    if (left == 0) return;
    --left;
    call.begun = Clock::now();
    curl_multi_add_handle(multi, call.easy);
  };
  for (PlainCall& call : handles) {
    curl_easy_setopt(call.easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(call.easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(call.easy, CURLOPT_POSTFIELDS, body.data());
    curl_easy_setopt(call.easy, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
    curl_easy_setopt(call.easy, CURLOPT_WRITEFUNCTION, Drop);
    curl_easy_setopt(call.easy, CURLOPT_PRIVATE, &call);
    start(call);
  }
  std::vector<double> latencies;
  Clock::time_point begun;
  Microseconds cpu{};
  int done = 0;
  while (done < calls + kWarmUp) {
    int running = 0;
    curl_multi_perform(multi, &running);
    int queued = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi, &queued)) {
      PlainCall* call = nullptr;
      if (message->data.result != CURLE_OK) throw std::runtime_error("a plain call failed");
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
      curl_multi_remove_handle(multi, call->easy);
      if (++done > kWarmUp) latencies.push_back(Microseconds(Clock::now() - call->begun).count());
      if (done == kWarmUp) {
        begun = Clock::now();
        cpu = ProcessTime();
      }
      start(*call);
    }
    if (done < calls + kWarmUp) curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
  }
  return Summary(calls, Clock::now() - begun, ProcessTime() - cpu, latencies);
}

Figures PlainDownload(const std::string& url) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  CURL* const easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, Drop);
  const auto begun = Clock::now();
  const Microseconds cpu = ProcessTime();
  if (curl_easy_perform(easy) != CURLE_OK) throw std::runtime_error("a plain download failed");
  return {{"mb_per_second", kMegabytes / std::chrono::duration<double>(Clock::now() - begun).count()},
          {"client_cpu_us", (ProcessTime() - cpu).count() / kMegabytes}};
}

// ---- the broker without a cell

class BrokerClient {
 public:
  BrokerClient(std::string url, int calls, int in_flight) : url_(std::move(url)), total_(calls + kWarmUp) {
    auto policy = broker::Policy::FromOrigins({url_.substr(0, url_.find('/', 8))});
    capabilities_ = broker::Capabilities::OfPolicy(std::make_shared<const broker::Policy>(std::move(policy.value())));
    for (int i = 0; i < in_flight; ++i) slots_.push_back(std::make_unique<Slot>(*this));
  }

  Figures Run(int calls) {
    for (const auto& slot : slots_) slot->Start();
    loop_.run();
    return Summary(calls, Clock::now() - begun_, ProcessTime() - cpu_, latencies_);
  }

 private:
  class Slot final : public broker::CallObserver {
   public:
    explicit Slot(BrokerClient& client) : client_(client) {}

    void Start() {
      static const std::string body(kSmallBytes, 'x');
      if (client_.left_ == 0) return;
      --client_.left_;
      started_ = Clock::now();
      broker::HttpRequest request;
      request.method = "POST";
      request.url = client_.url_;
      request.has_body = true;
      request.body_bytes = body.size();
      call_ = client_.broker_.Start("bench", client_.capabilities_, std::move(request), *this);
      call_->SendBody(body, true);
    }
    void OnResponseHead(broker::ResponseHead /*head*/) override {}
    void OnResponseBody(std::string&& data) override { call_->GrantResponse(data.size()); }
    void OnRequestCredit(std::uint64_t /*bytes*/) override {}
    void OnRedirect(const std::string& /*origin*/) override {}
    void OnRetry() override {}
    void OnResponseEnd(std::string&& /*rest*/) override {
      client_.OnDone(Clock::now() - started_);
      Start();
    }
    void OnFailed(broker::CallFailure failure) override { throw std::runtime_error(failure.message); }

   private:
    BrokerClient& client_;
    std::unique_ptr<broker::Call> call_;
    Clock::time_point started_;
  };

  void OnDone(Microseconds latency) {
    if (++done_ > kWarmUp) latencies_.push_back(latency.count());
    if (done_ == kWarmUp) {
      begun_ = Clock::now();
      cpu_ = ProcessTime();
    }
    if (left_ == 0 && done_ == total_) loop_.stop();
  }

  const std::string url_;
  const int total_;
  int left_ = total_;
  int done_ = 0;
  boost::asio::io_context loop_{1};  // as the engine's
  broker::Broker broker_{loop_};
  std::shared_ptr<broker::Capabilities> capabilities_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::vector<double> latencies_;
  Clock::time_point begun_;
  Microseconds cpu_{};
};

// ---- a flow in a cell

constexpr std::string_view kCallsFlow = R"(
  const { url, calls, inFlight, timed, warmUp } = event;
  const body = "x".repeat(1024);
  const latencies = [];
  let left = warmUp + calls;
  let done = 0;
  let begun = 0;
  const worker = async () => {
    while (left > 0) {
      --left;
      const started = timed ? performance.now() : 0;
      const response = await fetch(url, { method: "POST", body });
      await response.arrayBuffer();
      if (++done === warmUp) begun = performance.now();
      if (timed && done > warmUp) latencies.push(1000 * (performance.now() - started));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  return { data: { us: 1000 * (performance.now() - begun), latencies } };)";

constexpr std::string_view kDownloadFlow = R"(
  const begun = performance.now();
  const reader = (await fetch(event.url)).body.getReader();
  let bytes = 0;
  for (let part; !(part = await reader.read()).done;) bytes += part.value.length;
  return { data: { us: 1000 * (performance.now() - begun), bytes } };)";

// Calls whose responses never end; what it does then says the event.
constexpr std::string_view kHoldingFlow = R"(
  const begun = await Promise.all(Array.from({ length: event.calls }, () => fetch(event.url)));
  if (event.how === "cancel" || event.how === "limit") await Promise.all(begun.map((response) => response.text()));
  context.log.info("over");
  if (event.how === "error") throw new Error("over");
  return { data: null };)";

// Until it is cancelled. Whatever comes is taken; a failure is tried again a little later.
constexpr std::string_view kHostileFlow = R"(
  const worker = async () => {
    for (;;) {
      try {
        const response = await fetch(event.url);
        if (response.body) for await (const part of response.body);
      } catch {}
      await new Promise((done) => setTimeout(done, 5));
    }
  };
  await Promise.all(Array.from({ length: 32 }, worker));
  return { data: null };)";

ExecutionRequest RequestFor(std::string_view flow, const std::string& tenant, boost::json::object event) {
  ExecutionRequest request;
  request.bundle = e2e::FlowBundle(flow);
  request.tenant = tenant;
  const std::string url(event.at("url").as_string());
  request.allow_origins = {url.substr(0, url.find('/', 8))};
  request.event_json = boost::json::serialize(event);
  for (const LimitSpec& spec : LimitTable()) request.limits.*(spec.value) = spec.maximum;
  request.limits.heap_bytes = Limits{}.heap_bytes;
  request.limits.in_flight = 64;
  return request;
}

boost::json::object OutputOf(const Outcome& outcome) {
  if (outcome.status != Status::kSucceeded) throw std::runtime_error("an execution: " + outcome.reason);
  return boost::json::parse(outcome.output_json).as_object();
}

boost::json::object CallsEvent(const std::string& url, int calls, int in_flight, bool timed) {
  return {{"url", url}, {"calls", calls}, {"inFlight", in_flight}, {"timed", timed}, {"warmUp", kWarmUp}};
}

Figures Cell(Engine& engine, const ExecutionRequest& request, int calls) {
  const Microseconds cpu = ProcessTime();
  const Execution execution = engine.Start(request);
  const Outcome& outcome = execution.Wait();
  boost::json::object output = OutputOf(outcome);
  auto latencies = boost::json::value_to<std::vector<double>>(output.at("latencies"));
  if (latencies.empty()) {  // the script took no times, which costs it some: as the engine has seen the calls
    for (const CallRecord& call : outcome.calls) {
      if (call.call > kWarmUp) latencies.push_back(Microseconds(call.duration).count());
    }
  }
  Figures figures = Summary(calls, Microseconds(output.at("us").to_number<double>()), ProcessTime() - cpu, latencies);
  figures["cell_cpu_us"] = Microseconds(outcome.usage.cpu).count() / calls;
  return figures;
}

Figures CellDownload(const std::string& url) {
  const auto engine = Engine::Open({});
  const ExecutionRequest request = RequestFor(kDownloadFlow, "bench", {{"url", url}});
  // What the first execution and the first call need stays with the engine.
  Cell(*engine, RequestFor(kCallsFlow, "bench", CallsEvent(url.substr(0, url.rfind('/')) + "/small", 1, 1, false)), 1);
  const std::uint64_t before = e2e::MemoryOf(::getpid(), "VmRSS");
  const Microseconds cpu = ProcessTime();
  const Execution execution = engine->Start(request);
  const Outcome& outcome = execution.Wait();
  boost::json::object output = OutputOf(outcome);
  const std::uint64_t peak = e2e::MemoryOf(::getpid(), "VmHWM");
  if (output.at("bytes").to_number<std::uint64_t>() != kBigBytes) throw std::runtime_error("a short download");
  return {{"mb_per_second", kMegabytes / (output.at("us").to_number<double>() / 1e6)},
          {"client_cpu_us", (ProcessTime() - cpu).count() / kMegabytes},
          {"cell_cpu_us", Microseconds(outcome.usage.cpu).count() / kMegabytes},
          {"engine_growth_mib", static_cast<double>(peak - std::min(peak, before)) / (1 << 20)}};
}

// How long the last of an execution's transfers is open after its end, in milliseconds.
Figures Teardown(const std::string& how) {
  using std::chrono::milliseconds;
  constexpr std::size_t kCalls = 64;
  constexpr milliseconds kWallLimit{1000};
  HoldingServer server;
  const auto engine = Engine::Open({});
  ExecutionRequest request =
      RequestFor(kHoldingFlow, "bench", {{"url", server.origin() + "/"}, {"calls", kCalls}, {"how", how}});
  if (how == "limit") request.limits.wall_ms = kWallLimit.count();
  std::promise<Clock::time_point> told;  // when it ends, where the flow or the engine decides about it
  const Execution execution = engine->Start(request, [&](const Event& event) {
    if (how == "limit" && event.kind == Event::Kind::kStarted) told.set_value(Clock::now() + kWallLimit);
    if (event.kind == Event::Kind::kLog) told.set_value(Clock::now());
  });
  server.AwaitBegun(kCalls);
  if (how == "cancel") {
    told.set_value(Clock::now());
    execution.Cancel();
  }
  const Clock::time_point end = told.get_future().get();
  const Clock::time_point closed = server.AwaitClosed(kCalls);
  execution.Wait();
  return {{"ms", std::chrono::duration<double, std::milli>(closed - end).count()}};
}

// ---- rounds and tables

Figures Medians(const std::vector<Figures>& rounds) {
  Figures medians;
  for (const auto& [name, value] : rounds.front()) {
    std::vector<double> values;
    for (const Figures& round : rounds) values.push_back(round.at(name));
    medians[name] = Percentile(values, 0.5);
  }
  return medians;
}

using Client = std::function<Figures(const std::string& url, int calls, int in_flight, bool timed)>;

const std::vector<std::pair<const char*, Client>>& Clients() {
  static const std::vector<std::pair<const char*, Client>> clients = {
      {"libcurl", [](const std::string& url, int calls, int in_flight, bool) { return Plain(url, calls, in_flight); }},
      {"broker", [](const std::string& url, int calls, int in_flight,
                    bool) { return BrokerClient(url, calls, in_flight).Run(calls); }},
      {"cell", [](const std::string& url, int calls, int in_flight, bool timed) {
         const auto engine = Engine::Open({});
         return Cell(*engine, RequestFor(kCallsFlow, "bench", CallsEvent(url, calls, in_flight, timed)), calls);
       }}};
  return clients;
}

boost::json::object Calls(const Plan& plan, int calls, int in_flight, bool timed) {
  const Upstream server;
  std::map<std::string, std::vector<Figures>> rounds;
  for (int round = 0; round < plan.rounds; ++round) {
    for (const auto& [name, client] : Clients()) {
      const Microseconds before = server.CpuTime();
      Figures figures =
          InChild([&, &run = client] { return run(server.origin() + "/small", calls, in_flight, timed); });
      figures["server_cpu_us"] = (server.CpuTime() - before).count() / (calls + kWarmUp);
      rounds[name].push_back(std::move(figures));
    }
  }
  std::printf("\n%d KiB each way, %d in flight: calls a second, latency and CPU time of a call in us\n  %-8s %8s %6s",
              static_cast<int>(kSmallBytes >> 10), in_flight, "", "calls/s", "ratio");
  std::printf(" %8s %8s %8s %8s %8s\n", "p50", "p99", "client", "cell", "server");
  boost::json::object result;
  const double plain = Medians(rounds.at("libcurl")).at("per_second");
  for (const auto& [name, client] : Clients()) {
    Figures medians = Medians(rounds.at(name));
    medians["ratio"] = medians["per_second"] / plain;
    std::printf("  %-8s %8.0f %6.2f %8.0f %8.0f %8.1f %8.1f %8.1f\n", name, medians["per_second"], medians["ratio"],
                medians["p50_us"], medians["p99_us"], medians["client_cpu_us"], medians["cell_cpu_us"],
                medians["server_cpu_us"]);
    result[name] = boost::json::value_from(medians);
  }
  return result;
}

boost::json::object Download(const Plan& plan) {
  const Upstream server;
  std::vector<Figures> plain;
  std::vector<Figures> cell;
  for (int round = 0; round < std::min(plan.rounds, 3); ++round) {
    plain.push_back(InChild([&] { return PlainDownload(server.origin() + "/big"); }));
    const Microseconds before = server.CpuTime();
    cell.push_back(InChild([&] { return CellDownload(server.origin() + "/big"); }));
    cell.back()["server_cpu_us"] = (server.CpuTime() - before).count() / kMegabytes;
  }
  Figures result = Medians(cell);
  const Figures without = Medians(plain);
  result["plain_mb_per_second"] = without.at("mb_per_second");
  result["ratio"] = result["mb_per_second"] / result["plain_mb_per_second"];
  std::printf("\n1 GiB down: libcurl %.0f MB/s, cell %.0f MB/s, ratio %.2f; the engine grew by %.1f MiB\n",
              result["plain_mb_per_second"], result["mb_per_second"], result["ratio"], result["engine_growth_mib"]);
  std::printf("  CPU time of a MB in us: libcurl %.0f; engine %.0f, cell %.0f, server %.0f\n",
              without.at("client_cpu_us"), result["client_cpu_us"], result["cell_cpu_us"], result["server_cpu_us"]);
  return boost::json::value_from(result).as_object();
}

// What one tenant's calls take, one at a time, while another tenant calls `path` of a hostile server. Beside "/small",
// of a server that is not hostile, for comparison: what a busy neighbour costs that means no harm.
boost::json::object Neighbours(const Plan& plan) {
  const Upstream server;
  const HostileUpstream hostile;
  std::map<std::string, std::vector<Figures>> rounds;
  std::vector<std::pair<std::string, std::string>> cases = {{"idle", ""}, {"(busy)", server.origin() + "/small"}};
  for (const std::string_view path : kHostilePaths) {
    cases.emplace_back(path.substr(1), hostile.origin() + std::string(path));
  }
  for (int round = 0; round < std::min(plan.rounds, 3); ++round) {
    for (const auto& [name, url] : cases) {
      rounds[name].push_back(InChild([&, &url = url] {
        const auto engine = Engine::Open({});
        std::optional<Execution> neighbour;
        if (!url.empty()) neighbour = engine->Start(RequestFor(kHostileFlow, "hostile", {{"url", url}}));
        Figures figures =
            Cell(*engine,
                 RequestFor(kCallsFlow, "quiet", CallsEvent(server.origin() + "/small", plan.single_calls, 1, true)),
                 plan.single_calls);
        if (neighbour) {
          if (const Outcome* over = neighbour->WaitFor({})) throw std::runtime_error("hostile: " + over->reason);
          neighbour->Cancel();
          neighbour->Wait();
        }
        return figures;
      }));
    }
  }
  std::printf("\na tenant with one call at a time beside 32 calls to a hostile upstream: latency in us\n");
  std::printf("  %-8s %8s %8s %8s\n", "", "p50", "p99", "ratio");
  boost::json::object result;
  const double idle = Medians(rounds.at("idle")).at("p99_us");
  for (const auto& [name, url] : cases) {
    Figures medians = Medians(rounds.at(name));
    medians["p99_ratio"] = medians["p99_us"] / idle;
    std::printf("  %-8s %8.0f %8.0f %8.2f\n", name.c_str(), medians["p50_us"], medians["p99_us"], medians["p99_ratio"]);
    result[name] = boost::json::value_from(medians);
  }
  return result;
}

// By what ended the execution. All have to be closed within 50 ms.
boost::json::object Teardowns(const Plan& plan) {
  std::printf("\nthe last of 64 transfers is closed after the end of their execution: ms, of %d\n  %-8s %8s %8s\n",
              4 * plan.rounds, "", "median", "most");
  boost::json::object result;
  for (const char* how : {"cancel", "limit", "result", "error"}) {
    std::vector<double> times;
    for (int round = 0; round < 4 * plan.rounds; ++round) {
      times.push_back(InChild([&] { return Teardown(how); }).at("ms"));
    }
    const Figures figures = {{"median_ms", Percentile(times, 0.5)}, {"most_ms", Percentile(times, 1)}};
    std::printf("  %-8s %8.1f %8.1f\n", how, figures.at("median_ms"), figures.at("most_ms"));
    result[how] = boost::json::value_from(figures);
  }
  return result;
}

int Profile(const Plan& plan, const std::string& name) {
  if (name == "download" || name == "neighbours" || name == "teardown") {
    (name == "download" ? Download : name == "neighbours" ? Neighbours : Teardowns)(plan);
    return 0;
  }
  const Upstream server;
  for (const auto& [known, client] : Clients()) {
    if (name != known) continue;
    for (const auto& [figure, value] : client(server.origin() + "/small", plan.calls, 64, false)) {
      std::printf("%s %.1f\n", figure.c_str(), value);
    }
    return 0;
  }
  return 2;
}

int Main(int argc, char** argv) {
  Plan plan;
  std::string json_file;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--quick") == 0) {
      plan = {.rounds = 1, .calls = 5'000, .single_calls = 1'000};
    } else if (std::strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
      json_file = argv[++i];
    } else if (std::strcmp(argv[i], "--profile") == 0 && i + 1 < argc) {
      return Profile(plan, argv[i + 1]);
    } else {
      std::fprintf(stderr,
                   "usage: bench_broker [--quick] [--json FILE] [--profile CLIENT|download|neighbours|teardown]\n");
      return 2;
    }
  }
  std::printf("%u processors for client, cell and server together\n", std::thread::hardware_concurrency());
  boost::json::object result;
  result["in_flight_64"] = Calls(plan, plan.calls, 64, false);
  result["in_flight_1"] = Calls(plan, plan.single_calls, 1, true);
  result["download"] = Download(plan);
  result["neighbours"] = Neighbours(plan);
  result["teardown"] = Teardowns(plan);
  if (!json_file.empty()) std::ofstream(json_file) << boost::json::serialize(result) << '\n';
  return 0;
}

}  // namespace
}  // namespace warder::bench

int main(int argc, char** argv) { return warder::bench::Main(argc, argv); }
