// Whether the tests of the filters can fail: every wrong table (one rule dropped, widened, narrowed, with another
// answer, one call more) must be caught by the calls that were written down by hand, and every wrong program (one jump,
// constant or instruction changed) by the comparison with the table. A mutant that nothing catches must be proven to
// answer every call as the original does.
#include <gtest/gtest.h>
#include <linux/audit.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/jail/filter_compiler.h"
#include "sandbox/jail/syscall_filter.h"
#include "sandbox/jail/testing/bpf_evaluator.h"
#include "sandbox/jail/testing/filter_oracle.h"
#include "sandbox/jail/testing/filter_probes.h"
#include "sandbox/jail/testing/filter_proof.h"

namespace warder::jail {
namespace {

using Program = std::vector<sock_filter>;
using Table = std::vector<SyscallRule>;

struct Tally {
  std::size_t caught = 0;
  std::size_t refused = 0;     // does not compile
  std::size_t equivalent = 0;  // proven
  std::vector<std::string> survived;
  std::size_t all() const { return caught + refused + equivalent + survived.size(); }
};

std::string Text(const Tally& tally) {
  return std::to_string(tally.all()) + " mutants, " + std::to_string(tally.caught + tally.refused) + " caught (" +
         std::to_string(tally.refused) + " of them by the compiler), " + std::to_string(tally.equivalent) +
         " proven equivalent, " + std::to_string(tally.survived.size()) + " survived";
}

// Calls with the answers that a filter must give.
class Expectations {
 public:
  void Add(const seccomp_data& call, std::uint32_t answer) { calls_.push_back({call, answer}); }

  // Whether some call is answered wrongly. What caught a mutant is tried first on the next: its neighbours fail alike.
  bool Catch(const Program& program) {
    const auto fails = [&](std::size_t i) { return testing::Evaluate(program, calls_[i].call) != calls_[i].answer; };
    if (std::any_of(catchers_.rbegin(), catchers_.rend(), fails)) return true;
    for (std::size_t i = 0; i < calls_.size(); ++i) {
      if (!fails(i)) continue;
      catchers_.push_back(i);
      return true;
    }
    return false;
  }

 private:
  struct Expected {
    seccomp_data call;
    std::uint32_t answer;
  };
  std::vector<Expected> calls_;
  std::vector<std::size_t> catchers_;
};

class MutationTest : public ::testing::TestWithParam<Profile> {
 protected:
  // Counts a program that was made on purpose to be wrong.
  void Count(const Program& mutant, const std::string& what, Expectations& expectations, Tally& tally) const {
    if (expectations.Catch(mutant)) {
      ++tally.caught;
      return;
    }
    // Exactly: whether there is any call at all that would be answered differently.
    const auto map = testing::MapOfProgram(mutant);
    const auto difference = map ? testing::FindDifference(*map, original_) : std::nullopt;
    if (map && !difference) {
      ++tally.equivalent;
    } else {
      tally.survived.push_back(what + ", for example " + (difference ? testing::Describe(*difference) : "none"));
    }
  }

  const std::span<const SyscallRule> rules_ = SyscallTable(GetParam());
  const testing::AnswerMap original_ = testing::MapOfTable(rules_);
};

// All that can go wrong with one rule; each wrong table is visited once.
class TableMutants {
 public:
  using Visit = std::function<void(const Table& table, const std::string& what)>;
  TableMutants(std::span<const SyscallRule> rules, Visit visit)
      : rules_(rules.begin(), rules.end()), visit_(std::move(visit)) {}

  void VisitAll() const {
    for (std::size_t i = 0; i < rules_.size(); ++i) OfRule(i);
    std::set<int> known;
    for (const SyscallRule& rule : rules_) known.insert(rule.number);
    for (int number = 0; number <= static_cast<int>(testing::kLastNumber); ++number) {
      if (known.contains(number)) continue;
      SyscallRule more;
      more.number = number;
      Table table = rules_;
      table.push_back(more);
      visit_(table, SyscallName(number) + ": allowed");
    }
  }

