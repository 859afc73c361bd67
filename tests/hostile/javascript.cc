// The hostile suite of the cell's JavaScript: each known way out of a sandbox is tried in plain Node, where it works
// (the positive control), and in a cell of an engine, where it must gain nothing and harm nobody.
//
//   hostile_javascript NODE [NAME...]   only escapes whose name contains one of these
//
// An escape has gained something when its body returns a text that is not empty, when the server that is not granted
// hears from it, or when it ends its cell in a way that a script cannot: a fault or a violation.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cstdio>
#include <cstring>
#include <exception>
#include <fstream>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sandbox/base/unique_fd.h"
#include "tests/e2e/engine/support.h"
#include "tests/hostile/escapes.h"

namespace warder::hostile {
namespace {

// A server on 127.0.0.1 that says "reached" to whoever asks, and counts them.
class Server {
 public:
  Server() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener_.get(), any, size) != 0 || listen(listener_.get(), 64) != 0 ||
        getsockname(listener_.get(), any, &size) != 0) {
      throw std::runtime_error("no server on 127.0.0.1");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { Serve(); });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  int port() const { return port_; }
  int asked() const { return asked_; }

 private:
  void Serve() {
    for (;;) {
      const UniqueFd connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) return;
      ++asked_;
      std::array<char, 4096> request;
      static_cast<void>(recv(connection.get(), request.data(), request.size(), 0));
      constexpr std::string_view kAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nreached";
      static_cast<void>(send(connection.get(), kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL));
    }
  }

  UniqueFd listener_;
  int port_ = 0;
  std::atomic<int> asked_ = 0;
  std::thread thread_;
};

std::string Replace(std::string text, std::string_view what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
  return text;
}

struct Counts {
  int escapes = 0;
  int nothing = 0;
  int limit = 0;
  int escaped = 0;
  int wrong = 0;
};

class Suite {
 public:
  Suite(std::string node, CellProfile profile, std::vector<std::string> wanted)
      : node_(std::move(node)), profile_(profile), wanted_(std::move(wanted)) {
    std::ofstream(folder_.path() / "host.mjs") << "export const host = 1;\n";
    std::ofstream(folder_.path() / "host.mjs.json") << "{}\n";
  }
  int Run();

 private:
  bool IsWanted(const std::string& name) const;
  std::string Body(const Escape& escape, const Server& server) const;
  // The server hears from a cell that is granted it: silence shows something.
  void CheckServer();
  std::string InNode(const std::string& body) const;
  void Try(const Escape& escape);
  std::string InCell(const Escape& escape, const std::string& body);
  void ExpectUnharmed(const Escape& escape);
  void Fail(const Escape& escape, const std::string& what, int& count);

  const std::string node_;
  const CellProfile profile_;
  const std::vector<std::string> wanted_;
  const e2e::TemporaryFolder folder_;
  const Server server_;       // for cells
  const Server node_server_;  // for Node
  const std::unique_ptr<Engine> engine_ = Engine::Open({});
  Counts counts_;
  std::vector<std::string> failures_;
};

bool Suite::IsWanted(const std::string& name) const {
  return wanted_.empty() || std::any_of(wanted_.begin(), wanted_.end(),
                                        [&](const std::string& part) { return name.find(part) != std::string::npos; });
}

void Suite::Fail(const Escape& escape, const std::string& what, int& count) {
  ++count;
  failures_.push_back(escape.name + ": " + what);
}

std::string Suite::Body(const Escape& escape, const Server& server) const {
  return Replace(Replace(escape.body, "@HOST@", (folder_.path() / "host.mjs").string()), "@PORT@",
                 std::to_string(server.port()));
}

void Suite::CheckServer() {
  ExecutionRequest request;
  const std::string origin = "http://127.0.0.1:" + std::to_string(server_.port());
  request.bundle = e2e::FlowBundle("return { data: await (await fetch('" + origin + "')).text() };");
  request.allow_origins = {origin};
  const Outcome outcome = e2e::RunToEnd(*engine_, request);
  if (outcome.output_json != "\"reached\"" || server_.asked() != 1) {
    throw std::runtime_error("A cell that is granted the server does not reach it: " + outcome.reason);
  }
}

