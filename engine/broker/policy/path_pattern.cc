#include "engine/broker/policy/path_pattern.h"

#include <algorithm>

#include "engine/broker/ascii.h"
#include "engine/broker/percent.h"
#include "sandbox/base/utf8.h"

namespace warder::broker {
namespace {

// RFC 3986 pchar without what is special in a pattern or never stands in one.
bool StandsForItself(char c) {
  constexpr std::string_view kOthers = "-._~!$&'()+,=:@";
  return (c >= '0' && c <= '9') || (LowerCase(c) >= 'a' && LowerCase(c) <= 'z') ||
         (c != '\0' && kOthers.find(c) != std::string_view::npos);
}

// What is wrong with one segment of a path, read as its upstream would.
std::string_view Ambiguity(std::string_view raw, std::string_view decoded) {
  if (raw.find(';') != std::string_view::npos) return "has a \";\" in its path";
  for (std::size_t i = 0; i < decoded.size(); ++i) {
    const auto byte = static_cast<unsigned char>(decoded[i]);
    if (byte < 0x20 || byte == 0x7f) return "has an encoded control character in its path";
    switch (decoded[i]) {
      case '/':
        return "has an encoded slash in its path";
      case '\\':
        return "has an encoded backslash in its path";
      case ';':
      case '?':
      case '#':
        return "has an encoded \";\", \"?\" or \"#\" in its path";
      case '%':
        if (IsPercentEscape(decoded.substr(i))) return "has a path that is percent-encoded twice";
        break;
      default:
        break;
    }
  }
  if (FindInvalidUtf8(decoded)) return "has a path that is not UTF-8";
  return {};
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (LowerCase(c) >= 'a' && LowerCase(c) <= 'z') || c == '_' || c == '-';
  });
}

std::string Encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) encoded += StandsForItself(c) ? std::string(1, c) : PercentEscape(c);
  return encoded;
}

Result<std::string> Literal(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && !IsPercentEscape(text.substr(i))) {
      return InvalidInput("has a \"%\" that two hexadecimal digits do not follow; write %25");
    }
  }
  std::string decoded = PercentDecoded(text);
  if (const std::string_view why = Ambiguity(text, decoded); !why.empty()) {
    return InvalidInput(std::string(why) + ", which no request that is judged by its path may have; leave it out");
  }
  return decoded;
}

}  // namespace

Result<PathPattern::Segment> PathPattern::ParseSegment(std::string_view text) {
  Segment segment;
  const std::size_t open = text.find_first_of("{}*");
  std::string_view behind;
  if (open != std::string_view::npos) {
    const std::size_t close = text[open] == '{' ? text.find('}', open) : open;
    const std::string_view name =
        text[open] == '{' && close != std::string_view::npos ? text.substr(open + 1, close - open - 1) : "";
    if (text[open] != '*' && !IsName(name)) {
      return InvalidInput(
          "has a brace that names nothing; write {name} with letters, digits, \"-\" or \"_\", a brace itself as %7B "
          "or %7D");
    }
    segment.wild = true;
    segment.name = name;
    behind = text.substr(close + 1);
    if (behind.find_first_of("{}*") != std::string_view::npos) {
      return InvalidInput("has two wildcards in one segment; one is the most, and ** stands alone at the end");
    }
  }
  auto before = Literal(text.substr(0, open));
  if (!before) return before.error();
  auto after = Literal(behind);
  if (!after) return after.error();
  segment.before = std::move(*before);
  segment.after = std::move(*after);
  if (!segment.wild && (segment.before == "." || segment.before == "..")) {
    return InvalidInput("has a dot segment; write the path that it leads to");
  }
  return segment;
}

Result<PathPattern> PathPattern::Parse(std::string_view text) {
  if (!text.starts_with('/')) return InvalidInput("is not a path; it begins with \"/\", as in /v1/orders/{id}");
  if (text.find('?') != std::string_view::npos || text.find('#') != std::string_view::npos) {
    return InvalidInput(
        "has a query or fragment; a rule is about the path, a line \"query NAME, ...\" is about the query");
  }
  PathPattern pattern;
  pattern.rest_ = false;
  for (std::size_t begin = 1; begin <= text.size();) {
    const std::size_t end = std::min(text.find('/', begin), text.size());
    const std::string_view part = text.substr(begin, end - begin);
    begin = end + 1;
    if (part == "**" && end == text.size()) {
      pattern.rest_ = true;
      break;
    }
    if (part.empty() && end != text.size()) return InvalidInput("has an empty segment (//); write one slash");
    if (pattern.segments_.size() == kMaxPatternSegments)
      return InvalidInput("has more than 64 segments; end it with **");
    auto segment = ParseSegment(part);
    if (!segment) return segment.error();
    pattern.segments_.push_back(std::move(*segment));
  }
  return pattern;
}

bool PathPattern::Holds(const Segment& segment, std::string_view text, Case letters) {
  const auto same = [letters](std::string_view a, std::string_view b) {
    return letters == Case::kExact ? a == b : EqualsIgnoreCase(a, b);
  };
  if (!segment.wild) return same(segment.before, text);
  const std::size_t fixed = segment.before.size() + segment.after.size();
  return text.size() > fixed && same(text.substr(0, segment.before.size()), segment.before) &&
         same(text.substr(text.size() - segment.after.size()), segment.after);
}

bool PathPattern::Holds(std::span<const Segment> segments, bool rest, std::span<const std::string> path, Case letters) {
  if (rest ? path.size() < segments.size() : path.size() != segments.size()) return false;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    if (!Holds(segments[i], path[i], letters)) return false;
  }
  return true;
}

bool PathPattern::Matches(std::span<const std::string> path) const {
  return Holds(segments_, rest_, path, Case::kExact);
}

bool PathPattern::MatchesLoosely(std::span<const std::string> path) const {
  std::span<const Segment> segments = segments_;
  if (!path.empty() && path.back().empty()) path = path.first(path.size() - 1);
  if (!rest_ && segments.back() == Segment{}) segments = segments.first(segments.size() - 1);
  return Holds(segments, rest_, path, Case::kIgnored);
}

bool PathPattern::Covers(const PathPattern& other) const {
  const auto covers = [](const Segment& wide, const Segment& narrow) {
    if (wide == narrow) return true;
    const bool any = wide.wild && wide.before.empty() && wide.after.empty();
    return any && (narrow.wild || !narrow.before.empty());
  };
  if (rest_ ? other.segments_.size() < segments_.size() : other.rest_ || other.segments_.size() != segments_.size()) {
    return false;
  }
  return std::equal(segments_.begin(), segments_.end(), other.segments_.begin(), covers);
}

std::string PathPattern::ToString() const {
  std::string text;
  for (const Segment& segment : segments_) {
    text += "/" + Encoded(segment.before);
    if (segment.wild) text += segment.name.empty() ? "*" : "{" + segment.name + "}";
    text += Encoded(segment.after);
  }
  return rest_ ? text + "/**" : text;
}

Result<std::vector<std::string>> PathSegments(std::string_view path) {
  std::vector<std::string> segments;
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view raw = path.substr(begin, end - begin);
    if (raw.empty() && end != path.size()) return Refused("has an empty segment (//) in its path");
    std::string decoded = PercentDecoded(raw);
    if (const std::string_view why = Ambiguity(raw, decoded); !why.empty()) return Refused(std::string(why));
    segments.push_back(std::move(decoded));
    begin = end + 1;
  }
  return segments;
}

}  // namespace warder::broker
