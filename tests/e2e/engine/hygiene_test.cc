// Nothing of the engine's memory, environment, arguments or open files reaches the zygote or a cell, and nothing of one
// cell reaches another: random strings are planted and then searched for in the memory of each process.
//
// What siblings do share: every page that the zygote had before the fork (V8, the snapshot, libraries) and where these
// are. See SECURITY.md.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/json.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "tests/e2e/engine/support.h"

namespace warder::e2e {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr const char* kVariable = "WARDER_TEST_CANARY";
constexpr std::size_t kCanaryBytes = 32;

std::string RandomText() {
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::array<unsigned char, kCanaryBytes> bytes;
  if (getrandom(bytes.data(), bytes.size(), 0) != std::ssize(bytes)) throw std::runtime_error("getrandom");
  std::string text;
  for (const unsigned char byte : bytes) text += kLetters[byte % kLetters.size()];
  return text;
}

// A string to search for, kept inverted so that the searching does not find itself.
class Canary {
 public:
  Canary(std::string name, const std::string& text) : name_(std::move(name)), inverted_(Inverted(text)) {}
  const std::string& name() const { return name_; }
  std::string text() const { return Inverted(inverted_); }

 private:
  static std::string Inverted(std::string text) {
    for (char& c : text) c = static_cast<char>(~c);
    return text;
  }
  std::string name_;
  std::string inverted_;
};

struct Region {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
};

enum class Which { kAll, kReadable, kSharedWritable };

std::vector<Region> RegionsOf(pid_t pid, Which which) {
  std::vector<Region> regions;
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    Region region;
    char dash = 0;
    std::string rights;
    words >> std::hex >> region.begin >> dash >> region.end >> rights;
    const bool readable = rights.starts_with('r') && line.find("[v") == std::string::npos;
    const bool shared = rights.size() > 3 && rights[1] == 'w' && rights[3] == 's';
    if (which == Which::kAll || (which == Which::kReadable ? readable : shared)) regions.push_back(region);
  }
  return regions;
}

struct Search {
  std::set<std::string> found;  // names of canaries
  std::size_t bytes = 0;        // that were looked at
};

// Throws where the memory cannot be read.
Search SearchMemory(pid_t pid, const std::vector<Canary>& canaries) {
  constexpr std::size_t kChunk = std::size_t{1} << 20;
  Search search;
  std::vector<std::string> texts;
  texts.reserve(canaries.size());
  for (const Canary& canary : canaries) texts.push_back(canary.text());
  std::string chunk(kChunk + kCanaryBytes, '\0');
  for (const Region& region : RegionsOf(pid, Which::kReadable)) {
    for (std::uintptr_t at = region.begin; at < region.end; at += kChunk) {
      // A canary across two chunks is found in the first.
      const iovec local{chunk.data(), std::min<std::size_t>(chunk.size(), region.end - at)};
      const iovec remote{reinterpret_cast<void*>(at), local.iov_len};  // NOLINT(performance-no-int-to-ptr): not ours
      const ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
      if (got < 0 && errno != EFAULT)
        throw std::runtime_error(std::string("process_vm_readv: ") + std::strerror(errno));
      if (got <= 0) continue;  // a page that is gone again
      search.bytes += static_cast<std::size_t>(got);
      const std::string_view seen(chunk.data(), static_cast<std::size_t>(got));
      for (std::size_t i = 0; i < texts.size(); ++i) {
        if (seen.find(texts[i]) != std::string_view::npos) search.found.insert(canaries[i].name());
      }
    }
  }
  return search;
}

std::vector<int> DescriptorsOf(pid_t pid) {
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  std::vector<int> open;
  for (int fd = 0; fd < 1024; ++fd) {
    const int copy = static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, fd, 0));
    if (copy < 0) continue;
    ::close(copy);
    open.push_back(fd);
  }
  ::close(pidfd);
  return open;
}

// A flow that holds on to its event and waits.
ExecutionRequest WaitingRequest(const std::string& event, const std::string& first = "") {
  ExecutionRequest request;
  request.bundle = FlowBundle("globalThis.kept = event; " + first +
                              "console.log('waiting'); await new Promise((done) => setTimeout(done, 60_000));");
  request.event_json = "\"" + event + "\"";
  return request;
}

// Every cell that there is has an execution, so that a test can tell which is whose.
const EngineOptions kNoneReady{.pooled_cells = 0};

