// What computing costs in a cell, with the jit grant and without, beside Node: the same scripts, in turn. Prints
// processor and wall time, medians and ratios.
//
//   bench_jit NODE ROUNDS V8-ALONE...   the last is the command that runs v8_alone.cc
//
// A cell's times are those of its whole execution, the loading of its bundle included; Node's are of work() alone.
// A script has to come to the same result everywhere.
#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/e2e/engine/support.h"

namespace warder::bench {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

struct Sample {
  double cpu_ms = 0;
  double wall_ms = 0;
  std::string result;
};

struct Subject {
  const char* name;
  std::function<Sample(const fs::path& script)> run;
  int rounds = 0;
  std::vector<double> cpu = {};
  std::vector<double> wall = {};
};

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A command that prints [result, wall ms, processor ms].
Sample RunCommand(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> output(popen(command.c_str(), "r"), pclose);
  std::string text;
  std::array<char, 4096> buffer{};
  while (output && std::fgets(buffer.data(), buffer.size(), output.get()) != nullptr) text += buffer.data();
  const json::array all = json::parse(text).as_array();
  return {all.at(2).to_number<double>(), all.at(1).to_number<double>(), json::serialize(all.at(0))};
}

Sample RunInCell(Engine& engine, CellProfile profile, const fs::path& script) {
  Limits limits;
  limits.cpu_ms = 200'000;
  limits.wall_ms = 800'000;
  const Outcome outcome = e2e::RunBody(engine, ReadFile(script) + "\nreturn { data: work() };", limits, profile);
  if (outcome.status != Status::kSucceeded) throw std::runtime_error(script.string() + ": " + outcome.reason);
  return {static_cast<double>(outcome.usage.cpu.count()) / 1e3, static_cast<double>(outcome.usage.wall.count()) / 1e3,
          json::serialize(json::parse(outcome.output_json))};
}

void Compare(const fs::path& script, std::vector<Subject>& subjects) {
  std::string result;
  int rounds = 0;
  for (Subject& subject : subjects) {
    subject.cpu.clear();
    subject.wall.clear();
    rounds = std::max(rounds, subject.rounds);
  }
  for (int round = 0; round < rounds; ++round) {
    for (Subject& subject : subjects) {
      if (round >= subject.rounds) continue;
      const Sample sample = subject.run(script);
      if (result.empty()) result = sample.result;
      if (sample.result != result) throw std::runtime_error(std::string(subject.name) + " comes to " + sample.result);
      subject.cpu.push_back(sample.cpu_ms);
      subject.wall.push_back(sample.wall_ms);
    }
  }
  std::printf("\n%s\n  %-32s %12s %12s %10s %10s\n", script.stem().c_str(), "", "processor ms", "wall ms", "processor",
              "wall");
  for (const Subject& subject : subjects) {
    const double cpu = Median(subject.cpu);
    const double wall = Median(subject.wall);
    std::printf("  %-32s %12.0f %12.0f %10.2f %10.2f\n", subject.name, cpu, wall, cpu / Median(subjects[0].cpu),
                wall / Median(subjects[0].wall));
  }
}

int Main(const std::string& node, int rounds, const std::string& v8_alone) {
  const auto engine = Engine::Open({});
  constexpr const char* kTimed =
      "\nconst b = performance.now(), c = process.cpuUsage(), r = work(), d = process.cpuUsage(c);\n"
      "console.log(JSON.stringify([r, performance.now() - b, (d.user + d.system) / 1e3]));";
  const e2e::TemporaryFolder folder;
  const auto with_node = [&](const fs::path& script) {
    const fs::path timed = folder.path() / "timed.cjs";
    std::ofstream(timed) << ReadFile(script) << kTimed;
    return RunCommand(node + " " + timed.string());
  };
  constexpr int kOfTheSlow = 3;
  std::vector<Subject> subjects;
  subjects.push_back({"V8 of the image as Node runs it",
                      [&](const fs::path& script) { return RunCommand(v8_alone + " " + script.string()); }, rounds});
  subjects.push_back({"Node of this machine", with_node, rounds});
  subjects.push_back(
      {"cell, jit", [&](const fs::path& script) { return RunInCell(*engine, CellProfile::kJit, script); }, rounds});
  subjects.push_back({"cell, jitless",
                      [&](const fs::path& script) { return RunInCell(*engine, CellProfile::kJitless, script); },
                      std::min(rounds, kOfTheSlow)});
  std::printf("medians of %d rounds in turn; ratios to the first line\n", rounds);
  for (const char* script : {"json_map.js", "hash.js", "numeric.js"}) {
    Compare(fs::path(WARDER_BENCH) / "cpu" / script, subjects);
  }
  return 0;
}

}  // namespace
}  // namespace warder::bench

int main(int argc, char** argv) {
  const int rounds = argc < 4 ? 0 : std::atoi(argv[2]);
  if (rounds <= 0) {
    std::fputs("bench_jit NODE ROUNDS V8-ALONE...\n", stderr);
    return 2;
  }
  std::string v8_alone;
  for (int i = 3; i < argc; ++i) v8_alone += std::string(i == 3 ? "" : " ") + argv[i];
  try {
    return warder::bench::Main(argv[1], rounds, v8_alone);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench_jit: %s\n", error.what());
    return 1;
  }
}
