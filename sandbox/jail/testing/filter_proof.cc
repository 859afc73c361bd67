#include "sandbox/jail/testing/filter_proof.h"

#include <linux/audit.h>

#include <cstddef>

#include "sandbox/jail/testing/filter_oracle.h"

namespace warder::jail::testing {

namespace {

constexpr std::uint32_t kOnes = ~0U;
constexpr std::size_t kNumberWord = offsetof(seccomp_data, nr) / 4;
constexpr std::size_t kArchWord = offsetof(seccomp_data, arch) / 4;

// The accumulator is always a masked word of the call; before the first load it is 0, a word with nothing left of it.
struct State {
  std::size_t at = 0;
  std::size_t word = 0;
  std::uint32_t mask = 0;
  Cube calls;
};

// The calls whose masked word is greater than `bound`.
CallSet GreaterThan(std::size_t word, std::uint32_t mask, std::uint32_t bound) {
  CallSet greater;
  // Equal to the bound above a bit, and that bit set where the bound's is not.
  for (std::uint32_t bit = 1U << 31; bit != 0; bit >>= 1) {
    const std::uint32_t above = ~(bit | (bit - 1));
    if ((bound & above & ~mask) != 0) break;  // from here on it cannot be equal
    if ((bound & bit) != 0 || (mask & bit) == 0) continue;
    greater.push_back(Cube::Of(word, mask & (above | bit), (bound & above) | bit));
  }
  return greater;
}

// The calls for which the jump is taken; nothing for an instruction that is not known.
std::optional<CallSet> Taken(const sock_filter& instruction, const State& state) {
  const std::uint32_t k = instruction.k;
  switch (instruction.code) {
    case BPF_JMP | BPF_JEQ | BPF_K:
      return (k & ~state.mask) != 0 ? CallSet{} : CallSet{Cube::Of(state.word, state.mask, k)};
    case BPF_JMP | BPF_JGT | BPF_K:
      return GreaterThan(state.word, state.mask, k);
    case BPF_JMP | BPF_JGE | BPF_K:
      return k == 0 ? CallSet{Cube{}} : GreaterThan(state.word, state.mask, k - 1);
    case BPF_JMP | BPF_JSET | BPF_K:
      return Difference(Cube{}, Cube::Of(state.word, state.mask & k, 0));
    default:
      return std::nullopt;
  }
}

class Execution {
 public:
  explicit Execution(std::span<const sock_filter> program) : program_(program) { pending_.emplace_back(); }

  std::optional<AnswerMap> Run() {
    while (!pending_.empty()) {
      State state = pending_.back();
      pending_.pop_back();
      if (!Step(state)) return std::nullopt;
    }
    return std::move(answered_);
  }

 private:
  bool Step(State& state) {
    if (state.at >= program_.size()) return false;
    const sock_filter& instruction = program_[state.at++];
    switch (instruction.code) {
      case BPF_RET | BPF_K:
        answered_.push_back({state.calls, instruction.k});
        return true;
      case BPF_LD | BPF_W | BPF_ABS:
        if (instruction.k % 4 != 0 || instruction.k / 4 >= kCallWords) return false;
        state.word = instruction.k / 4;
        state.mask = kOnes;
        break;
      case BPF_ALU | BPF_AND | BPF_K:
        state.mask &= instruction.k;
        break;
      case BPF_JMP | BPF_JA:
        state.at += instruction.k;
        break;
      default:
        return Branch(instruction, state);
    }
    pending_.push_back(state);
    return true;
  }

  bool Branch(const sock_filter& instruction, const State& state) {
    const std::optional<CallSet> taken = Taken(instruction, state);
    if (!taken) return false;
    CallSet rest = {state.calls};
    for (const Cube& cube : *taken) {
      Continue(state, instruction.jt, Intersection(CallSet{state.calls}, cube));
      rest = Difference(rest, cube);
    }
    Continue(state, instruction.jf, rest);
    return true;
  }

  void Continue(const State& state, std::size_t offset, const CallSet& calls) {
    for (const Cube& cube : calls) pending_.push_back({state.at + offset, state.word, state.mask, cube});
  }

  std::span<const sock_filter> program_;
  std::vector<State> pending_;
  AnswerMap answered_;
};

void Add(const CallSet& calls, std::uint32_t answer, AnswerMap& map) {
  for (const Cube& cube : calls) map.push_back({cube, answer});
}

}  // namespace

std::optional<AnswerMap> MapOfProgram(std::span<const sock_filter> program) { return Execution(program).Run(); }

AnswerMap MapOfTable(std::span<const SyscallRule> rules) {
  AnswerMap map;
  const Cube native = Cube::Of(kArchWord, kOnes, AUDIT_ARCH_X86_64);
  Add(Difference(Cube{}, native), SECCOMP_RET_KILL_PROCESS, map);
  CallSet foreign = {native};
  CallSet rest;
  for (const Cube& ours : {Cube::Of(kNumberWord, kX32Bit | 1U << 31, 0), Cube::Of(kNumberWord, kOnes, kSkippedCall)}) {
    const CallSet part = Intersection(CallSet{native}, ours);
    rest.insert(rest.end(), part.begin(), part.end());
    foreign = Difference(foreign, ours);
  }
  Add(foreign, SECCOMP_RET_KILL_PROCESS, map);
  for (const SyscallRule& rule : rules) {
    Cube calls = Cube::Of(kNumberWord, kOnes, static_cast<std::uint32_t>(rule.number));
    bool possible = true;
    for (const Condition& condition : rule.Conditions()) {
      const Cube argument = Cube::OfArgument(condition.index, condition.mask, condition.value);
      possible = possible && (condition.value & ~condition.mask) == 0 && !Disjoint(calls, argument);
      calls = Intersection(calls, argument);
    }
    if (!possible) continue;
    Add(Intersection(rest, calls), RuleAnswer(rule), map);
    rest = Difference(rest, calls);
  }
  Add(rest, SECCOMP_RET_TRAP, map);
  return map;
}

AnswerMap MapOfBoth(const AnswerMap& newer, const AnswerMap& older) {
  AnswerMap map;
  for (const AnsweredCalls& a : newer) {
    for (const AnsweredCalls& b : older) {
      if (!Disjoint(a.calls, b.calls)) {
        map.push_back({Intersection(a.calls, b.calls), Stricter(a.answer, b.answer)});
      }
    }
  }
  return map;
}

std::optional<seccomp_data> FindDifference(const AnswerMap& a, const AnswerMap& b) {
  for (const AnsweredCalls& one : a) {
    for (const AnsweredCalls& other : b) {
      if (one.answer == other.answer || Disjoint(one.calls, other.calls)) continue;
      return Intersection(one.calls, other.calls).Sample();
    }
  }
  return std::nullopt;
}

}  // namespace warder::jail::testing
