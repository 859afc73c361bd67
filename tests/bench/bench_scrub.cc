// What scrubbing costs: megabytes a second on one core and the ratio to copying the same bytes, for several numbers of
// secrets and kinds of text, in pieces of 16 KiB; then what a pattern costs to compile. The last kinds are hostile: the
// beginning of a secret over and over, by a server that knows it.
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "engine/broker/scrub/scrubber.h"
#include "engine/broker/scrub/testing/clean_text.h"
#include "engine/broker/scrub/testing/compile.h"

namespace warder::broker {
namespace {

// Of this thread alone: what else the machine does meanwhile does not count.
std::chrono::duration<double> ProcessorTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}
using testing::TextKind;

constexpr std::size_t kBytes = 32 << 20;
constexpr std::size_t kPiece = 16 << 10;
constexpr int kRounds = 5;

// Of the text, in which every piece goes through `take`; the best of some rounds.
double MegabytesPerSecond(const std::string& text, const std::function<void(std::string_view)>& take) {
  double best = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto begun = ProcessorTime();
    for (std::size_t at = 0; at < text.size(); at += kPiece) take(std::string_view(text).substr(at, kPiece));
    const double seconds = (ProcessorTime() - begun).count();
    best = std::max(best, static_cast<double>(text.size()) / 1e6 / seconds);
  }
  return best;
}

void Measure(const std::string& name, const std::string& text, const std::shared_ptr<const ScrubPattern>& pattern) {
  std::string out;
  const double copied = MegabytesPerSecond(text, [&](std::string_view piece) { out.assign(piece); });
  Scrubber scrubber(pattern);
  const double scrubbed = MegabytesPerSecond(text, [&](std::string_view piece) {
    out.clear();
    scrubber.Push(piece, &out);
  });
  std::printf("  %-34s %8.0f MB/s   1/%.0f of copying\n", name.c_str(), scrubbed, copied / scrubbed);
}

std::string Repeated(const std::string& text, std::size_t size) {
  std::string repeated;
  while (repeated.size() < size) repeated += text;
  return repeated;
}

void MeasureAll(std::size_t count, std::size_t size, std::mt19937_64* random) {
  const std::vector<std::string> secrets = testing::RandomSecrets(count, size, random);
  std::shared_ptr<const ScrubPattern> pattern;
  double best = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    const auto begun = ProcessorTime();
    pattern = testing::Compile(secrets).value();
    best = std::min(best, std::chrono::duration<double, std::milli>(ProcessorTime() - begun).count());
  }
  std::printf("%zu secrets of %zu characters: compiled in %.2f ms, %zu states\n", count, size, best,
              pattern->spotter().states());
  for (const TextKind kind :
       {TextKind::kJson, TextKind::kHtml, TextKind::kBase64, TextKind::kHex, TextKind::kPercent, TextKind::kBytes}) {
    Measure(testing::NameOf(kind), testing::CleanText(kind, kBytes, random), pattern);
  }
  const std::string& secret = secrets[0];
  Measure("hostile: all but the end", Repeated(secret.substr(0, secret.size() - 1) + "\n", kBytes / 4), pattern);
  Measure("hostile: first characters", Repeated(secret.substr(0, 4), kBytes / 4), pattern);
  Measure("hostile: secrets", Repeated(secret, kBytes / 4), pattern);
}

int Main() {
  std::mt19937_64 random(9);
  for (const auto& [count, size] : {std::pair{1, 40}, {4, 40}, {16, 40}, {64, 64}, {1, 3000}}) {
    MeasureAll(static_cast<std::size_t>(count), static_cast<std::size_t>(size), &random);
  }
  const std::vector<std::string> repetitive{std::string(16, 'a') + "b"};
  std::printf("a secret that repeats itself\n");
  Measure("hostile: its character", std::string(kBytes / 32, 'a'), testing::Compile(repetitive).value());
  return 0;
}

}  // namespace
}  // namespace warder::broker

int main() { return warder::broker::Main(); }
