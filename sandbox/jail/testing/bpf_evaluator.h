// An evaluator of classic BPF as seccomp uses it, written from bpf(4) and <linux/filter.h> and sharing nothing with
// libseccomp: what the tests hold the generated filters against.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cstdint>
#include <optional>
#include <span>

namespace warder::jail::testing {

// The filter's answer (SECCOMP_RET_*, data included). Nothing when the program is not one that the kernel would take: a
// jump out of it, an unknown instruction, a load outside of seccomp_data.
std::optional<std::uint32_t> Evaluate(std::span<const sock_filter> program, const seccomp_data& data);

// Instructions that were executed for an answer.
std::size_t CountInstructions(std::span<const sock_filter> program, const seccomp_data& data);

}  // namespace warder::jail::testing