// An execution that says when it waits.
class WaitingCell {
 public:
  WaitingCell(Engine& engine, const std::string& event) : WaitingCell(engine, WaitingRequest(event)) {}
  WaitingCell(Engine& engine, const ExecutionRequest& request) {
    const std::set<pid_t> before = Cells();
    execution_ = engine.Start(request, [this](const Event& e) { waiting_ = waiting_ || e.kind == Event::Kind::kLog; });
    if (!Poll([this] { return waiting_.load(); })) throw std::runtime_error("the flow did not start");
    for (const pid_t pid : Cells()) {
      if (!before.contains(pid)) pid_ = pid;
    }
  }
  WaitingCell(const WaitingCell&) = delete;
  WaitingCell& operator=(const WaitingCell&) = delete;
  ~WaitingCell() {
    execution_->Cancel();
    execution_->Wait();
  }
  pid_t pid() const { return pid_; }

  static pid_t Zygote() {
    for (const pid_t pid : DescendantsOf(::getpid())) {
      std::string name;
      std::ifstream("/proc/" + std::to_string(pid) + "/comm") >> name;
      if (name == "zygote" && !Cells().contains(pid)) return pid;
    }
    return -1;
  }

 private:
  static std::set<pid_t> Cells() {
    std::set<pid_t> cells;
    for (const pid_t child : DescendantsOf(::getpid())) {
      for (const pid_t grandchild : DescendantsOf(child)) cells.insert(grandchild);
    }
    return cells;
  }

  std::optional<Execution> execution_;
  std::atomic<bool> waiting_ = false;
  pid_t pid_ = -1;
};

// Answers the first request of a connection with its own head, and no other.
class Echo {
 public:
  Echo() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 8) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("nothing can listen on loopback");
    }
    origin_ = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
    thread_ = std::thread([this] { Serve(); });
  }
  Echo(const Echo&) = delete;
  Echo& operator=(const Echo&) = delete;
  ~Echo() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    for (const int fd : open_) ::close(fd);
    ::close(listener_);
  }
  const std::string& origin() const { return origin_; }

 private:
  void Serve() {
    for (int fd = 0; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
      open_.push_back(fd);
      std::string head;
      std::array<char, 4096> buffer{};
      while (head.find("\r\n\r\n") == std::string::npos) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got <= 0) break;
        head.append(buffer.data(), static_cast<std::size_t>(got));
      }
      const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(head.size()) +
                                 "\r\nX-Echo: " + head.substr(head.find("Bearer"), 39) + "\r\n\r\n" + head;
      if (::write(fd, answer.data(), answer.size()) != std::ssize(answer)) return;
    }
  }

  int listener_;
  std::string origin_;
  std::vector<int> open_;
  std::thread thread_;
};

class HygieneTest : public testing::Test {
 protected:
  HygieneTest()
      : canaries_{{"environment", variable}, {"argument", last_argument}, {"heap", RandomText()},
                  {"file", RandomText()},    {"pipe", RandomText()},      {"stack", RandomText()}} {}

  const Canary& Named(const char* name) const {
    return *std::find_if(canaries_.begin(), canaries_.end(), [&](const Canary& c) { return c.name() == name; });
  }

 public:
  // What the process was started with; main sets them.
  static std::string variable;
  static std::string last_argument;

 protected:
  const std::vector<Canary> canaries_;
};
std::string HygieneTest::variable;
std::string HygieneTest::last_argument;

TEST_F(HygieneTest, NothingOfTheEngineReachesTheZygoteOrACell) {
  // Descriptors as careless host programs leave them: without close-on-exec.
  const TemporaryFolder folder;
  std::ofstream(folder.path() / "secret") << Named("file").text() << std::flush;
  const int file = ::open((folder.path() / "secret").c_str(), O_RDONLY);
  std::array<int, 2> pipe_ends{};
  ASSERT_EQ(::pipe(pipe_ends.data()), 0);
  const std::string in_pipe = Named("pipe").text();
  ASSERT_EQ(::write(pipe_ends[1], in_pipe.data(), in_pipe.size()), std::ssize(in_pipe));
  std::string on_file(kCanaryBytes, '\0');
  ASSERT_EQ(::pread(file, on_file.data(), on_file.size(), 0), std::ssize(on_file));
  const std::string on_heap = Named("heap").text();
  std::array<char, kCanaryBytes> on_stack{};
  Named("stack").text().copy(on_stack.data(), on_stack.size());

  const auto engine = Engine::Open(kNoneReady);
  const Canary event("event", RandomText());
  const Canary siblings("sibling's event", RandomText());
  const WaitingCell cell(*engine, event.text());
  const WaitingCell sibling(*engine, siblings.text());
  std::vector<Canary> wanted = canaries_;
  wanted.push_back(event);
  wanted.push_back(siblings);

  // The positive control: the search finds what is there.
  asm volatile("" : : "r"(on_stack.data()) : "memory");
  EXPECT_THAT(SearchMemory(::getpid(), canaries_).found,
              UnorderedElementsAre("environment", "argument", "heap", "file", "pipe", "stack"));
  const Search in_cell = SearchMemory(cell.pid(), wanted);
  EXPECT_THAT(in_cell.found, UnorderedElementsAre("event"));
  EXPECT_THAT(SearchMemory(sibling.pid(), wanted).found, UnorderedElementsAre("sibling's event"));
  const Search in_zygote = SearchMemory(WaitingCell::Zygote(), wanted);
  EXPECT_THAT(in_zygote.found, IsEmpty());
  EXPECT_GT(in_zygote.bytes, std::size_t{10} << 20);
  EXPECT_GT(in_cell.bytes, std::size_t{10} << 20);
  std::printf("searched %zu MB of the zygote, %zu MB of a cell\n", in_zygote.bytes >> 20, in_cell.bytes >> 20);

  EXPECT_TRUE(Poll([] { return DescriptorsOf(WaitingCell::Zygote()) == std::vector<int>{3, 4, 5}; }));
  EXPECT_EQ(DescriptorsOf(cell.pid()), std::vector<int>{3});
  EXPECT_EQ(DescriptorsOf(sibling.pid()), std::vector<int>{3});
  EXPECT_THAT(DescriptorsOf(::getpid()), testing::IsSupersetOf({file, pipe_ends[0], pipe_ends[1]}));
  for (const int fd : {file, pipe_ends[0], pipe_ends[1]}) ::close(fd);
}

