#include "tests/bench/peer_subjects.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffers_iterator.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <ctime>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "tests/e2e/engine/support.h"

namespace warder::bench {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

double Cpu(const rusage& usage) {
  const auto ms = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

// Processor time of a process that lives, all its threads.
double CpuOf(pid_t pid) {
  double nanoseconds = 0;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    double ran = 0;
    std::ifstream(task.path() / "schedstat") >> ran;
    nanoseconds += ran;
  }
  return nanoseconds / 1e6;
}

// {"event":"listen","socket":"http","port":12345}
std::uint16_t PortOf(const std::string& said) { return boost::json::parse(said).at("port").to_number<std::uint16_t>(); }

class Process final : public Subject {
 public:
  Process(std::vector<std::string> words, bool answers) : words_(std::move(words)), answers_(answers) {}
  Sample Run(const std::string& url) override {
    std::vector<std::string> words = words_;
    if (!url.empty()) words.push_back(url);
    const auto begun = Clock::now();
    Child child(std::move(words));
    const std::string answer = child.ReadAll();
    const double cpu = child.End();
    const Sample sample{Milliseconds(Clock::now() - begun).count(), cpu};
    if (answers_) Require(answer, url);
    return sample;
  }
  bool Calls() const override { return answers_; }

 private:
  const std::vector<std::string> words_;
  const bool answers_;
};

class IsolatedVm final : public Subject {
 public:
  explicit IsolatedVm(const fs::path& modules)
      : child_({"env", "NODE_PATH=" + (modules / "node_modules").string(), "node", "--no-node-snapshot",
                fs::path(WARDER_BENCH) / "peers/isolated_vm.cjs"}) {}
  Sample Run(const std::string& url) override {
    child_.Write((url.empty() ? "-" : url) + "\n");
    const auto answer = boost::json::parse(child_.ReadLine());
    Require(boost::json::value_to<std::string>(answer.at("output")), url);
    return {answer.at("ns").to_number<double>() / 1e6, answer.at("cpuUs").to_number<double>() / 1e3};
  }

 private:
  Child child_;
};

// The engine's own time, and that of its zygote and of every cell that this has waited for.
class Warder final : public Subject {
 public:
  explicit Warder(const EngineOptions& options) {
    const auto before = e2e::DescendantsOf(::getpid());
    engine_ = Engine::Open(options);
    for (const pid_t pid : e2e::DescendantsOf(::getpid())) {
      if (std::find(before.begin(), before.end(), pid) == before.end()) zygote_ = pid;
    }
    zygote_before_ = ZygoteTime();
    calling_.bundle = e2e::FlowBundle("return { data: (await (await fetch(event)).text()).length };");
  }
  Sample Run(const std::string& url) override {
    ExecutionRequest request = url.empty() ? trivial_ : calling_;
    if (!url.empty()) {
      request.event_json = boost::json::serialize(boost::json::string(url));
      request.allow_origins = {url.substr(0, url.find('/', 8))};
    }
    const double before = OwnTime();
    const auto begun = Clock::now();
    const Execution execution = engine_->Start(request);
    const std::string answer = execution.WaitForResult().output_json;
    const auto known = Clock::now();
    const Outcome& outcome = execution.Wait();
    if (outcome.status != Status::kSucceeded) throw std::runtime_error(outcome.reason);
    Require(answer, url);
    own_ += OwnTime() - before;
    return {Milliseconds(known - begun).count(), 0};
  }
  std::optional<double> TotalCpu() override { return own_ + ZygoteTime() - zygote_before_; }

