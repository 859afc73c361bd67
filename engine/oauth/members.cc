#include "engine/oauth/members.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>

namespace warder::oauth {
namespace {

constexpr std::size_t kMaxListed = 64;
constexpr std::size_t kMaxListedBytes = 128;

Error Odd(std::string_view name, const std::string& rule) {
  return InvalidInput("has a \"" + std::string(name) + "\" that is not " + rule);
}

std::string_view ViewOf(const boost::json::string& text) { return {text.data(), text.size()}; }

}  // namespace

bool IsVisible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Result<std::optional<std::string_view>> VisibleMember(const boost::json::object& object, std::string_view name,
                                                      std::size_t most) {
  const auto* const value = object.if_contains(name);
  if (value == nullptr) return std::optional<std::string_view>();
  const auto* const text = value->if_string();
  if (text == nullptr || text->empty() || text->size() > most || !IsVisible(ViewOf(*text))) {
    return Odd(name, "a text of 1 to " + std::to_string(most) + " visible ASCII characters");
  }
  return std::optional(ViewOf(*text));
}

Result<std::optional<std::int64_t>> CountMember(const boost::json::object& object, std::string_view name,
                                                std::int64_t most) {
  const auto* const value = object.if_contains(name);
  if (value == nullptr) return std::optional<std::int64_t>();
  const auto* const number = value->if_int64();
  if (number == nullptr || *number < 1 || *number > most) {
    return Odd(name, "a whole number from 1 to " + std::to_string(most));
  }
  return std::optional(*number);
}

Result<bool> FlagMember(const boost::json::object& object, std::string_view name) {
  const auto* const value = object.if_contains(name);
  if (value == nullptr) return false;
  const auto* const flag = value->if_bool();
  if (flag == nullptr) return Odd(name, "true or false");
  return *flag;
}

Result<std::set<std::string, std::less<>>> ListMember(const boost::json::object& object, std::string_view name) {
  std::set<std::string, std::less<>> listed;
  const auto* const value = object.if_contains(name);
  if (value == nullptr) return listed;
  const auto* const array = value->if_array();
  const auto odd = [&] {
    return Odd(name, "a list of at most " + std::to_string(kMaxListed) + " texts of visible ASCII characters");
  };
  if (array == nullptr || array->size() > kMaxListed) return odd();
  for (const boost::json::value& each : *array) {
    const auto* const text = each.if_string();
    if (text == nullptr || text->empty() || text->size() > kMaxListedBytes || !IsVisible(ViewOf(*text))) return odd();
    listed.emplace(ViewOf(*text));
  }
  return listed;
}

}  // namespace warder::oauth
