// The members of one JSON object of a manifest: each is asked for once, by name, and what nobody asked for is refused.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace warder::manifest {

inline constexpr std::size_t kMaxTextBytes = 4096;
inline constexpr std::size_t kMaxEntries = 1'000;

// Throws EngineError(kInvalid): "the manifest's flows[0].key must be …, but is …".
[[noreturn]] void Refuse(const std::string& path, const std::string& must, const boost::json::value* value);

class Members {
 public:
  // `path` is how sentences name the object: "flows[0]". The value outlives this.
  Members(const boost::json::value& value, std::string path);

  // Absent ones are empty, false, 0.
  std::string Text(std::string_view name);
  std::string RequiredText(std::string_view name);
  // At most 64 characters: lower-case words joined by "-", or a name in code.
  std::string Key(std::string_view name);
  std::string Name(std::string_view name);
  std::string OneOf(std::string_view name, std::span<const std::string_view> choices);
  bool Flag(std::string_view name);
  std::uint64_t Number(std::string_view name, std::uint64_t least, std::uint64_t most);
  // A list, each entry of which is good for `check`, without repetitions. Nothing: absent.
  using Check = std::function<bool(std::string_view)>;
  std::optional<std::vector<std::string>> Texts(std::string_view name, const std::string& must, const Check& check);
  // Objects, each read by `read`, with distinct results of `key_of`, where those are not empty.
  void ForEach(std::string_view name,
               const std::function<std::string(const boost::json::value&, const std::string& path)>& read);
  // Any JSON; null: absent.
  const boost::json::value* Value(std::string_view name);

  std::string PathOf(std::string_view name) const;
  // Refuses what has not been asked for.
  void End() const;

 private:
  const boost::json::object* object_;
  std::string path_;
  std::set<std::string, std::less<>> asked_;
};

}  // namespace warder::manifest
