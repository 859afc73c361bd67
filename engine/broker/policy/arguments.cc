#include "engine/broker/policy/arguments.h"

#include <algorithm>

#include "engine/base/quantity.h"
#include "engine/broker/ascii.h"
#include "engine/broker/request_headers.h"
#include "sandbox/base/nearest_word.h"

namespace warder::broker {
namespace {

constexpr std::size_t kMaxShownBytes = 80;
constexpr const char* kTwice = " is there twice; leave one of them";

std::string Shown(std::string_view text) {
  std::string shown(text.substr(0, kMaxShownBytes));
  std::replace(shown.begin(), shown.end(), '\n', ' ');
  return "'" + shown + (text.size() > kMaxShownBytes ? "...'" : "'");
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '-' && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (LowerCase(c) >= 'a' && LowerCase(c) <= 'z') || c == '_' || c == '-' || c == '.';
  });
}

}  // namespace

std::string Arguments::Remedy() const {
  return "; write " + std::string(directive_->usage) + ", as in " + std::string(directive_->example);
}

Error Arguments::Wrong(const Word& word, std::string_view problem) const {
  return ErrorAt(line_.number, word.column, Shown(word.text) + " " + std::string(problem) + Remedy());
}

Error Arguments::Twice(const Word& word) const { return ErrorAt(line_.number, word.column, Shown(word.text) + kTwice); }

Error Arguments::TwiceInLine(std::string_view what) const {
  return ErrorAt(line_.number, line_.words.front().column, std::string(what) + kTwice);
}

Error Arguments::WrongLine(std::string_view problem) const {
  return ErrorAt(line_.number, line_.words.front().column, std::string(problem) + Remedy());
}

Result<Word> Arguments::Take(std::string_view what) {
  if (empty()) return ErrorAt(line_.number, line_.end, std::string(what) + " is missing" + Remedy());
  return line_.words[at_++];
}

Result<Word> Arguments::TakeLast(std::string_view what) {
  if (empty()) return ErrorAt(line_.number, line_.end, std::string(what) + " is missing" + Remedy());
  return line_.words[--end_];
}

Result<void> Arguments::End() const {
  if (empty()) return {};
  return Wrong(line_.words[at_], "is one word too many");
}

Result<std::string> Arguments::Name(std::string_view what) {
  auto word = Take(what);
  if (!word) return word.error();
  if (!IsName(word->text)) {
    return Wrong(*word, "is no name: 1 to 64 letters, digits, \"_\", \"-\" or \".\", no \"-\" in front");
  }
  return std::move(word->text);
}

Result<std::string> Arguments::Field() { return Name("a field"); }

Result<std::string> Arguments::FieldOrNone() {
  if (!empty() && !line_.words[at_].quoted && line_.words[at_].text == "-") {
    ++at_;
    return std::string();
  }
  return Field();
}

Result<std::string> Arguments::HeaderName() {
  auto word = Take("a header's name");
  if (!word) return word.error();
  if (!IsToken(word->text) || word->text.size() > 256) return Wrong(*word, "is not a header's name");
  if (const HeaderRule* rule = FindRefusal(word->text)) {
    return Wrong(*word, "cannot be set: " + std::string(rule->reason));
  }
  return LowerCase(word->text);
}

Result<std::string> Arguments::Text(std::string_view what, std::size_t maximum, LineFeeds line_feeds) {
  auto word = Take(what);
  if (!word) return word.error();
  const bool good = std::all_of(word->text.begin(), word->text.end(), [line_feeds](char c) {
    return (c >= 0x20 && c < 0x7f) || (c == '\n' && line_feeds == LineFeeds::kAllowed);
  });
  if (!good) return Wrong(*word, "holds a tab or line feed");
  if (word->text.empty() || word->text.size() > maximum) {
    return Wrong(*word, "must have 1 to " + std::to_string(maximum) + " characters");
  }
  return std::move(word->text);
}

Result<std::string> Arguments::File() {
  auto word = Take("a file");
  if (!word) return word.error();
  if (!word->text.starts_with('/') || word->text.find_first_of("\t\n") != std::string::npos) {
    return Wrong(*word, "is not the absolute path of a file");
  }
  return std::move(word->text);
}

Result<std::uint64_t> Arguments::Quantity(LimitUnit unit, std::uint64_t minimum, std::uint64_t maximum) {
  auto word = Take("a value");
  if (!word) return word.error();
  const auto value = ParseQuantity(unit, word->text);
  const bool bare = unit != LimitUnit::kCount && !word->text.empty() && word->text.back() <= '9';
  const char* form = unit == LimitUnit::kMilliseconds ? "is no whole number with ms, s or m"
                     : unit == LimitUnit::kBytes      ? "is no whole number with B, KB, MB or GB"
                                                      : "is not a whole number";
  if (!value || bare) return Wrong(*word, form);
  if (*value < minimum || *value > maximum) {
    return Wrong(*word, "is outside of " + FormatLimit(unit, minimum) + " to " + FormatLimit(unit, maximum));
  }
  return *value;
}

Result<std::size_t> Arguments::Choice(std::string_view what, std::span<const std::string_view> choices) {
  auto word = Take(what);
  if (!word) return word.error();
  const auto found = std::find(choices.begin(), choices.end(), word->text);
  if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
  const auto near = NearestWord(word->text, choices);
  return Wrong(*word, "is not " + std::string(what) + (near ? "; did you mean '" + *near + "'?" : ""));
}

Result<std::vector<Word>> Arguments::Items(std::string_view what) {
  std::vector<Word> items;
  bool comma = true;  // another item has to come
  const auto missing = [&](std::size_t column) {
    return ErrorAt(line_.number, column, std::string(what) + " is missing beside a comma" + Remedy());
  };
  if (empty()) return ErrorAt(line_.number, line_.end, std::string(what) + " is missing" + Remedy());
  for (; at_ < end_; ++at_) {
    const Word& word = line_.words[at_];
    if (word.quoted) {
      items.push_back(word);
      comma = false;
      continue;
    }
    for (std::size_t begin = 0; begin <= word.text.size();) {
      const std::size_t end = std::min(word.text.find(',', begin), word.text.size());
      if (end > begin) {
        items.push_back({word.text.substr(begin, end - begin), word.column + begin, false});
        comma = false;
      }
      if (end == word.text.size()) break;
      if (comma) return missing(word.column + end);
      comma = true;
      begin = end + 1;
    }
  }
  if (comma) return missing(line_.end);
  return items;
}

}  // namespace warder::broker