 private:
  void OfRule(std::size_t at) const {
    Table without = rules_;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(at));
    Tell(without, at, "dropped");
    const SyscallRule& rule = rules_[at];
    if (rule.answer == Answer::kAllow) {
      With(at, "ENOSYS instead", [](SyscallRule& r) {
        r.answer = Answer::kErrno;
        r.error_number = ENOSYS;
      });
    } else {
      With(at, "allowed instead", [](SyscallRule& r) { r.answer = Answer::kAllow; });
      With(at, "another error", [](SyscallRule& r) { r.error_number = r.error_number == EPERM ? EACCES : EPERM; });
    }
    for (std::size_t c = 0; c < rule.condition_count; ++c) OfCondition(at, c);
  }

  void OfCondition(std::size_t at, std::size_t c) const {
    const std::string name = "condition " + std::to_string(c);
    With(at, name + " dropped", [&](SyscallRule& r) {
      std::move(r.conditions.begin() + static_cast<std::ptrdiff_t>(c) + 1, r.conditions.end(),
                r.conditions.begin() + static_cast<std::ptrdiff_t>(c));
      --r.condition_count;
    });
    for (unsigned i = 0; i < 64; ++i) {
      const std::uint64_t bit = std::uint64_t{1} << i;
      const std::string which = name + " bit " + std::to_string(i);
      const auto change = [&](const char* how, const std::function<void(Condition&)>& edit) {
        With(at, which + how, [&](SyscallRule& r) { edit(r.conditions.at(c)); });
      };
      if ((rules_[at].conditions.at(c).mask & bit) != 0) {
        change(" not looked at", [&](Condition& condition) {
          condition.mask &= ~bit;
          condition.value &= ~bit;
        });
        change(" the other way", [&](Condition& condition) { condition.value ^= bit; });
      } else {
        change(" must be 0", [&](Condition& condition) { condition.mask |= bit; });
        change(" must be 1", [&](Condition& condition) {
          condition.mask |= bit;
          condition.value |= bit;
        });
      }
    }
  }

  void With(std::size_t at, const std::string& what, const std::function<void(SyscallRule&)>& edit) const {
    Table table = rules_;
    edit(table[at]);
    Tell(table, at, what);
  }
  void Tell(const Table& table, std::size_t at, const std::string& what) const {
    visit_(table, SyscallName(rules_[at].number) + " (" + DescribeConditions(rules_[at]) + "): " + what);
  }

