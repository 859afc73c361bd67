// Takes secrets out of one stream, however it is cut into pieces: each is replaced by "[redacted]".
//
// The Spotter looks at every byte. Where it has found the beginning of a form, a follower walks on through the rest of
// it, and knows where it began; in innocent text there are none. Matches that overlap are taken out together, so that
// no part of either stays; matches that touch are two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/broker/scrub/scrub_pattern.h"
#include "sandbox/base/wiped.h"

namespace warder::broker {

inline constexpr std::string_view kRedacted = "[redacted]";

class Scrubber {
 public:
  explicit Scrubber(std::shared_ptr<const ScrubPattern> pattern) : pattern_(std::move(pattern)) {}
  ~Scrubber() = default;
  Scrubber(const Scrubber&) = delete;
  Scrubber& operator=(const Scrubber&) = delete;

  // Appends to `out` all that is certain. Held back are the last ScrubPattern::held_bytes() bytes, whatever they are,
  // or those behind the last empty line, if that is fewer: no match has an empty line in it. Holding back only what
  // looks like a beginning would tell whoever sees the pieces, and chose the text, how far the text agrees with a
  // secret.
  void Push(std::string_view data, std::string* out);
  // The stream is over: what was held back belongs to no secret. Of a stream that broke off, the rest may be all of a
  // secret but its last bytes; then do not call this.
  void Finish(std::string* out);

  // Redactions written so far.
  std::uint64_t redactions() const { return redactions_; }
  std::size_t held() const { return static_cast<std::size_t>(end_ - settled_); }

 private:
  // Positions count the stream's bytes from 0.
  struct Follower {
    Node node;
    std::uint64_t start;
  };
  struct Region {
    std::uint64_t start;
    std::uint64_t end;
  };

  char At(std::uint64_t position) const;
  void Search();
  void Advance(char byte);
  void Merge();
  void BeginFollowers();
  std::uint64_t EarliestStart();
  std::uint64_t HeldFrom() const;
  std::uint64_t StartOf(std::span<const Node> nodes);
  void AddRegion(Region region);
  void Release(std::uint64_t certain, std::string* out);
  void CopyUntil(std::uint64_t position, std::string* out);
  void Keep(std::uint64_t from);

  std::shared_ptr<const ScrubPattern> pattern_;
  Spotter::State state_ = Spotter::kIdle;
  WipedVector<Follower> followers_;
  WipedVector<Follower> next_followers_;
  std::size_t merge_at_ = 16;
  WipedVector<Node> nodes_;  // of the walk back in progress
  WipedVector<Node> nodes_before_;
  std::vector<Region> regions_;        // found, not yet written; in order, apart
  std::uint64_t last_region_end_ = 0;  // of those written

  WipedVector<char> kept_;  // the stream's bytes from kept_begin_ on, before data_
  std::uint64_t kept_begin_ = 0;
  std::string_view data_;
  std::uint64_t data_begin_ = 0;
  std::uint64_t end_ = 0;      // read so far
  std::uint64_t settled_ = 0;  // written, or taken out
  std::uint64_t redactions_ = 0;
};

// A whole text at once: a header's name or value, a reason phrase, a URL.
std::string ScrubText(const std::shared_ptr<const ScrubPattern>& pattern, std::string_view text);

}  // namespace warder::broker
