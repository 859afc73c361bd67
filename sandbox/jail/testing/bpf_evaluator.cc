#include "sandbox/jail/testing/bpf_evaluator.h"

#include <cstring>

namespace warder::jail::testing {

namespace {

class Machine {
 public:
  Machine(std::span<const sock_filter> program, const seccomp_data& data) : program_(program), data_(data) {}

  std::optional<std::uint32_t> Run() {
    while (at_ < program_.size()) {
      const sock_filter& instruction = program_[at_++];
      ++executed_;
      switch (BPF_CLASS(instruction.code)) {
        case BPF_RET:
          return BPF_RVAL(instruction.code) == BPF_A ? accumulator_ : instruction.k;
        case BPF_LD:
          if (!Load(instruction)) return std::nullopt;
          break;
        case BPF_JMP:
          if (!Jump(instruction)) return std::nullopt;
          break;
        case BPF_ALU:
          if (instruction.code != (BPF_ALU | BPF_AND | BPF_K)) return std::nullopt;
          accumulator_ &= instruction.k;
          break;
        default:
          return std::nullopt;
      }
    }
    return std::nullopt;
  }

  std::size_t executed() const { return executed_; }

 private:
  bool Load(const sock_filter& instruction) {
    if (instruction.code != (BPF_LD | BPF_W | BPF_ABS)) return false;
    if (instruction.k % 4 != 0 || instruction.k + 4 > sizeof data_) return false;
    std::memcpy(&accumulator_, reinterpret_cast<const char*>(&data_) + instruction.k, sizeof accumulator_);
    return true;
  }

  bool Jump(const sock_filter& instruction) {
    const std::uint32_t k = instruction.k;
    bool taken = false;
    switch (instruction.code) {
      case BPF_JMP | BPF_JA:
        at_ += k;
        return at_ < program_.size();
      case BPF_JMP | BPF_JEQ | BPF_K:
        taken = accumulator_ == k;
        break;
      case BPF_JMP | BPF_JGT | BPF_K:
        taken = accumulator_ > k;
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        taken = accumulator_ >= k;
        break;
      case BPF_JMP | BPF_JSET | BPF_K:
        taken = (accumulator_ & k) != 0;
        break;
      default:
        return false;
    }
    at_ += taken ? instruction.jt : instruction.jf;
    return at_ < program_.size();
  }

  std::span<const sock_filter> program_;
  const seccomp_data& data_;
  std::uint32_t accumulator_ = 0;
  std::size_t at_ = 0;
  std::size_t executed_ = 0;
};

}  // namespace

std::optional<std::uint32_t> Evaluate(std::span<const sock_filter> program, const seccomp_data& data) {
  return Machine(program, data).Run();
}

std::size_t CountInstructions(std::span<const sock_filter> program, const seccomp_data& data) {
  Machine machine(program, data);
  machine.Run();
  return machine.executed();
}

}  // namespace warder::jail::testing