TEST_F(HygieneTest, ACredentialIsNotInTheCellThatUsesIt) {
  const TemporaryFolder folder;
  const Echo upstream;
  const Canary credential("credential", RandomText());
  const Canary event("event", RandomText());
  const auto vault = Vault::Open({.folder = folder.path() / "state", .key = {.file = folder.path() / "kek"}});
  vault->CreateTenant("local");
  vault->Connect("local", "acme", "origin " + upstream.origin() + "\nallow * /**\ninject bearer token\n",
                 {{"token", credential.text()}});
  const auto engine = Engine::Open({.vault = vault, .pooled_cells = 0});
  // One call was made, and its answer, which repeats the credential, is kept; another one is under way.
  ExecutionRequest request =
      WaitingRequest(event.text(),
                     "const { acme } = context.connections; const answer = await acme.fetch('/echo');"
                     "globalThis.echoed = [await answer.text(), answer.headers.get('x-echo')];"
                     "if (!echoed[0].includes('Bearer [redacted]')) throw new Error(echoed[0]);"
                     "globalThis.under = acme.fetch('/never');");
  request.connections = {{.name = "acme"}};
  const WaitingCell cell(*engine, request);
  const std::vector<Canary> wanted = {credential, event};
  EXPECT_THAT(SearchMemory(::getpid(), wanted).found, testing::Contains("credential")) << "the control";
  EXPECT_THAT(SearchMemory(cell.pid(), wanted).found, UnorderedElementsAre("event"));
  EXPECT_THAT(SearchMemory(WaitingCell::Zygote(), wanted).found, IsEmpty());
}

TEST_F(HygieneTest, WhatACellWasToldDoesNotOutliveItInTheZygote) {
  const auto engine = Engine::Open(kNoneReady);
  std::vector<Canary> events;
  for (int i = 0; i < 5; ++i) {
    events.emplace_back("event " + std::to_string(i), RandomText());
    const WaitingCell cell(*engine, events.back().text());
    EXPECT_THAT(SearchMemory(cell.pid(), events).found, UnorderedElementsAre(events.back().name()));
  }
  EXPECT_THAT(SearchMemory(WaitingCell::Zygote(), events).found, IsEmpty());
}

