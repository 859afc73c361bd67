// The hostile suite of the jail: tries every probe in every setting, prints a table, and fails by name.
//
//   hostile LAUNCHER jitless|jit [NAME...]
//
// with warder-launcher, the profile of the cells, and only probes whose name contains one of these.
//
// Settings: unjailed (the positive control: the attempt works, so it is also "every layer off"), the filter alone, the
// jail of real cells, that jail without its filter, and behind each single layer that the probe names. The last line
// counts what the jail made of them; exit status 0: everything is as each probe expects, and every layer has stopped
// something. Nothing stays behind; that is checked too.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/jail/layers.h"
#include "sandbox/zygote/testcases/harness.h"
#include "tests/hostile/code_range.h"
#include "tests/hostile/fixture.h"
#include "tests/hostile/probe.h"
#include "tests/hostile/settings.h"

namespace warder::hostile {
namespace {

using Kind = Outcome::Kind;

// One zygote, filtered or not.
struct Jail {
  Jail(const std::string& launcher, zygote::CellProfile profile, const std::string& program)
      : image(program),
        engine(zygote::LaunchOptions{
            .launcher_path = launcher, .image_root = image.path().string(), .profile = profile}) {}
  testcases::TestImage image;
  testcases::TestEngine engine;
};

struct Counts {
  int probes = 0;
  int filter = 0;
  int kernel = 0;
  int not_exercisable = 0;
  int granted = 0;  // open, as the profile jit grants
  int escaped = 0;
  int wrong = 0;  // stopped, but not by what should have
};

class Suite {
 public:
  Suite(const std::string& launcher, zygote::CellProfile profile, std::vector<std::string> wanted)
      : wanted_(std::move(wanted)),
        profile_(profile),
        filtered_(launcher, profile, "hostile_zygote"),
        unfiltered_(launcher, profile, "hostile_zygote_unfiltered") {}

  int Run();

 private:
  bool IsWanted(std::string_view name) const;
  void TryGroup(const Group& group, std::uint32_t index);
  void Try(const Probe& probe, Place place);
  // The probe must have been stopped, by one of these errors or by the filter.
  void ExpectStopped(std::string_view setting, const Outcome& outcome, const std::vector<int>& errors);
  void ExpectOpen(std::string_view setting, const Outcome& outcome);
  void PrintLayers();
  // Why it is no failure that the layer has stopped nothing; empty: it is one.
  std::string WhyIdle(std::string_view layer) const;
  void Fail(std::string_view setting, const std::string& what);
  void Row(const std::string& name, const std::vector<std::string>& columns);