// What the body returns in plain Node.
std::string Suite::InNode(const std::string& body) const {
  std::string code =
      "import __fs from 'node:fs'; const __write = __fs.writeSync, __exit = process.exit;\n"
      "let __gained = ''; try { __gained = await (async () => {\n" +
      body + "\n})(); } catch {}\n__write(1, `gained:${__gained ?? ''}`); __exit(0);";
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe2");
  const UniqueFd out(ends[0]);
  UniqueFd in(ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in.get(), STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::string program = node_;
  std::string module = "--input-type=module";
  std::string evaluate = "-e";
  const std::array<char*, 5> arguments = {program.data(), module.data(), evaluate.data(), code.data(), nullptr};
  pid_t child = -1;
  const int error = posix_spawn(&child, node_.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) throw std::runtime_error("node: " + std::string(std::strerror(error)));
  in.reset();
  std::string said;
  std::array<char, 4096> buffer;
  for (ssize_t got = 0; (got = read(out.get(), buffer.data(), buffer.size())) > 0;) {
    said.append(buffer.data(), static_cast<std::size_t>(got));
  }
  waitpid(child, nullptr, 0);
  const std::size_t at = said.rfind("gained:");
  return at == std::string::npos ? "" : said.substr(at + 7);
}

// How it ended in a cell, for the table; notes what is wrong.
std::string Suite::InCell(const Escape& escape, const std::string& body) {
  constexpr std::uint64_t kMostMemory = std::uint64_t{256} << 20;
  Limits limits;
  limits.wall_ms = 20'000;
  limits.cpu_ms = 700;
  limits.heap_bytes = 32 << 20;
  limits.array_buffer_bytes = 8 << 20;
  const int asked = server_.asked();
  const Outcome outcome =
      e2e::RunBody(*engine_, "const gained = await (async () => {\n" + body + "\n})();\nreturn { data: gained ?? '' };",
                   limits, profile_);
  std::string status = StatusName(outcome.status);
  if (server_.asked() != asked) Fail(escape, "ESCAPED: the server was asked", counts_.escaped);
  if (outcome.usage.peak_rss_bytes > kMostMemory) {
    Fail(escape, "took " + std::to_string(outcome.usage.peak_rss_bytes >> 20) + " MB", counts_.wrong);
  }
  switch (outcome.status) {
    case Status::kSucceeded:
      if (outcome.output_json != "\"\"") Fail(escape, "ESCAPED: gained " + outcome.output_json, counts_.escaped);
      ++counts_.nothing;
      return "nothing gained";
    case Status::kFailed:
      ++counts_.nothing;
      return "nothing gained (" + (outcome.error ? outcome.error->name : outcome.reason) + ")";
    case Status::kLimit:
      ++counts_.limit;
      if (escape.want != Want::kBounded) Fail(escape, "ended at a limit: " + outcome.reason, counts_.wrong);
      return "LIMIT(" + (outcome.limit ? outcome.limit->limit : "?") + ")";
    default:
      Fail(escape, "ESCAPED: it ended its cell: " + status + ": " + outcome.reason, counts_.escaped);
      return status;
  }
}

void Suite::ExpectUnharmed(const Escape& escape) {
  const Outcome next = e2e::RunBody(*engine_, "return { data: [1].concat(2).join() };", {}, profile_);
  if (next.status != Status::kSucceeded || next.output_json != "\"1,2\"") {
    Fail(escape, "ESCAPED: the next execution was harmed: " + next.reason + next.output_json, counts_.escaped);
  }
}

void Suite::Try(const Escape& escape) {
  ++counts_.escapes;
  std::future<std::string> gained;
  if (escape.no_control.empty()) {
    gained = std::async(std::launch::async, [&] { return InNode(Body(escape, node_server_)); });
  }
  const std::string cell = InCell(escape, Body(escape, server_));
  ExpectUnharmed(escape);
  std::string control = "-";
  if (gained.valid()) {
    control = gained.get().empty() ? "nothing" : "gained";
    if (control != "gained") Fail(escape, "gains nothing in plain Node", counts_.wrong);
  }
  std::printf("  %-62s %-10s %s\n", escape.name.c_str(), control.c_str(), cell.c_str());
}

int Suite::Run() {
  CheckServer();
  std::printf("  %-62s %-10s %s\n", "", "Node", "cell");
  for (const EscapeGroup& group : AllEscapes()) {
    bool titled = false;
    for (const Escape& escape : group.escapes) {
      if (!IsWanted(escape.name)) continue;
      if (!titled) {
        std::string title(group.threat);
        title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
        std::printf("\n%s\n", title.c_str());
        titled = true;
      }
      Try(escape);
    }
  }
  if (!failures_.empty()) std::printf("\nFailures\n");
  for (const std::string& failure : failures_) std::printf("  %s\n", failure.c_str());
  std::printf("\n%d probes, %d gained nothing, %d LIMIT, %d ESCAPED\n", counts_.escapes, counts_.nothing, counts_.limit,
              counts_.escaped);
  if (counts_.wrong != 0) std::printf("%d not as expected\n", counts_.wrong);
  return failures_.empty() && counts_.escapes > 0 ? 0 : 1;
}

}  // namespace
}  // namespace warder::hostile

int main(int argc, char** argv) {
  const std::string_view profile = argc < 3 ? "" : argv[2];
  if (profile != "jitless" && profile != "jit") {
    std::printf("hostile_javascript NODE jitless|jit [NAME...]\n");
    return 2;
  }
  // A suite that hangs is a failure, not a wait.
  alarm(300);
  try {
    return warder::hostile::Suite(argv[1], profile == "jit" ? warder::CellProfile::kJit : warder::CellProfile::kJitless,
                                  {argv + 3, argv + argc})
        .Run();
  } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return 1;
  }
}