// What is copied on write is nobody else's.
TEST_F(HygieneTest, NoMemoryIsSharedThatCanBeWrittenTo) {
  void* const shared = ::mmap(nullptr, 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  EXPECT_THAT(RegionsOf(::getpid(), Which::kSharedWritable), testing::Not(IsEmpty())) << "the control";
  ::munmap(shared, 1);
  for (const StartMode mode : {StartMode::kFresh, StartMode::kWarm}) {
    SCOPED_TRACE(StartModeName(mode));
    const auto engine = Engine::Open({.start_mode = mode, .pooled_cells = 0});
    const WaitingCell cell(*engine, "waits");
    for (const pid_t pid : {WaitingCell::Zygote(), cell.pid()}) {
      EXPECT_THAT(RegionsOf(pid, Which::kReadable), testing::Not(IsEmpty()));
      EXPECT_THAT(RegionsOf(pid, Which::kSharedWritable), IsEmpty());
    }
  }
}

// Everything that draws, each in its own way.
constexpr const char* kRandom =
    "const form = new FormData(); form.set('a', 'b');\n"
    "const wrapped = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, true, ['encrypt']);\n"
    "const pair = await crypto.subtle.generateKey('Ed25519', true, ['sign']);\n"
    "return { data: { number: Math.random(), uuid: crypto.randomUUID(),\n"
    "  bytes: crypto.getRandomValues(new Uint8Array(16)).join(), boundary: new "
    "Response(form).headers.get('content-type'),\n"
    "  key: (await crypto.subtle.exportKey('jwk', wrapped)).k,\n"
    "  pair: (await crypto.subtle.exportKey('jwk', pair.privateKey)).d,\n"
    "  id: context.executionId } };";

// All from one zygote, in each start mode. What they may share is in SECURITY.md, and in hash_seed_test.cc.
TEST_F(HygieneTest, AHundredSiblingsDifferInEverythingRandom) {
  for (const StartMode mode : {StartMode::kFresh, StartMode::kWarm}) {
    SCOPED_TRACE(StartModeName(mode));
    const auto engine = Engine::Open({.start_mode = mode, .pooled_cells = 0});
    const pid_t zygote = WaitingCell::Zygote();
    constexpr int kSiblings = 100;
    std::map<std::string, std::set<std::string>> seen;
    for (int i = 0; i < kSiblings; ++i) {
      const Outcome outcome = RunBody(*engine, kRandom);
      ASSERT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
      const boost::json::value drawn = boost::json::parse(outcome.output_json);
      for (const auto& [source, value] : drawn.as_object()) {
        seen[std::string(source)].insert(boost::json::serialize(value));
      }
    }
    EXPECT_EQ(seen.size(), 7U);
    for (const auto& [source, values] : seen) {
      EXPECT_EQ(values.size(), static_cast<std::size_t>(kSiblings)) << source;
    }
    EXPECT_EQ(WaitingCell::Zygote(), zygote);
  }
}

// Where V8's pages begin that the zygote does not have.
std::set<std::uintptr_t> HeapPages(pid_t cell) {
  constexpr std::uintptr_t kPageBytes = std::uintptr_t{256} << 10;
  std::set<std::uintptr_t> pages;
  const std::vector<Region> inherited = RegionsOf(WaitingCell::Zygote(), Which::kAll);
  for (const Region& region : RegionsOf(cell, Which::kReadable)) {
    const bool own = std::none_of(inherited.begin(), inherited.end(), [&](const Region& zygotes) {
      // What begins where an inherited one ends is that one, grown: the program's own heap.
      return zygotes.begin <= region.begin && region.begin <= zygotes.end;
    });
    if (own && region.begin % kPageBytes == 0) pages.insert(region.begin);
  }
  return pages;
}

// But for the pages that a warm zygote's isolate has before the fork.
TEST_F(HygieneTest, SiblingsHaveTheirHeapsInDifferentPlaces) {
  for (const StartMode mode : {StartMode::kFresh, StartMode::kWarm}) {
    SCOPED_TRACE(StartModeName(mode));
    const auto engine = Engine::Open({.start_mode = mode, .pooled_cells = 0});
    constexpr const char* kGrow = "globalThis.more = Array.from({ length: 3e5 }, (_, i) => ({ i }));";
    const WaitingCell cell(*engine, WaitingRequest("one", kGrow));
    const WaitingCell sibling(*engine, WaitingRequest("two", kGrow));
    const std::set<std::uintptr_t> pages = HeapPages(cell.pid());
    const std::set<std::uintptr_t> others = HeapPages(sibling.pid());
    EXPECT_GE(pages.size(), 3U);
    EXPECT_GE(others.size(), 3U);
    std::vector<std::uintptr_t> shared;
    std::set_intersection(pages.begin(), pages.end(), others.begin(), others.end(), std::back_inserter(shared));
    EXPECT_THAT(shared, IsEmpty());
  }
}

}  // namespace
}  // namespace warder::e2e

// The canaries in the environment and in the arguments must be there when the process starts: it starts itself anew.
int main(int argc, char** argv) {
  const char* variable = std::getenv(warder::e2e::kVariable);
  if (variable == nullptr) {
    setenv(warder::e2e::kVariable, warder::e2e::RandomText().c_str(), 1);
    std::string canary = warder::e2e::RandomText();
    std::vector<char*> arguments(argv, argv + argc);
    arguments.push_back(canary.data());
    arguments.push_back(nullptr);
    execv("/proc/self/exe", arguments.data());
    return 127;
  }
  testing::InitGoogleTest(&argc, argv);
  warder::e2e::HygieneTest::variable = variable;
  warder::e2e::HygieneTest::last_argument = argv[argc - 1];
  return RUN_ALL_TESTS();
}
