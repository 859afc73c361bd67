// The path template of a rule, and the reading of a path that it is held against.
//
//   /v1/orders/{id}      {name} and * stand for one segment that is not empty
//   /v1/orders/{id}.json or for a part of one, once in a segment
//   /v1/files/**         ** stands for the rest, nothing included; only at the end
//
// Segments are compared as bytes after percent-decoding, once. That says the same to everyone only where nothing in the
// path can be read in two ways, so PathSegments refuses what could be.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/base/result.h"

namespace warder::broker {

inline constexpr std::size_t kMaxPatternSegments = 64;

class PathPattern {
 public:
  // The error says what is wrong and what to write, without the place.
  static Result<PathPattern> Parse(std::string_view text);
  // "/**".
  static PathPattern Everything() { return PathPattern(); }

  // Whether it says nothing about the path.
  bool everything() const { return segments_.empty() && rest_; }

  // What an allow rule asks: byte for byte.
  bool Matches(std::span<const std::string> path) const;
  // What a deny rule asks: upstreams that ignore the case of letters or a slash at the end must not be a way around it.
  bool MatchesLoosely(std::span<const std::string> path) const;

  // True: each path that the other fits byte for byte, this one fits too. False: perhaps not.
  bool Covers(const PathPattern& other) const;

  // The one text of this pattern: percent-encoded where it has to be, in capitals.
  std::string ToString() const;

  bool operator==(const PathPattern&) const = default;

 private:
  enum class Case { kExact, kIgnored };
  struct Segment {
    std::string before;  // decoded
    bool wild = false;
    std::string name;   // of the wildcard; empty: *
    std::string after;  // decoded
    bool operator==(const Segment&) const = default;
  };

  PathPattern() = default;
  static Result<Segment> ParseSegment(std::string_view text);
  static bool Holds(const Segment& segment, std::string_view text, Case letters);
  static bool Holds(std::span<const Segment> segments, bool rest, std::span<const std::string> path, Case letters);

  std::vector<Segment> segments_;
  bool rest_ = true;
};

// The segments of a canonical path, percent-decoded: "/v1/a%20b/" is {"v1", "a b", ""}. The error says, as the end of a
// sentence about the request, what in it is ambiguous: an empty segment, "/", "\", ";", "?", "#" or an escape that is
// encoded, ";", control characters, what is not UTF-8.
Result<std::vector<std::string>> PathSegments(std::string_view path);

}  // namespace warder::broker