 private:
  static double OwnTime() {
    timespec time{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
  }
  // proc(5): utime, stime, cutime and cstime are the fields 14 to 17, in ticks; the second one may hold blanks.
  double ZygoteTime() const {
    std::ifstream file("/proc/" + std::to_string(zygote_) + "/stat");
    const std::string text(std::istreambuf_iterator<char>(file), {});
    std::istringstream words(text.substr(text.rfind(')') + 1));
    std::string skipped;
    for (int field = 3; field < 14; ++field) words >> skipped;
    double ticks = 0;
    for (int field = 14; field < 18; ++field) {
      double value = 0;
      words >> value;
      ticks += value;
    }
    return ticks * 1e3 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }

  std::unique_ptr<Engine> engine_;
  pid_t zygote_ = -1;
  double zygote_before_ = 0;
  double own_ = 0;
  const ExecutionRequest trivial_ = TrivialRequest();
  ExecutionRequest calling_;
};

}  // namespace

void Require(const std::string& answer, const std::string& url) {
  std::string compact;
  std::copy_if(answer.begin(), answer.end(), std::back_inserter(compact), [](char c) { return c > ' '; });
  if (compact != (url.empty() ? R"({"hello":"world"})" : "1024"))
    throw std::runtime_error("it answers \"" + answer + "\"");
}

ExecutionRequest TrivialRequest() {
  ExecutionRequest request;
  request.bundle = e2e::FlowBundle("return { data: { hello: 'world' } };");
  return request;
}

Child::Child(std::vector<std::string> words) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], 0);
  posix_spawn_file_actions_adddup2(&actions, out[1], 1);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const int error = ::posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  to_ = in[1];
  from_ = out[0];
  if (error == 0) return;
  ::close(to_);
  ::close(from_);
  throw std::runtime_error(words[0] + " cannot be started");
}

Child::~Child() {
  if (pid_ > 0) End(SIGKILL);
  ::close(from_);
}

void Child::Write(const std::string& line) const {
  if (::write(to_, line.data(), line.size()) != std::ssize(line)) throw std::runtime_error("it has ended");
}

std::string Child::ReadLine() {
  while (read_.find('\n') == std::string::npos) {
    if (!ReadSome()) throw std::runtime_error("it has ended");
  }
  const std::size_t end = read_.find('\n');
  std::string line = read_.substr(0, end);
  read_.erase(0, end + 1);
  return line;
}

std::string Child::ReadAll() {
  while (ReadSome()) {
  }
  return std::exchange(read_, {});
}

double Child::End(int signal) {
  ::close(to_);
  if (signal != 0) ::kill(pid_, signal);
  rusage usage{};
  ::wait4(pid_, nullptr, 0, &usage);
  pid_ = -1;
  return Cpu(usage);
}

bool Child::ReadSome() {
  std::array<char, 4096> buffer{};
  const ssize_t got = ::read(from_, buffer.data(), buffer.size());
  if (got > 0) read_.append(buffer.data(), static_cast<std::size_t>(got));
  return got > 0;
}

HttpClient::HttpClient(std::uint16_t port) {
  socket_.connect({boost::asio::ip::address_v4::loopback(), port});
  socket_.set_option(boost::asio::ip::tcp::no_delay(true));
}

std::string HttpClient::Get(const std::string& header_lines) {
  boost::asio::write(socket_, boost::asio::buffer("GET / HTTP/1.1\r\nHost: bench\r\n" + header_lines + "\r\n"));
  const std::size_t head = boost::asio::read_until(socket_, buffer_, "\r\n\r\n");
  const auto text = [this] {
    return std::string(boost::asio::buffers_begin(buffer_.data()), boost::asio::buffers_end(buffer_.data()));
  };
  constexpr std::string_view kLength = "Content-Length: ";
  const std::string read = text();
  const std::size_t length = std::stoul(read.substr(read.find(kLength) + kLength.size()));
  if (read.size() < head + length) {
    boost::asio::read(socket_, buffer_, boost::asio::transfer_exactly(head + length - read.size()));
  }
  std::string body = text().substr(head, length);
  buffer_.consume(head + length);
  return body;
}

Workerd::Workerd(const fs::path& modules)
    : child_({modules / "node_modules/@cloudflare/workerd-linux-64/bin/workerd", "serve",
              fs::path(WARDER_BENCH) / "peers/workerd.capnp", "--control-fd=1"}),
      port_(PortOf(child_.ReadLine())),
      client_(port_) {}

Sample Workerd::Run(const std::string& url) {
  const double before = CpuOf(child_.pid());
  const auto begun = Clock::now();
  const std::string body = client_.Get(url.empty() ? "" : "X-Call: " + url + "\r\n");
  const Sample sample{Milliseconds(Clock::now() - begun).count(), CpuOf(child_.pid()) - before};
  Require(body, url);
  return sample;
}

std::unique_ptr<Subject> MakeWarder(const EngineOptions& options) { return std::make_unique<Warder>(options); }

std::unique_ptr<Subject> MakeIsolatedVm(const fs::path& modules) { return std::make_unique<IsolatedVm>(modules); }

std::unique_ptr<Subject> MakeProcess(std::vector<std::string> words, bool answers) {
  return std::make_unique<Process>(std::move(words), answers);
}

}  // namespace warder::bench
