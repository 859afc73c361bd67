#include "engine/broker/policy/words.h"

#include <algorithm>

#include "sandbox/base/utf8.h"

namespace warder::broker {
namespace {

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// Characters that make a line read otherwise than it is (Unicode, "Trojan Source").
bool Reorders(char32_t code) {
  return (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) || code == 0x200E || code == 0x200F ||
         code == 0x061C || code == 0x2028 || code == 0x2029;
}

class LineReader {
 public:
  LineReader(std::size_t number, std::string_view text) : text_(text) { line_.number = number; }

  // No words: the line says nothing.
  Result<Line> Read() {
    for (;;) {
      while (at_ < text_.size() && IsBlank(text_[at_])) ++at_;
      if (at_ == text_.size() || text_[at_] == '#') break;
      if (auto word = text_[at_] == '"' ? ReadQuoted() : ReadPlain(); !word) return word.error();
    }
    if (auto comment = CheckComment(); !comment) return comment.error();
    line_.end = line_.words.empty() ? 1 : end_ + 1;
    return std::move(line_);
  }

 private:
  Error Bad(std::size_t at, std::string_view message) const { return ErrorAt(line_.number, at + 1, message); }

  Result<void> CheckByte() const {
    const auto byte = static_cast<unsigned char>(text_[at_]);
    if (byte >= 0x80) {
      return Bad(at_, "a character beyond ASCII; percent-encode it in a path, write hosts in punycode (xn--...)");
    }
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return Bad(at_, "a control character; remove it");
    return {};
  }

  Result<void> Add(Word word, std::size_t begin) {
    if (word.text.size() > kMaxWordBytes) return Bad(begin, "a word has at most 4096 bytes");
    word.column = begin + 1;
    line_.words.push_back(std::move(word));
    end_ = at_;
    return {};
  }

  Result<void> ReadPlain() {
    const std::size_t begin = at_;
    for (; at_ < text_.size() && !IsBlank(text_[at_]); ++at_) {
      if (text_[at_] == '"' && at_ > begin && text_[at_ - 1] == ',') break;
      if (text_[at_] == '"' || text_[at_] == '\\') {
        return Bad(at_, "a quote or backslash inside of a word; put the whole word in quotes");
      }
      if (auto good = CheckByte(); !good) return good;
    }
    return Add({std::string(text_.substr(begin, at_ - begin)), 0, false}, begin);
  }

  Result<void> ReadQuoted() {
    const std::size_t begin = at_++;
    std::string text;
    for (;; ++at_) {
      if (at_ == text_.size()) return Bad(begin, "a quote that does not close on its line; end the word with \"");
      if (text_[at_] == '"') break;
      if (auto good = CheckByte(); !good) return good;
      if (text_[at_] != '\\') {
        text += text_[at_];
        continue;
      }
      const char escaped = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
      if (escaped != '"' && escaped != '\\' && escaped != 'n') {
        return Bad(at_, "an unknown escape; there are \\\" \\\\ and \\n");
      }
      text += escaped == 'n' ? '\n' : escaped;
      ++at_;
    }
    ++at_;
    if (at_ < text_.size() && !IsBlank(text_[at_]) && text_[at_] != ',') {
      return Bad(at_, "a closing quote inside of a word; put the whole word in quotes, or a blank behind it");
    }
    return Add({std::move(text), 0, true}, begin);
  }

  Result<void> CheckComment() const {
    for (std::size_t at = at_; at < text_.size();) {
      const Character character = FirstCharacter(text_.substr(at));
      if (!character.valid) return Bad(at, "a comment that is not UTF-8; write it in UTF-8");
      const bool control = (character.code < 0x20 && character.code != '\t') ||
                           (character.code >= 0x7f && character.code < 0xa0) || Reorders(character.code);
      if (control) return Bad(at, "a control character in a comment; remove it");
      at += character.bytes;
    }
    return {};
  }

  const std::string_view text_;
  Line line_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
};

}  // namespace

Error ErrorAt(std::size_t line, std::size_t column, std::string_view message) {
  return InvalidInput("line " + std::to_string(line) + ", column " + std::to_string(column) + ": " +
                      std::string(message));
}

Result<std::vector<Line>> ReadLines(std::string_view text) {
  if (text.size() > kMaxPolicyBytes) {
    return InvalidInput("a policy has at most " + std::to_string(kMaxPolicyBytes) + " bytes, this one has " +
                        std::to_string(text.size()));
  }
  std::vector<Line> lines;
  std::size_t number = 1;
  for (std::size_t begin = 0; begin < text.size(); ++number) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view content = text.substr(begin, end - begin);
    if (content.ends_with('\r')) content.remove_suffix(1);
    auto line = LineReader(number, content).Read();
    if (!line) return line.error();
    if (!line->words.empty()) lines.push_back(std::move(*line));
    begin = end + 1;
  }
  return lines;
}

std::string QuotedWord(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c == '\n' ? std::string("\\n") : std::string(1, c);
  }
  return quoted + "\"";
}

std::string WrittenWord(std::string_view text) {
  const bool plain = !text.empty() && text.front() != '#' && text.find_first_of(" \t\n\",\\") == std::string_view::npos;
  return plain ? std::string(text) : QuotedWord(text);
}

}  // namespace warder::broker
