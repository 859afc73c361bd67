#include "engine/store/canonical_json.h"

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

namespace warder::store {
namespace {

namespace json = boost::json;

bool Write(const json::value& value, int depth, Doubles doubles, std::string* text) {
  if ((value.is_double() && doubles == Doubles::kRefuse) || depth < 0) return false;
  if (const json::array* const array = value.if_array()) {
    *text += '[';
    for (std::size_t at = 0; at < array->size(); ++at) {
      if (at > 0) *text += ',';
      if (!Write((*array)[at], depth - 1, doubles, text)) return false;
    }
    *text += ']';
    return true;
  }
  const json::object* const object = value.if_object();
  if (object == nullptr) {
    *text += json::serialize(value);
    return true;
  }
  std::vector<const json::key_value_pair*> members;
  for (const json::key_value_pair& member : *object) members.push_back(&member);
  std::sort(members.begin(), members.end(), [](const auto* a, const auto* b) { return a->key() < b->key(); });
  *text += '{';
  for (const json::key_value_pair* const member : members) {
    if (text->back() != '{') *text += ',';
    *text += json::serialize(json::value(member->key())) + ":";
    if (!Write(member->value(), depth - 1, doubles, text)) return false;
  }
  *text += '}';
  return true;
}

}  // namespace

std::optional<std::string> CanonicalJson(const json::value& value, int depth, Doubles doubles) {
  std::string text;
  if (!Write(value, depth, doubles, &text)) return std::nullopt;
  return text;
}

}  // namespace warder::store
