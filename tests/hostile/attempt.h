// How an attempt makes a system call, and how it tells the runner what came of it.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "tests/hostile/probe.h"

namespace warder::hostile {

using Words = std::array<unsigned long, 6>;

template <typename T>
unsigned long Word(T value) {
  if constexpr (std::is_pointer_v<T>) {
    return reinterpret_cast<unsigned long>(value);
  } else if constexpr (std::is_signed_v<T>) {
    return static_cast<unsigned long>(static_cast<long>(value));
  } else {
    return static_cast<unsigned long>(value);
  }
}

// Makes the call and keeps a note of it. Returns the result, or the negative errno.
long CallWords(long number, const Words& words);

template <typename... Args>
long Call(long number, Args... args) {
  return CallWords(number, Words{Word(args)...});
}

// Notes a call that is made in another way than by CallWords.
void Note(long number, const Words& words = {});

// clone(2) whose child ends at once, without touching memory: `stack` may be anything.
long CloneThenExit(unsigned long flags, void* stack);

// An attempt that is one call.
template <typename... Args>
Attempt Raw(long number, Args... args) {
  const Words words{Word(args)...};
  return [number, words](const World&) { return CallWords(number, words); };
}

// The lowest page is never mapped.
inline constexpr unsigned long kBadPointer = 8;

// A page of zeros that can be written; anew for each attempt.
char* Scratch();
inline constexpr std::size_t kScratchBytes = 4096;

// Computes. Each round needs the one before, so that a round takes as long wherever the code lies.
void Spin(std::uint64_t rounds);

// What an attempt came to. `number` and `words` are its last call, the one that decided.
struct Report {
  long result = 0;
  long number = -1;
  Words words{};
  std::vector<long> calls;  // every call once, in order
};

// Runs the attempt and returns its report as a line. Never throws.
std::string RunAttempt(const Probe& probe, const World& world);
std::optional<Report> ParseReport(const std::string& line);

}  // namespace warder::hostile
