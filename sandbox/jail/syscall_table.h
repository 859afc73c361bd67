// The system call policy, as data: the one table from which the filters are generated, that `warder policy` prints and
// that the tests check the installed programs against.
//
// A call is answered by the first rule of its number whose conditions all hold. A call that no rule answers ends the
// process with SIGSYS: in a cell the handler first names the call in a Violation frame (see violation.h), and without
// the handler the kernel kills. Calls through another architecture (int 0x80, x32) kill at once.
//
// A cell runs under both filters, the zygote's and its own, and the stricter answer wins; so the zygote's table
// contains the cell's. The conditions are masked equalities over all 64 bits, the one comparison that needs no trust in
// sign extension and that libseccomp 2.5.4 gets right.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace warder::jail {

enum class Profile {
  kCell,    // a cell with jitless V8
  kZygote,  // the zygote after its seal
};

enum class Answer {
  kAllow,
  kErrno,  // the call fails with error_number: for what libraries probe and can do without
};

// (argument[index] & mask) == value
struct Condition {
  std::uint8_t index = 0;
  std::uint64_t mask = 0;
  std::uint64_t value = 0;
  std::string_view text;  // for people: "fd is 3"
};

struct SyscallRule {
  int number = -1;  // x86-64
  Answer answer = Answer::kAllow;
  int error_number = 0;
  std::uint8_t condition_count = 0;
  std::array<Condition, 3> conditions{};
  std::string_view reason;

  std::span<const Condition> Conditions() const { return {conditions.data(), condition_count}; }
};

// Grouped by call, in the order in which people should read them.
std::span<const SyscallRule> SyscallTable(Profile profile);

// "openat"; "syscall 9999" for a number without a name. x86-64.
std::string SyscallName(long number);

// "ENOSYS"
std::string ErrnoName(int error_number);

// "no PROT_EXEC, private and anonymous": all of them must hold; or "any arguments".
std::string DescribeConditions(const SyscallRule& rule);
// "allow", "ENOSYS"
std::string DescribeAnswer(const SyscallRule& rule);

}  // namespace warder::jail
