#include "tests/hostile/attempt.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <sstream>

namespace warder::hostile {

namespace {

Report notes;
alignas(kScratchBytes) std::array<char, kScratchBytes> scratch;

}  // namespace

void Note(long number, const Words& words) {
  notes.number = number;
  notes.words = words;
  auto& calls = notes.calls;
  if (std::find(calls.begin(), calls.end(), number) == calls.end()) calls.push_back(number);
}

long CallWords(long number, const Words& words) {
  Note(number, words);
  const long result = syscall(number, words[0], words[1], words[2], words[3], words[4], words[5]);
  return result < 0 ? -static_cast<long>(errno) : result;
}

long CloneThenExit(unsigned long flags, void* stack) {
  Note(SYS_clone, {flags, Word(stack)});
  long result = 0;
  register unsigned long fourth asm("r10") = 0;
  register unsigned long fifth asm("r8") = 0;
  // In the child: exit(0).
  asm volatile("syscall; test %%rax, %%rax; jnz 1f; mov $60, %%eax; xor %%edi, %%edi; syscall; 1:"
               : "=a"(result)
               : "a"(SYS_clone), "D"(flags), "S"(stack), "d"(0), "r"(fourth), "r"(fifth)
               : "rcx", "r11", "memory");
  return result;
}

void Spin(std::uint64_t rounds) {
  std::uint64_t value = 1;
  for (std::uint64_t i = 0; i < rounds; ++i) {
    value = value * 6364136223846793005 + 1;
    asm volatile("" : "+r"(value));
  }
}

char* Scratch() { return scratch.data(); }

std::string RunAttempt(const Probe& probe, const World& world) {
  notes = {};
  notes.calls.reserve(64);
  scratch.fill(0);
  notes.result = probe.attempt(world);
  std::string line = "= " + std::to_string(notes.result) + " " + std::to_string(notes.number);
  for (const unsigned long word : notes.words) line += " " + std::to_string(word);
  for (const long call : notes.calls) line += " " + std::to_string(call);
  return line + "\n";
}

std::optional<Report> ParseReport(const std::string& line) {
  std::istringstream words(line);
  std::string mark;
  Report report;
  if (!(words >> mark >> report.result >> report.number) || mark != "=") return std::nullopt;
  for (unsigned long& word : report.words) {
    if (!(words >> word)) return std::nullopt;
  }
  for (long call = 0; words >> call;) report.calls.push_back(call);
  return report;
}

}  // namespace warder::hostile
