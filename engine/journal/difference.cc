#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "engine/base/text.h"
#include "warder/replay.h"

namespace warder {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxPlaces = 20;
constexpr std::size_t kMaxShownBytes = 400;
constexpr std::size_t kContextBytes = 30;

std::string Pair(const std::string& place, const std::string& expected, const std::string& actual) {
  return place + "\n  - " + Truncate(expected, kMaxShownBytes) + "\n  + " + Truncate(actual, kMaxShownBytes) + "\n";
}

// What stands at a place of a document, of which there may be nothing.
std::string Shown(const json::value* value) { return value == nullptr ? "(nothing)" : json::serialize(*value); }

// 1 and 1.0 are one number, as they are to a script.
bool Same(const json::value& expected, const json::value& actual) {
  if (expected == actual) return true;
  return expected.is_number() && actual.is_number() && expected.to_number<double>() == actual.to_number<double>();
}

// Collects the places where two documents differ.
class Places {
 public:
  void Compare(const std::string& path, const json::value* expected, const json::value* actual) {
    if (expected != nullptr && actual != nullptr) {
      if (Same(*expected, *actual)) return;
      if (expected->is_object() && actual->is_object()) {
        CompareObjects(path, expected->get_object(), actual->get_object());
        return;
      }
      if (expected->is_array() && actual->is_array()) {
        CompareArrays(path, expected->get_array(), actual->get_array());
        return;
      }
    }
    if (++found_ <= kMaxPlaces) text_ += Pair(path, Shown(expected), Shown(actual));
  }

  std::string Text() const {
    if (found_ <= kMaxPlaces) return text_;
    return text_ + "and " + std::to_string(found_ - kMaxPlaces) + " places more\n";
  }

 private:
  void CompareObjects(const std::string& path, const json::object& expected, const json::object& actual) {
    for (const auto& [name, value] : expected)
      Compare(path + "." + std::string(name), &value, actual.if_contains(name));
    for (const auto& [name, value] : actual) {
      if (!expected.contains(name)) Compare(path + "." + std::string(name), nullptr, &value);
    }
  }

  void CompareArrays(const std::string& path, const json::array& expected, const json::array& actual) {
    for (std::size_t i = 0; i < std::max(expected.size(), actual.size()); ++i) {
      Compare(path + "[" + std::to_string(i) + "]", expected.if_contains(i), actual.if_contains(i));
    }
  }

  std::size_t found_ = 0;
  std::string text_;
};

std::string Around(std::string_view text, std::size_t at) {
  const std::size_t begin = at < kContextBytes ? 0 : at - kContextBytes;
  std::string shown = (begin > 0 ? "…" : "") + std::string(text.substr(begin, 2 * kContextBytes + 20));
  return shown + (begin + 2 * kContextBytes + 20 < text.size() ? "…" : "");
}

}  // namespace

std::string Difference(std::string_view expected, std::string_view actual) {
  if (expected == actual) return {};
  if (IsJson(expected) && IsJson(actual)) {
    json::parse_options options;
    options.max_depth = kMaxJsonDepth;
    const json::value before = json::parse(json::string_view(expected.data(), expected.size()), {}, options);
    const json::value after = json::parse(json::string_view(actual.data(), actual.size()), {}, options);
    Places places;
    places.Compare("$", &before, &after);
    return places.Text();
  }
  const auto first = std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end()).first;
  const auto at = static_cast<std::size_t>(first - expected.begin());
  if (std::max(expected.size(), actual.size()) <= kMaxShownBytes) {
    return "- " + std::string(expected) + "\n+ " + std::string(actual) + "\n";
  }
  return Pair("at byte " + std::to_string(at), Around(expected, at), Around(actual, at));
}

}  // namespace warder
