#include "engine/cli/text_template.h"

#include <vector>

namespace warder::cli {
namespace {

// Matching takes as many steps as there are parts, times the length of the text.
constexpr std::size_t kMaxHoles = 100;

// A literal, or a hole.
struct Part {
  std::string_view literal;
  bool hole = false;
  bool any = false;  // of a hole: of any character
};

std::vector<Part> PartsOf(std::string_view pattern) {
  std::vector<Part> parts;
  while (!pattern.empty()) {
    const std::size_t open = pattern.find('{');
    const std::size_t close = open == std::string_view::npos ? open : pattern.find('}', open);
    if (close == std::string_view::npos) {
      parts.push_back({.literal = pattern});
      return parts;
    }
    if (open > 0) parts.push_back({.literal = pattern.substr(0, open)});
    parts.push_back({.literal = {}, .hole = true, .any = pattern.substr(open + 1, 1) == "+"});
    pattern.remove_prefix(close + 1);
  }
  return parts;
}

bool Fills(const Part& hole, char c) { return hole.any || std::string_view("/?&#=").find(c) == std::string_view::npos; }

}  // namespace

// By dynamic programming, so that no pattern takes more than its length times the text's.
bool MatchesTemplate(std::string_view pattern, std::string_view text) {
  // Whether what was read of the pattern describes text[0, i).
  std::vector<bool> reached(text.size() + 1, false);
  reached[0] = true;
  for (const Part& part : PartsOf(pattern)) {
    std::vector<bool> next(text.size() + 1, false);
    for (std::size_t i = 0; i < text.size() || (i == text.size() && !part.hole); ++i) {
      if (part.hole) {
        next[i + 1] = (reached[i] || next[i]) && Fills(part, text[i]);
      } else if (reached[i] && text.substr(i, part.literal.size()) == part.literal) {
        next[i + part.literal.size()] = true;
      }
    }
    reached = std::move(next);
  }
  return reached[text.size()];
}

std::string WrongWithTemplate(std::string_view pattern) {
  std::size_t at = 0;
  std::size_t holes = 0;
  while ((at = pattern.find_first_of("{}", at)) != std::string_view::npos) {
    if (pattern[at] == '}') return "has a } without its {";
    const std::size_t close = pattern.find_first_of("{}", at + 1);
    if (close == std::string_view::npos || pattern[close] == '{') return "has a { without its }";
    std::string_view name = pattern.substr(at + 1, close - at - 1);
    if (!name.empty() && name.front() == '+') name.remove_prefix(1);
    if (name.empty()) return "has a {} without a name";
    if (++holes > kMaxHoles) return "has more than " + std::to_string(kMaxHoles) + " parts in braces";
    at = close + 1;
  }
  return {};
}

}  // namespace warder::cli
