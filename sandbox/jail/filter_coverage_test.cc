// Whether the boundary calls, with which the filters are tried, reach all of the table: every rule answered, and every
// condition failed alone, by each single bit that it looks at, and held with each bit that it does not look at.
#include <gtest/gtest.h>
#include <linux/audit.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <string>
#include <vector>

#include "sandbox/jail/syscall_table.h"
#include "sandbox/jail/testing/filter_oracle.h"

namespace warder::jail {
namespace {

class Coverage {
 public:
  explicit Coverage(std::span<const SyscallRule> rules) : rules_(rules), seen_(rules.size()) {}

  void Observe(const seccomp_data& call) {
    if (call.arch != AUDIT_ARCH_X86_64) return;
    const SyscallRule* answering = testing::AnsweringRule(rules_, call);
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if (rules_[i].number == call.nr) Observe(call, rules_[i], answering == &rules_[i], seen_[i]);
    }
  }

  // What was never seen, one text each.
  std::vector<std::string> Missing() const {
    std::vector<std::string> missing;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      const std::string name = SyscallName(rules_[i].number) + " (" + DescribeConditions(rules_[i]) + ")";
      if (!seen_[i].answered) missing.push_back(name + " never answered");
      for (std::size_t c = 0; c < rules_[i].condition_count; ++c) {
        const Condition& condition = rules_[i].conditions.at(c);
        const int unfailed = std::popcount(condition.mask & ~seen_[i].failed_by.at(c));
        const int unvaried = std::popcount(~condition.mask & ~(seen_[i].held_with.at(c) & seen_[i].held_without.at(c)));
        if (unfailed != 0) missing.push_back(name + ": " + std::to_string(unfailed) + " bits never failed it alone");
        if (unvaried != 0) missing.push_back(name + ": " + std::to_string(unvaried) + " free bits never varied");
      }
    }
    return missing;
  }

  // Rules, conditions and bits that must have been seen.
  std::string Figures() const {
    std::size_t conditions = 0;
    std::size_t bits = 0;
    for (const SyscallRule& rule : rules_) {
      conditions += rule.condition_count;
      for (const Condition& condition : rule.Conditions())
        bits += static_cast<std::size_t>(std::popcount(condition.mask));
    }
    return std::to_string(rules_.size()) + " rules, " + std::to_string(conditions) + " conditions, " +
           std::to_string(bits) + " bits that can fail one";
  }

 private:
  struct Seen {
    bool answered = false;
    std::array<std::uint64_t, 3> failed_by{};  // bits of a condition's mask that alone made the rule not hold
    std::array<std::uint64_t, 3> held_with{};  // free bits that were 1 when it held
    std::array<std::uint64_t, 3> held_without{};
  };

  static void Observe(const seccomp_data& call, const SyscallRule& rule, bool answering, Seen& seen) {
    seen.answered = seen.answered || answering;
    std::vector<std::size_t> failing;
    for (std::size_t c = 0; c < rule.condition_count; ++c) {
      if (!testing::Holds(rule.conditions.at(c), call)) failing.push_back(c);
    }
    if (failing.size() == 1) {
      const Condition& condition = rule.conditions.at(failing.front());
      const std::uint64_t wrong = (call.args[condition.index] & condition.mask) ^ condition.value;
      if (std::has_single_bit(wrong)) seen.failed_by.at(failing.front()) |= wrong;
    }
    if (!failing.empty()) return;
    for (std::size_t c = 0; c < rule.condition_count; ++c) {
      const Condition& condition = rule.conditions.at(c);
      seen.held_with.at(c) |= call.args[condition.index] & ~condition.mask;
      seen.held_without.at(c) |= ~call.args[condition.index] & ~condition.mask;
    }
  }

  std::span<const SyscallRule> rules_;
  std::vector<Seen> seen_;
};

class FilterCoverageTest : public ::testing::TestWithParam<Profile> {};

TEST_P(FilterCoverageTest, EveryRuleAndConditionIsTried) {
  Coverage coverage(SyscallTable(GetParam()));
  testing::ForEachBoundaryCall(SyscallTable(GetParam()), [&](const seccomp_data& call) { coverage.Observe(call); });
  EXPECT_EQ(coverage.Missing(), std::vector<std::string>{});
  std::printf("%s: all tried\n", coverage.Figures().c_str());
}

TEST_P(FilterCoverageTest, NoticesARuleThatIsNotTried) {
  const auto rules = SyscallTable(GetParam());
  for (const SyscallRule& left_out : rules) {
    Coverage coverage(rules);
    testing::ForEachBoundaryCall(rules, [&](const seccomp_data& call) {
      if (testing::AnsweringRule(rules, call) != &left_out) coverage.Observe(call);
    });
    EXPECT_FALSE(coverage.Missing().empty()) << SyscallName(left_out.number);
  }
}

// A rule behind another that answers all of its calls.
TEST(FilterCoverage, NoticesARuleThatCannotAnswer) {
  const auto table = SyscallTable(Profile::kCell);
  std::vector<SyscallRule> rules(table.begin(), table.end());
  rules.push_back(rules.front());
  Coverage coverage(rules);
  testing::ForEachBoundaryCall(rules, [&](const seccomp_data& call) { coverage.Observe(call); });
  ASSERT_EQ(coverage.Missing().size(), 1U);
  EXPECT_NE(coverage.Missing().front().find("never answered"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Profiles, FilterCoverageTest, ::testing::Values(Profile::kCell, Profile::kZygote),
                         [](const auto& test) { return test.param == Profile::kCell ? "Cell" : "Zygote"; });

}  // namespace
}  // namespace warder::jail
