// The words behind a directive, taken one by one; every mistake becomes an error that says where it is, what is wrong
// and how the directive is written.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/broker/policy/policy.h"
#include "engine/broker/policy/words.h"
#include "warder/limits.h"

namespace warder::broker {

class Arguments {
 public:
  // Both must outlive it.
  Arguments(const Line& line, const DirectiveInfo& directive) : line_(line), directive_(&directive) {}

  // From now on mistakes are explained with this form of the directive.
  void Explain(const DirectiveInfo& form) { directive_ = &form; }

  SourceLine line() const { return {line_.number}; }
  bool empty() const { return at_ == end_; }

  // The next word; the error calls what is missing `what` ("a field").
  Result<Word> Take(std::string_view what);
  // The last word of all, out of turn.
  Result<Word> TakeLast(std::string_view what);
  // No more words may follow.
  Result<void> End() const;

  // "line 3, column 7: 'WORD' PROBLEM; write USAGE, as in EXAMPLE".
  Error Wrong(const Word& word, std::string_view problem) const;
  Error WrongLine(std::string_view problem) const;
  // "line 3, column 7: 'WORD' is there twice; leave one of them".
  Error Twice(const Word& word) const;
  Error TwiceInLine(std::string_view what) const;

  // The values that directives are made of.
  Result<std::string> Name(std::string_view what);
  Result<std::string> Field();
  Result<std::string> FieldOrNone();  // empty for -
  Result<std::string> HeaderName();   // lower-case, one that can be set
  // Printable ASCII, at least one and at most `maximum` characters; `line_feeds`: these too.
  enum class LineFeeds { kRefused, kAllowed };
  Result<std::string> Text(std::string_view what, std::size_t maximum, LineFeeds line_feeds = LineFeeds::kRefused);
  Result<std::string> File();
  Result<std::uint64_t> Quantity(LimitUnit unit, std::uint64_t minimum, std::uint64_t maximum);
  // One of `choices`; its index.
  Result<std::size_t> Choice(std::string_view what, std::span<const std::string_view> choices);
  // The items of all words that are left, separated by commas and blanks.
  Result<std::vector<Word>> Items(std::string_view what);

 private:
  std::string Remedy() const;

  const Line& line_;
  const DirectiveInfo* directive_;
  std::size_t at_ = 1;
  std::size_t end_ = line_.words.size();
};

}  // namespace warder::broker