  const std::vector<std::string> wanted_;
  const zygote::CellProfile profile_;
  const Fixture fixture_;
  Jail filtered_;
  Jail unfiltered_;
  Counts counts_;
  int filter_alone_ = 0;
  std::map<std::string, int, std::less<>> stopped_alone_;  // by layer
  std::map<std::string, std::string, std::less<>> idle_;   // by layer: why it could not be tried alone
  std::string current_;                                    // the probe
  std::vector<std::string> failures_;                      // of all
  std::vector<std::pair<std::string, std::string>> why_;   // what only the filter stops, what was not tried
};

bool Suite::IsWanted(std::string_view name) const {
  return wanted_.empty() || std::any_of(wanted_.begin(), wanted_.end(), [&](const std::string& part) {
           return name.find(part) != std::string_view::npos;
         });
}

void Suite::Fail(std::string_view setting, const std::string& what) {
  failures_.push_back(current_ + ", " + std::string(setting) + ": " + what);
}

void Suite::ExpectOpen(std::string_view setting, const Outcome& outcome) {
  if (outcome.kind == Kind::kOpen) return;
  ++counts_.wrong;
  Fail(setting, "should be open, is " + Describe(outcome));
}

void Suite::ExpectStopped(std::string_view setting, const Outcome& outcome, const std::vector<int>& errors) {
  const bool as_expected =
      (outcome.kind == Kind::kKernel && std::find(errors.begin(), errors.end(), outcome.error) != errors.end()) ||
      (outcome.kind == Kind::kFilter && errors.empty());
  if (as_expected) return;
  ++(outcome.kind == Kind::kOpen ? counts_.escaped : counts_.wrong);
  std::string wanted;
  for (const int error : errors) wanted += (wanted.empty() ? "" : " or ") + DescribeError(error);
  Fail(setting, (outcome.kind == Kind::kOpen ? "ESCAPED: is " : "is ") + Describe(outcome) + ", should be " +
                    (wanted.empty() ? "FILTER" : wanted));
}

void Suite::Row(const std::string& name, const std::vector<std::string>& columns) {
  std::string line = "  " + name;
  std::size_t end = 54;
  for (const std::string& column : columns) {
    line.resize(std::max(end, line.size() + 1), ' ');
    line += column;
    end += 23;
  }
  std::printf("%s\n", line.c_str());
}

void Suite::Try(const Probe& probe, Place place) {
  current_ = probe.name;
  ++counts_.probes;
  if (const std::string missing = probe.missing ? probe.missing(fixture_.world()) : ""; !missing.empty()) {
    ++counts_.not_exercisable;
    why_.emplace_back(probe.name, "NOT_EXERCISABLE: " + missing);
    for (const Alone& alone : probe.alone) idle_[std::string(alone.layer)] = missing;
    Row(current_, {"NOT_EXERCISABLE(" + missing + ")"});
    return;
  }

  const Outcome unjailed = TryUnjailed(fixture_, probe);
  if (unjailed.kind == Kind::kUntried) {
    why_.emplace_back(probe.name, "unjailed and behind single layers NOT_EXERCISABLE: " + unjailed.text);
  } else {
    ExpectOpen("unjailed", unjailed);
  }
  const auto& calls = unjailed.calls;
  const Outcome filter = TryAlone(fixture_, probe, jail::layer::kSeccomp, calls);
  const Outcome jailed = TryInCell(fixture_, probe, place, filtered_.engine, WithFilter::kYes, calls);
  const Outcome without = TryInCell(fixture_, probe, place, unfiltered_.engine, WithFilter::kNo, calls);
  if (probe.granted_by_jit && profile_ == zygote::CellProfile::kJit) {
    ExpectOpen("filter alone", filter);
    ExpectOpen("jail", jailed);
    ExpectOpen("jail without filter", without);
    why_.emplace_back(probe.name, "open: " + std::string(probe.filter_allows));
    Row(current_, {Describe(unjailed), Describe(filter), Describe(jailed), Describe(without)});
    ++counts_.granted;
    return;
  }
  if (probe.filter_allows.empty()) {
    ExpectStopped("filter alone", filter, {});
    ExpectStopped("jail", jailed, {});
  } else {
    ExpectOpen("filter alone", filter);
    ExpectStopped("jail", jailed, probe.without_filter.errors);
  }
  if (probe.without_filter.filter_only.empty()) {
    ExpectStopped("jail without filter", without, probe.without_filter.errors);
  } else {
    ExpectOpen("jail without filter", without);
    why_.emplace_back(probe.name, "filter only: " + std::string(probe.without_filter.filter_only));
  }
  if (filter.kind == Kind::kFilter) ++filter_alone_;
  if (jailed.kind == Kind::kFilter) ++counts_.filter;
  if (jailed.kind == Kind::kKernel) ++counts_.kernel;

  std::vector<std::string> columns = {unjailed.kind == Kind::kUntried ? "needs root" : Describe(unjailed),
                                      Describe(filter), Describe(jailed), Describe(without)};
  std::string single;
  for (const Alone& alone : probe.alone) {
    const Outcome outcome = TryAlone(fixture_, probe, alone.layer, calls);
    const bool tried = outcome.kind != Kind::kUntried;
    if (tried) ExpectStopped(std::string(alone.layer) + " alone", outcome, alone.errors);
    if (outcome.kind == Kind::kKernel) ++stopped_alone_[std::string(alone.layer)];
    if (!tried) idle_[std::string(alone.layer)] = "needs root";
    single +=
        (single.empty() ? "" : ", ") + std::string(alone.layer) + " " + (tried ? Describe(outcome) : "needs root");
  }
  columns.push_back(single);
  Row(current_, columns);
}

void Suite::TryGroup(const Group& group, std::uint32_t index) {
  std::vector<std::uint32_t> wanted;
  for (std::uint32_t i = 0; i < group.probes.size(); ++i) {
    if (IsWanted(group.probes[i].name)) wanted.push_back(i);
  }
  if (wanted.empty()) return;
  std::printf("\n");
  std::string title(group.threat);
  title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
  std::printf("%s\n", title.c_str());
  for (const std::uint32_t i : wanted) Try(group.probes[i], {index, i});
}

std::string Suite::WhyIdle(std::string_view layer) const {
  if (layer == jail::layer::kCgroupLimits) return "it is around a process: see sandbox/jail/cgroup_test.cc";
  const auto found = idle_.find(layer);
  return found == idle_.end() ? "" : found->second;
}

void Suite::PrintLayers() {
  std::printf("\nAttempts stopped by a single layer\n");
  for (const jail::LayerInfo& layer : jail::Layers()) {
    const bool is_filter = layer.name == jail::layer::kSeccomp;
    const auto found = stopped_alone_.find(layer.name);
    const int count = is_filter ? filter_alone_ : found == stopped_alone_.end() ? 0 : found->second;
    const std::string why = count == 0 ? WhyIdle(layer.name) : "";
    Row(std::string(layer.name), {count > 0 ? std::to_string(count) : why.empty() ? "NONE" : "none: " + why});
    // A few probes alone need not meet every layer.
    if (count == 0 && why.empty() && wanted_.empty()) {
      failures_.push_back(std::string(layer.name) + ": no attempt is stopped by it alone");
    }
  }
}

int Suite::Run() {
  Row("", {"unjailed", "filter alone", "jail", "jail without filter", "single layers"});
  const auto groups = AllGroups();
  for (std::uint32_t i = 0; i < groups.size(); ++i) TryGroup(groups[i], i);

  std::printf("\nWhat only the filter stops, and what could not be tried\n");
  for (const auto& [name, reason] : why_) Row(name, {reason});
  PrintLayers();
  if (!failures_.empty()) std::printf("\nFailures\n");
  for (const std::string& failure : failures_) std::printf("  %s\n", failure.c_str());
  std::printf("\n%d probes, %d FILTER, %d KERNEL, %d NOT_EXERCISABLE, %d ESCAPED\n", counts_.probes, counts_.filter,
              counts_.kernel, counts_.not_exercisable, counts_.escaped);
  if (counts_.granted != 0) std::printf("%d granted by the profile jit\n", counts_.granted);
  if (counts_.wrong != 0) std::printf("%d not as expected\n", counts_.wrong);
  return failures_.empty() && counts_.probes > 0 ? 0 : 1;
}

// What must be the same before and after.
struct Footprint {
  std::vector<int> descriptors = testcases::OpenDescriptorsOfSelf();
  std::size_t mounts = testcases::CountMounts();
  std::size_t processes = testcases::DescendantsOf(getpid()).size();
  bool operator==(const Footprint&) const = default;
};

int Main(const std::string& launcher, zygote::CellProfile profile, std::vector<std::string> wanted) {
  MakeCodeRange();  // for what is tried unjailed, in children
  const Footprint before;
  int status = Suite(launcher, profile, std::move(wanted)).Run();
  if (Footprint() != before) {
    std::printf("The suite has left something behind: descriptors, mounts or processes.\n");
    status = 1;
  }
  return status;
}

}  // namespace
}  // namespace warder::hostile

int main(int argc, char** argv) {
  // A suite that hangs is a failure, not a wait.
  alarm(300);
  const auto profile = argc < 3 ? std::nullopt : warder::zygote::FindCellProfile(argv[2]);
  if (!profile) {
    std::printf("hostile LAUNCHER jitless|jit [NAME...]\n");
    return 2;
  }
  try {
    return warder::hostile::Main(argv[1], *profile, {argv + 3, argv + argc});
  } catch (const std::exception& error) {
    std::printf("%s\n", error.what());
    return 1;
  }
}
