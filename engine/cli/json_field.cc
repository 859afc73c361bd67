#include "engine/cli/json_field.h"

#include <algorithm>
#include <boost/json.hpp>

#include "engine/base/strict_json.h"
#include "sandbox/base/nearest_word.h"
#include "warder/engine.h"

namespace warder::cli {
namespace {

namespace json = boost::json;

[[noreturn]] void Invalid(const std::string& message) { throw EngineError(Status::kInvalid, message); }

}  // namespace

void JsonField::Wrong(const std::string& what) const {
  Invalid(file_ + ": " + (place_.empty() ? "it" : place_) + " is " + Shown(*value_) + "; " + what);
}

void JsonField::CheckObject(std::initializer_list<std::string_view> members) const {
  if (!value_->is_object()) Wrong("it has to be an object");
  for (const auto& member : value_->get_object()) {
    const std::string name(member.key());
    if (std::find(members.begin(), members.end(), name) != members.end()) continue;
    std::vector<std::string> known;
    std::string list;
    for (const std::string_view each : members) {
      known.emplace_back(each);
      list += (list.empty() ? "" : ", ") + std::string(each);
    }
    const auto nearest = NearestWord(name, known);
    Invalid(file_ + ": " + (place_.empty() ? "it" : place_) + " has a field " + Shown(json::value(member.key())) +
            "; " + (nearest ? "did you mean \"" + *nearest + "\"? " : "") + "there are " + list);
  }
}

std::string JsonField::Text(const char* what) const {
  if (!value_->is_string()) Wrong(what);
  return std::string(value_->get_string());
}

std::string JsonField::OneOf(std::initializer_list<std::string_view> words) const {
  std::string list;
  for (const std::string_view word : words) {
    if (value_->is_string() && value_->get_string() == json::string_view(word.data(), word.size())) {
      return std::string(word);
    }
    list += (list.empty() ? "\"" : ", \"") + std::string(word) + "\"";
  }
  Wrong("it has to be one of " + list);
}

std::uint64_t JsonField::Number(std::uint64_t least, std::uint64_t most, const char* what) const {
  std::uint64_t number = 0;
  if (const auto* whole = value_->if_int64(); whole != nullptr && *whole >= 0) {
    number = static_cast<std::uint64_t>(*whole);
  } else if (const auto* large = value_->if_uint64()) {
    number = *large;
  } else {
    Wrong(what);
  }
  if (number < least || number > most) Wrong(what);
  return number;
}

std::vector<JsonField> JsonField::Elements(const char* what) const {
  if (!value_->is_array()) Wrong(what);
  std::vector<JsonField> elements;
  for (const json::value& each : value_->get_array()) {
    elements.emplace_back(file_, place_ + "[" + std::to_string(elements.size()) + "]", each);
  }
  return elements;
}

std::optional<JsonField> JsonField::Member(std::string_view name) const {
  const json::value* found = value_->get_object().if_contains(json::string_view(name.data(), name.size()));
  if (found == nullptr) return std::nullopt;
  return JsonField(file_, (place_.empty() ? "" : place_ + ".") + std::string(name), *found);
}

JsonField JsonField::Needed(std::string_view name, const char* what) const {
  auto member = Member(name);
  if (member) return *member;
  Invalid(file_ + ": " + (place_.empty() ? "it" : place_) + " has no \"" + std::string(name) + "\"; " + what);
}

std::vector<std::string> JsonField::Names(const char* what) const {
  if (!value_->is_object()) Wrong(what);
  std::vector<std::string> names;
  for (const auto& member : value_->get_object()) names.emplace_back(member.key());
  return names;
}

std::string JsonField::Serialized() const { return json::serialize(*value_); }

}  // namespace warder::cli
