// A value in a JSON file that a person wrote, with the place where it stands: for sentences that say what is wrong
// there.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace warder::cli {

class JsonField {
 public:
  // `file` is how sentences begin: "the fixture a.fixture.json". `value` outlives this.
  JsonField(std::string file, std::string place, const boost::json::value& value)
      : file_(std::move(file)), place_(std::move(place)), value_(&value) {}

  // The place, "calls[2].reply.status"; empty: the whole document.
  const std::string& place() const { return place_; }
  const boost::json::value& value() const { return *value_; }
  bool Is(boost::json::kind kind) const { return value_->kind() == kind; }

  // Each of these throws EngineError(kInvalid) where the value is not what is asked for: "FILE: PLACE is VALUE; WHAT".
  [[noreturn]] void Wrong(const std::string& what) const;
  // An object with no other members than these.
  void CheckObject(std::initializer_list<std::string_view> members) const;
  std::string Text(const char* what) const;
  std::string OneOf(std::initializer_list<std::string_view> words) const;
  std::uint64_t Number(std::uint64_t least, std::uint64_t most, const char* what) const;
  std::vector<JsonField> Elements(const char* what) const;
  // Of an object; nothing: it is not there.
  std::optional<JsonField> Member(std::string_view name) const;
  JsonField Needed(std::string_view name, const char* what) const;
  // The names of an object's members.
  std::vector<std::string> Names(const char* what) const;

  // As JSON text.
  std::string Serialized() const;

 private:
  std::string file_;
  std::string place_;
  const boost::json::value* value_;
};

}  // namespace warder::cli
