// The jit grant: what it adds to a cell, that it adds nothing else, and that only those get it who are granted it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "sandbox/zygote/cell_profile.h"
#include "tests/e2e/engine/support.h"
#include "warder/replay.h"

namespace warder::e2e {
namespace {

using testing::HasSubstr;

// Pages of V8's that the code range may lose to alignment.
constexpr std::uint64_t kAlignment = std::uint64_t{1} << 20;
// Of V8's own code that zygotes put on large pages.
constexpr std::uint64_t kLargeTextBytes = std::uint64_t{14} << 20;
constexpr const char* kForever = "for (;;);";

ExecutionRequest Jit(std::string_view body) {
  ExecutionRequest request;
  request.bundle = FlowBundle(body);
  request.profile = CellProfile::kJit;
  return request;
}

std::string Member(const Outcome& outcome, const char* name) {
  return boost::json::value_to<std::string>(boost::json::parse(outcome.receipt_json).at(name));
}

std::string DetailOf(const Outcome& outcome, const char* layer) {
  const auto receipt = boost::json::parse(outcome.receipt_json);
  for (const auto& state : receipt.at("posture").as_array()) {
    if (state.at("layer").as_string() == layer) return boost::json::value_to<std::string>(state.at("detail"));
  }
  return "absent";
}

struct Mapping {
  std::uint64_t bytes = 0;
  std::string may;   // "rwxp"
  std::string file;  // empty: memory
};

std::vector<Mapping> MappingsOf(pid_t pid) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  std::vector<Mapping> mappings;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    Mapping mapping;
    std::string range, offset, device, inode;
    words >> range >> mapping.may >> offset >> device >> inode >> mapping.file;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    const char* const dash = range.data() + range.find('-');
    std::from_chars(range.data(), dash, begin, 16);
    std::from_chars(dash + 1, range.data() + range.size(), end, 16);
    mapping.bytes = end - begin;
    mappings.push_back(mapping);
  }
  return mappings;
}

// Sizes of what is writable and executable.
std::vector<std::uint64_t> WritableCodeOf(pid_t pid) {
  std::vector<std::uint64_t> sizes;
  for (const Mapping& mapping : MappingsOf(pid)) {
    if (mapping.may.starts_with("rwx")) sizes.push_back(mapping.bytes);
  }
  return sizes;
}

std::string StatusField(pid_t pid, const std::string& name) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string key, value;
    words >> key >> value;
    if (key == name + ":") return value;
  }
  return "";
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  for (const pid_t each : DescendantsOf(parent)) {
    if (StatusField(each, "PPid") == std::to_string(parent)) children.push_back(each);
  }
  return children;
}

std::vector<pid_t> Zygotes() { return ChildrenOf(::getpid()); }

TEST(JitTest, TheReceiptNamesIt) {
  const auto engine = Engine::Open({});
  const Outcome outcome =
      RunToEnd(*engine, Jit("let n = 0; for (let i = 0; i < 3e6; ++i) n += i; return { data: n };"));
  EXPECT_EQ(outcome.output_json, "4499998500000") << outcome.reason;
  EXPECT_EQ(Member(outcome, "profile"), "jit");
  EXPECT_THAT(DetailOf(outcome, "mdwe"), HasSubstr("all but V8's code range of 32 MiB"));
  const Outcome interpreted = RunBody(*engine, "return { data: 1 };");
  EXPECT_EQ(Member(interpreted, "profile"), "jitless");
  EXPECT_EQ(DetailOf(interpreted, "mdwe"), "");
  const auto hash = [](const Outcome& of) { return boost::json::parse(of.receipt_json).at("policy").at("sha256"); };
  EXPECT_NE(hash(outcome), hash(interpreted));
}

TEST(JitTest, OneRangeIsWritableAndExecutableAndNothingElse) {
  const auto engine = Engine::Open({});
  ASSERT_EQ(Zygotes().size(), 1U) << "that of jit is launched when it is first asked for";
  const Execution compiled = engine->Start(Jit(kForever));
  ExecutionRequest request = Jit(kForever);
  request.profile = CellProfile::kJitless;
  const Execution interpreted = engine->Start(request);
  std::vector<pid_t> with;
  std::vector<pid_t> without;
  ASSERT_TRUE(Poll([&] {
    with.clear();
    without.clear();
    for (const pid_t zygote : Zygotes()) {
      for (const pid_t cell : ChildrenOf(zygote)) (WritableCodeOf(cell).empty() ? without : with).push_back(cell);
    }
    return !with.empty() && !without.empty();
  }));
  for (const pid_t cell : with) {
    const auto sizes = WritableCodeOf(cell);
    ASSERT_EQ(sizes.size(), 1U);
    EXPECT_LE(sizes[0], zygote::kCodeRangeBytes);
    EXPECT_GE(sizes[0], zygote::kCodeRangeBytes - kAlignment);
  }
  // And what else is executable is of a file, or the kernel's, or V8's own code on large pages, which
  // executable_memory_test.cc looks at.
  for (const auto& cells : {with, without}) {
    for (const Mapping& mapping : MappingsOf(cells.front())) {
      const bool is_range = mapping.may[1] == 'w';
      const bool is_large_text = mapping.may == "r-xp" && mapping.bytes == kLargeTextBytes;
      EXPECT_TRUE(mapping.may[2] != 'x' || is_range || is_large_text || !mapping.file.empty());
    }
  }
  compiled.Cancel();
  interpreted.Cancel();
  compiled.Wait();
  interpreted.Wait();
}

