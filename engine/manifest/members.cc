#include "engine/manifest/members.h"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "engine/base/strict_json.h"
#include "warder/engine.h"

namespace warder::manifest {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxKeyBytes = 64;

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return IsLower(c) || (c >= 'A' && c <= 'Z'); }

bool IsKey(std::string_view text) {
  if (text.empty() || text.size() > kMaxKeyBytes || text.front() == '-' || text.back() == '-') return false;
  if (text.find("--") != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) { return IsLower(c) || IsDigit(c) || c == '-'; });
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxKeyBytes && IsLetter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) { return IsLetter(c) || IsDigit(c) || c == '_'; });
}

// Line feeds are for descriptions of several lines; other controls are for nothing.
bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f; });
}

}  // namespace

void Refuse(const std::string& path, const std::string& must, const json::value* value) {
  std::string message = "the manifest" + (path.empty() ? "" : "'s " + path) + " " + must;
  if (value != nullptr) message += ", but is " + Shown(*value);
  throw EngineError(Status::kInvalid, message);
}

Members::Members(const json::value& value, std::string path) : object_(value.if_object()), path_(std::move(path)) {
  if (object_ == nullptr) Refuse(path_, "must be an object", &value);
}

std::string Members::PathOf(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

const json::value* Members::Value(std::string_view name) {
  asked_.emplace(name);
  return object_->if_contains(json::string_view(name.data(), name.size()));
}

std::string Members::Text(std::string_view name) {
  const json::value* const value = Value(name);
  if (value == nullptr) return {};
  const json::string* const text = value->if_string();
  if (text == nullptr || text->empty() || text->size() > kMaxTextBytes || HasControl({text->data(), text->size()})) {
    Refuse(PathOf(name), "must be a text of at most 4096 bytes without control characters", value);
  }
  return {text->data(), text->size()};
}

std::string Members::RequiredText(std::string_view name) {
  std::string text = Text(name);
  if (text.empty()) Refuse(PathOf(name), "is missing: it must be a text", nullptr);
  return text;
}

std::string Members::Key(std::string_view name) {
  std::string text = RequiredText(name);
  if (!IsKey(text)) Refuse(PathOf(name), "must be words of a-z and 0-9 joined by \"-\"", Value(name));
  return text;
}

std::string Members::Name(std::string_view name) {
  std::string text = RequiredText(name);
  if (!IsName(text)) Refuse(PathOf(name), "must be a name of letters, digits and \"_\"", Value(name));
  return text;
}

std::string Members::OneOf(std::string_view name, std::span<const std::string_view> choices) {
  std::string text = RequiredText(name);
  if (std::find(choices.begin(), choices.end(), text) != choices.end()) return text;
  std::string all;
  for (const std::string_view choice : choices) all += (all.empty() ? "" : ", ") + std::string(choice);
  Refuse(PathOf(name), "must be one of " + all, Value(name));
}

bool Members::Flag(std::string_view name) {
  const json::value* const value = Value(name);
  if (value == nullptr) return false;
  if (!value->is_bool()) Refuse(PathOf(name), "must be true or false", value);
  return value->get_bool();
}

std::uint64_t Members::Number(std::string_view name, std::uint64_t least, std::uint64_t most) {
  const json::value* const value = Value(name);
  if (value == nullptr) return 0;
  std::uint64_t number = 0;
  bool good = true;
  if (const auto* positive = value->if_uint64()) {
    number = *positive;
  } else if (const auto* whole = value->if_int64(); whole != nullptr && *whole >= 0) {
    number = static_cast<std::uint64_t>(*whole);
  } else {
    good = false;
  }
  if (!good || number < least || number > most) {
    const std::string bounds = " whole number from " + std::to_string(least) + " to " + std::to_string(most);
    Refuse(PathOf(name), "must be " + (least == most ? std::to_string(least) : "a" + bounds), value);
  }
  return number;
}

std::optional<std::vector<std::string>> Members::Texts(std::string_view name, const std::string& must,
                                                       const Check& check) {
  const json::value* const value = Value(name);
  if (value == nullptr) return std::nullopt;
  const json::array* const array = value->if_array();
  if (array == nullptr || array->size() > kMaxEntries) Refuse(PathOf(name), "must be a list of at most 1000", value);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const json::value& each = (*array)[i];
    const std::string path = PathOf(name) + "[" + std::to_string(i) + "]";
    const json::string* const text = each.if_string();
    if (text == nullptr || text->size() > kMaxTextBytes || !check({text->data(), text->size()})) {
      Refuse(path, must, &each);
    }
    std::string copy(text->data(), text->size());
    if (std::find(texts.begin(), texts.end(), copy) != texts.end()) Refuse(path, "must not be there twice", &each);
    texts.push_back(std::move(copy));
  }
  return texts;
}

void Members::ForEach(std::string_view name,
                      const std::function<std::string(const json::value&, const std::string& path)>& read) {
  const json::value* const value = Value(name);
  if (value == nullptr) return;
  const json::array* const array = value->if_array();
  if (array == nullptr || array->size() > kMaxEntries) Refuse(PathOf(name), "must be a list of at most 1000", value);
  std::set<std::string> keys;
  for (std::size_t i = 0; i < array->size(); ++i) {
    const std::string path = PathOf(name) + "[" + std::to_string(i) + "]";
    if (!keys.insert(read((*array)[i], path)).second) Refuse(path, "must have a key of its own", nullptr);
  }
}

void Members::End() const {
  for (const auto& member : *object_) {
    if (!asked_.contains(std::string_view(member.key().data(), member.key().size()))) {
      Refuse(path_, "has the unknown member " + Shown(json::value(member.key())) + "; take it out", nullptr);
    }
  }
}

}  // namespace warder::manifest
