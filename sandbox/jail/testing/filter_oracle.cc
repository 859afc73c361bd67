#include "sandbox/jail/testing/filter_oracle.h"

#include <linux/audit.h>

#include <algorithm>
#include <sstream>

namespace warder::jail::testing {

namespace {

constexpr std::uint64_t kOnes = ~std::uint64_t{0};

Arguments Holding(const SyscallRule& rule) {
  Arguments base{};
  for (const Condition& condition : rule.Conditions()) base.at(condition.index) |= condition.value;
  return base;
}

void AddAround(const SyscallRule& rule, std::vector<Arguments>& all) {
  const Arguments base = Holding(rule);
  for (std::size_t index = 0; index < base.size(); ++index) {
    const auto with = [&](std::uint64_t value) {
      Arguments changed = base;
      changed.at(index) = value;
      all.push_back(changed);
    };
    const std::uint64_t value = base.at(index);
    for (unsigned bit = 0; bit < 64; ++bit) with(value ^ (std::uint64_t{1} << bit));
    for (const std::uint64_t whole : {value + 1, value - 1, std::uint64_t{0}, kOnes, std::uint64_t{0xffffffff},
                                      std::uint64_t{1} << 31, std::uint64_t{1} << 32, value | (value << 32)}) {
      with(whole);
    }
    for (std::uint64_t high = 0; high < 4; ++high) {
      for (std::uint64_t low = 0; low < 8; ++low) with(high << 32 | low);
    }
  }
}

}  // namespace

seccomp_data MakeCall(std::uint32_t arch, std::uint32_t number, const Arguments& arguments) {
  seccomp_data call{};
  call.nr = static_cast<int>(number);
  call.arch = arch;
  call.instruction_pointer = 0x7fff12345678;
  std::copy(arguments.begin(), arguments.end(), call.args);
  return call;
}

std::string Describe(const seccomp_data& call) {
  std::ostringstream text;
  text << SyscallName(call.nr) << std::hex;
  const char* separator = "(";
  for (const std::uint64_t argument : call.args) {
    text << separator << "0x" << argument;
    separator = ", ";
  }
  text << ") arch 0x" << call.arch << " number 0x" << static_cast<std::uint32_t>(call.nr);
  return text.str();
}

bool Holds(const Condition& condition, const seccomp_data& call) {
  return (call.args[condition.index] & condition.mask) == condition.value;
}

const SyscallRule* AnsweringRule(std::span<const SyscallRule> rules, const seccomp_data& call) {
  const auto found = std::find_if(rules.begin(), rules.end(), [&](const SyscallRule& rule) {
    const auto conditions = rule.Conditions();
    return rule.number == call.nr && std::all_of(conditions.begin(), conditions.end(),
                                                 [&](const Condition& condition) { return Holds(condition, call); });
  });
  return found == rules.end() ? nullptr : &*found;
}

std::uint32_t RuleAnswer(const SyscallRule& rule) {
  if (rule.answer == Answer::kAllow) return SECCOMP_RET_ALLOW;
  return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(rule.error_number);
}

std::uint32_t TableAnswer(std::span<const SyscallRule> rules, const seccomp_data& call) {
  if (call.arch != AUDIT_ARCH_X86_64) return SECCOMP_RET_KILL_PROCESS;
  const auto number = static_cast<std::uint32_t>(call.nr);
  if (number >= kX32Bit && number != kSkippedCall) return SECCOMP_RET_KILL_PROCESS;
  const SyscallRule* rule = AnsweringRule(rules, call);
  return rule != nullptr ? RuleAnswer(*rule) : SECCOMP_RET_TRAP;
}

std::uint32_t Stricter(std::uint32_t newer, std::uint32_t older) {
  const auto rank = [](std::uint32_t answer) { return static_cast<std::int32_t>(answer & SECCOMP_RET_ACTION_FULL); };
  return rank(older) < rank(newer) ? older : newer;
}

std::vector<Arguments> BoundaryArguments(std::span<const SyscallRule> rules, int number) {
  std::vector<Arguments> all = {{}, {kOnes, kOnes, kOnes, kOnes, kOnes, kOnes}, {3, 3, 3, 3, 3, 3}};
  for (const SyscallRule& rule : rules) {
    all.push_back(Holding(rule));
    if (rule.number == number) AddAround(rule, all);
  }
  return all;
}

void ForEachBoundaryCall(std::span<const SyscallRule> rules, const std::function<void(const seccomp_data&)>& visit) {
  for (std::uint32_t number = 0; number <= kLastNumber; ++number) {
    for (const Arguments& arguments : BoundaryArguments(rules, static_cast<int>(number))) {
      visit(MakeCall(AUDIT_ARCH_X86_64, number, arguments));
      visit(MakeCall(AUDIT_ARCH_X86_64, number | kX32Bit, arguments));
      visit(MakeCall(AUDIT_ARCH_I386, number, arguments));
      visit(MakeCall(AUDIT_ARCH_AARCH64, number, arguments));
    }
  }
  // Around the border to x32, and around the number of a skipped call.
  for (unsigned bit = 0; bit < 32; ++bit) {
    const std::uint32_t one = 1U << bit;
    for (const std::uint32_t number :
         {one, one - 1, kX32Bit | one, kX32Bit - 1 - one, kSkippedCall ^ one, kSkippedCall}) {
      visit(MakeCall(AUDIT_ARCH_X86_64, number));
      visit(MakeCall(AUDIT_ARCH_X86_64 ^ one, number));
    }
  }
}

}  // namespace warder::jail::testing