  const Table rules_;
  const Visit visit_;
};

TEST_P(MutationTest, EveryWrongTableIsCaughtByHand) {
  Expectations written;
  for (const testing::ProbedCall& probed : testing::ProbedCalls(GetParam())) written.Add(probed.call, probed.answer);
  Tally tally;
  const TableMutants mutants(rules_, [&](const Table& table, const std::string& what) {
    try {
      Count(CompileFilter(table), what, written, tally);
    } catch (const FilterCompileError&) {
      ++tally.refused;
    }
  });
  mutants.VisitAll();
  EXPECT_EQ(tally.survived, std::vector<std::string>{});
  std::printf("tables: %s\n", Text(tally).c_str());
}

// Each change of one instruction that the kernel would take.
std::vector<Program> ProgramMutants(std::span<const sock_filter> filter) {
  std::vector<Program> mutants;
  const Program original(filter.begin(), filter.end());
  for (std::size_t at = 0; at < original.size(); ++at) {
    const auto with = [&](const std::function<void(sock_filter&)>& edit) {
      Program mutant = original;
      edit(mutant[at]);
      mutants.push_back(std::move(mutant));
    };
    with([](sock_filter& i) { i = BPF_STMT(BPF_JMP | BPF_JA, 0); });
    for (unsigned bit = 0; bit < 32; ++bit) with([&](sock_filter& i) { i.k ^= 1U << bit; });
    with([](sock_filter& i) { ++i.k; });
    with([](sock_filter& i) { --i.k; });
    switch (BPF_CLASS(original[at].code)) {
      case BPF_JMP:
        with([](sock_filter& i) { std::swap(i.jt, i.jf); });
        for (const int step : {-1, 1}) {
          with([&](sock_filter& i) { i.jt = static_cast<std::uint8_t>(i.jt + step); });
          with([&](sock_filter& i) { i.jf = static_cast<std::uint8_t>(i.jf + step); });
        }
        for (const unsigned kind : {BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET}) {
          if (BPF_OP(original[at].code) == kind) continue;
          with([&](sock_filter& i) { i.code = static_cast<std::uint16_t>(BPF_JMP | kind | BPF_K); });
        }
        break;
      case BPF_LD:
        for (std::uint32_t word = 0; word < testing::kCallWords; ++word) {
          if (original[at].k != 4 * word) with([&](sock_filter& i) { i.k = 4 * word; });
        }
        break;
      case BPF_RET:
        for (const std::uint32_t answer :
             {SECCOMP_RET_ALLOW, SECCOMP_RET_LOG, SECCOMP_RET_TRACE, SECCOMP_RET_USER_NOTIF, SECCOMP_RET_TRAP,
              SECCOMP_RET_KILL_THREAD, SECCOMP_RET_KILL_PROCESS, SECCOMP_RET_ERRNO}) {
          if (original[at].k != answer) with([&](sock_filter& i) { i.k = answer; });
        }
        break;
      default:
        break;
    }
  }
  return mutants;
}

TEST_P(MutationTest, EveryWrongProgramIsCaughtByTheTable) {
  Expectations table;
  testing::ForEachBoundaryCall(rules_,
                               [&](const seccomp_data& call) { table.Add(call, testing::TableAnswer(rules_, call)); });
  Tally tally;
  std::size_t index = 0;
  for (const Program& mutant : ProgramMutants(Filter(GetParam()))) {
    Count(mutant, "program mutant " + std::to_string(index++), table, tally);
  }
  EXPECT_EQ(tally.survived, std::vector<std::string>{});
  std::printf("programs: %s\n", Text(tally).c_str());
}

INSTANTIATE_TEST_SUITE_P(Profiles, MutationTest, ::testing::Values(Profile::kCell, Profile::kZygote),
                         [](const auto& test) { return test.param == Profile::kCell ? "Cell" : "Zygote"; });

// The proof itself must see the differences that the evaluator sees.
TEST(FilterProof, AgreesWithTheEvaluatorOnMutants) {
  const auto rules = SyscallTable(Profile::kCell);
  const testing::AnswerMap original = testing::MapOfTable(rules);
  std::size_t different = 0;
  std::size_t index = 0;
  for (const Program& mutant : ProgramMutants(Filter(Profile::kCell))) {
    if (++index % 4 != 0) continue;  // 2 ms each
    const auto map = testing::MapOfProgram(mutant);
    if (!map) continue;
    const auto difference = testing::FindDifference(*map, original);
    if (!difference) continue;
    ++different;
    ASSERT_NE(testing::Evaluate(mutant, *difference), testing::TableAnswer(rules, *difference))
        << testing::Describe(*difference);
  }
  EXPECT_GT(different, 500U);
}

TEST(FilterProof, EveryCallIsInOneCube) {
  const auto rules = SyscallTable(Profile::kCell);
  const testing::AnswerMap table = testing::MapOfTable(rules);
  const auto program = testing::MapOfProgram(Filter(Profile::kCell));
  ASSERT_TRUE(program);
  std::size_t at = 0;
  testing::ForEachBoundaryCall(rules, [&](const seccomp_data& call) {
    if (++at % 50 != 0) return;
    for (const testing::AnswerMap& map : {table, *program}) {
      std::vector<std::uint32_t> answers;
      for (const testing::AnsweredCalls& part : map) {
        if (part.calls.Contains(call)) answers.push_back(part.answer);
      }
      ASSERT_EQ(answers, std::vector<std::uint32_t>{testing::TableAnswer(rules, call)}) << testing::Describe(call);
    }
  });
}

TEST(FilterCompiler, RefusesAConditionOnASeventhArgument) {
  SyscallRule rule;
  rule.number = 0;
  rule.condition_count = 1;
  rule.conditions.front().index = 6;
  EXPECT_THROW(CompileFilter({&rule, 1}), FilterCompileError);
}

}  // namespace
}  // namespace warder::jail