// Ready cells included: of each zygote either all cells have a range or none has.
TEST(JitTest, NoZygoteServesBoth) {
  const auto engine = Engine::Open({});
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(Member(RunToEnd(*engine, Jit("return { data: 1 };")), "profile"), "jit");
    EXPECT_EQ(Member(RunBody(*engine, "return { data: 1 };"), "profile"), "jitless");
  }
  std::set<bool> kinds;
  ASSERT_TRUE(Poll([&] {
    kinds.clear();
    const auto zygotes = Zygotes();
    if (zygotes.size() != 2) return false;
    for (const pid_t zygote : zygotes) {
      const bool jit = !WritableCodeOf(zygote).empty();
      const auto cells = ChildrenOf(zygote);
      if (cells.empty()) return false;
      // A cell may go while we look.
      if (!std::all_of(cells.begin(), cells.end(),
                       [&](pid_t cell) { return MappingsOf(cell).empty() || WritableCodeOf(cell).empty() != jit; })) {
        return false;
      }
      kinds.insert(jit);
    }
    return kinds.size() == 2;
  }));
  const Outcome pooled = RunToEnd(*engine, Jit("return { data: 1 };"));
  EXPECT_THAT(pooled.receipt_json, HasSubstr(R"("step":"pooled")"));
  EXPECT_EQ(Member(pooled, "profile"), "jit");
}

TEST(JitTest, NeedsStartModeWarm) {
  const auto engine = Engine::Open({.start_mode = StartMode::kFresh});
  try {
    engine->Start(Jit("return {};"));
    FAIL() << "it started";
  } catch (const EngineError& error) {
    EXPECT_EQ(error.status(), Status::kInvalid);
    EXPECT_THAT(error.what(), HasSubstr("needs start mode warm"));
  }
  EXPECT_THROW(engine->Diagnose(CellProfile::kJit), EngineError);
}

TEST(JitTest, TheDoctorLooksAtACellOfIt) {
  const auto engine = Engine::Open({});
  const Diagnosis diagnosis = engine->Diagnose(CellProfile::kJit);
  EXPECT_TRUE(diagnosis.enforceable);
  EXPECT_EQ(diagnosis.profile, CellProfile::kJit);
}

// Hot code, and how deep it can go, which depends on what was compiled when.
constexpr const char* kTellAll =
    "let depth = 0; const deeper = (n) => { ++depth; return deeper(n + 1) + 1; };\n"
    "const sum = (n) => { let s = 0; for (let i = 0; i < n; ++i) s = Math.sin(s + i * Math.random()); return s; };\n"
    "const depths = []; for (let i = 0; i < 20; ++i) { depth = 0; try { deeper(0); } catch {} depths.push(depth); }\n"
    "await new Promise((done) => setTimeout(done, 3));\n"
    "return { data: [depths, sum(2e5), sum(2e5), crypto.randomUUID(), Date.now(), new Error('e').stack] };";

TEST(JitTest, WhatIsRecordedReplaysToTheSameWhereItIsGranted) {
  const TemporaryFolder folder;
  const auto engine = Engine::Open({});
  ExecutionRequest request = Jit(kTellAll);
  request.record = folder.path() / "journal";
  const Outcome recorded = RunToEnd(*engine, request);
  ASSERT_EQ(recorded.status, Status::kSucceeded) << recorded.reason;
  const auto recording = Recording::Load(request.record);
  EXPECT_EQ(recording->facts().profile, CellProfile::kJit);
  const ExecutionRequest again = Recording::Replay(recording, CellProfile::kJit);
  EXPECT_EQ(again.profile, CellProfile::kJit);
  for (int i = 0; i < 3; ++i) {
    const Outcome replayed = RunToEnd(*engine, again);
    EXPECT_FALSE(replayed.divergence) << replayed.divergence->what;
    EXPECT_EQ(replayed.output_json, recorded.output_json);
  }
  EXPECT_EQ(Recording::Replay(recording).profile, CellProfile::kJitless) << "a journal grants nothing";
}

TEST(JitTest, NothingThatOneCellDoesIsSeenByAnother) {
  constexpr const char* kChange =
      "globalThis.left = 1; Object.prototype.left = 1; Array.prototype.push = () => 'left'; Math.random = () => 4;\n"
      "JSON.parse = () => 'left'; const f = (x) => x.left; for (let i = 0; i < 1e5; ++i) f({ i });\n";
  constexpr const char* kLook =
      "const all = []; const f = (x) => x.left; let seen = 0; for (let i = 0; i < 1e5; ++i) seen += f({ i }) ? 1 : 0;\n"
      "all.push(1); return { data: [typeof left, all.length, Math.random() < 1, JSON.parse('1'), seen] };";
  const auto engine = Engine::Open({});
  for (int i = 0; i < 3; ++i) {
    const Execution changing = engine->Start(Jit(std::string(kChange) + kForever));
    RunToEnd(*engine, Jit(kChange));
    EXPECT_EQ(RunToEnd(*engine, Jit(kLook)).output_json, R"(["undefined",1,true,1,0])");
    changing.Cancel();
  }
}

TEST(JitTest, LimitsHold) {
  const auto engine = Engine::Open({});
  Limits limits;
  limits.cpu_ms = 300;
  limits.heap_bytes = 16 << 20;
  const Outcome loop = RunBody(*engine, "const spin = () => { for (;;); }; spin();", limits, CellProfile::kJit);
  ASSERT_TRUE(loop.limit) << loop.reason;
  EXPECT_EQ(loop.limit->limit, "cpu");
  EXPECT_THAT(loop.limit->stack, HasSubstr("spin"));
  const Outcome full = RunBody(*engine, "const all = []; for (;;) all.push({ x: [1] });", limits, CellProfile::kJit);
  ASSERT_TRUE(full.limit) << full.reason;
  EXPECT_EQ(full.limit->limit, "heap");
}

}  // namespace
}  // namespace warder::e2e
