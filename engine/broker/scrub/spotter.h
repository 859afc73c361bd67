// Finds where a secret may have begun: one deterministic automaton over the first characters of every form.
//
// Each byte of a stream costs one look-up, whatever was sent. What has all its first characters is handed to a
// Scrubber, which follows it. Built by subset construction (Rabin and Scott, 1959) in which, as with Aho and Corasick
// (1975), a state is a pair: the nodes of what began first, and the state of all that began later.
//
// The automaton forgets: its state depends on the last longest() bytes only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/broker/scrub/forms.h"
#include "sandbox/base/result.h"
#include "sandbox/base/wiped.h"

namespace warder::broker {

class Spotter {
 public:
  using State = std::uint16_t;
  // Nothing has begun.
  static constexpr State kIdle = 0;
  static constexpr std::size_t kMaxStates = 1 << 15;
  static constexpr std::size_t kBlock = 4096;

  static Result<Spotter> Build(const Forms& forms);

  State Next(State state, char byte) const { return table_[columns_[static_cast<unsigned char>(byte)] + state]; }
  // Reads a block of kBlock bytes; false, and nothing is read, if something is spotted in it. Several times as fast as
  // Next byte by byte.
  bool SkipBlock(State* state, const char* block) const;
  // Some forms' first characters end here; FormsAt says which, by number.
  bool Spots(State state) const { return state >= first_spotting_; }
  std::span<const std::uint32_t> FormsAt(State state) const;
  // The nodes of what began first.
  std::span<const Node> OldestAt(State state) const;
  std::size_t states() const { return oldest_at_.size(); }
  // Bytes of the longest beginning that is looked for.
  std::size_t longest() const { return longest_; }

 private:
  friend class SpotterBuilder;

  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };

  std::array<std::uint32_t, 256> columns_{};  // by byte: where its column begins; bytes in no form share one
  State first_spotting_ = 0;
  WipedVector<State> table_;  // by column, then by state: a look-up waits for one load only
  WipedVector<Node> oldest_;
  WipedVector<Range> oldest_at_;  // by state
  WipedVector<std::uint32_t> spotted_;
  WipedVector<Range> spotted_at_;  // by state, from first_spotting_ on
  std::size_t longest_ = 0;
};

}  // namespace warder::broker
