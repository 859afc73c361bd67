// The documents that the vault holds beside credentials: JSON of exactly the members that we write. What another
// program or another version wrote is not guessed at.
#pragma once

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "engine/oauth/scope.h"

namespace warder::connections {

template <std::size_t kCount, typename Enum>
std::string_view Name(const std::array<std::string_view, kCount>& names, Enum value) {
  return names.at(static_cast<std::size_t>(value));
}

inline std::int64_t Seconds(std::chrono::sys_seconds time) { return time.time_since_epoch().count(); }

template <typename Set>
boost::json::array ArrayOf(const Set& set) {
  boost::json::array array;
  for (const std::string& each : set) array.emplace_back(each);
  return array;
}

// Takes the members out of an object one by one; at the end nothing may be left, and nothing may have been wrong.
class Members {
 public:
  explicit Members(const boost::json::value& value) {
    if (value.is_object()) {
      left_ = value.get_object();
    } else {
      wrong_ = true;
    }
  }

  bool fine() const { return !wrong_ && left_.empty(); }
  bool has(std::string_view name) const { return left_.contains(name); }

  boost::json::value Take(std::string_view name) {
    const auto found = left_.find(name);
    if (found == left_.end()) {
      wrong_ = true;
      return nullptr;
    }
    boost::json::value value = std::move(found->value());
    left_.erase(found);
    return value;
  }
  std::string Text(std::string_view name) {
    const boost::json::value value = Take(name);
    wrong_ = wrong_ || !value.is_string();
    return value.is_string() ? std::string(value.get_string()) : std::string();
  }
  std::int64_t Integer(std::string_view name) {
    const boost::json::value value = Take(name);
    wrong_ = wrong_ || !value.is_int64();
    return value.is_int64() ? value.get_int64() : 0;
  }
  std::chrono::seconds Duration(std::string_view name) { return std::chrono::seconds(Integer(name)); }
  std::chrono::sys_seconds Time(std::string_view name) { return std::chrono::sys_seconds(Duration(name)); }
  template <typename Enum, std::size_t kCount>
  Enum Choice(std::string_view name, const std::array<std::string_view, kCount>& names) {
    const std::string text = Text(name);
    for (std::size_t i = 0; i < kCount; ++i) {
      if (names[i] == text) return static_cast<Enum>(i);
    }
    wrong_ = true;
    return {};
  }
  oauth::ScopeSet Set(std::string_view name) {
    const boost::json::value value = Take(name);
    oauth::ScopeSet set;
    if (!value.is_array()) {
      wrong_ = true;
      return set;
    }
    for (const boost::json::value& each : value.get_array()) {
      if (each.is_string()) {
        set.emplace(each.get_string());
      } else {
        wrong_ = true;
      }
    }
    return set;
  }
  bool Flag(std::string_view name) {
    const boost::json::value value = Take(name);
    wrong_ = wrong_ || !value.is_bool();
    return value.is_bool() && value.get_bool();
  }
  void Check(const Members& inner) { wrong_ = wrong_ || !inner.fine(); }

 private:
  boost::json::object left_;
  bool wrong_ = false;
};

}  // namespace warder::connections
