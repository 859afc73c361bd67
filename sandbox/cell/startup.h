// What a cell starts from, in one file that the build makes and the image holds: V8's snapshot, and V8's code for the
// runtime's late scripts.
#pragma once

#include <v8-snapshot.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace warder::cell {

class Startup {
 public:
  // Takes a file apart, which stays where it is and outlives this. Throws std::runtime_error where it is none.
  explicit Startup(std::string_view file);
  explicit Startup(std::string&& file) = delete;
  Startup(const Startup&) = delete;
  Startup& operator=(const Startup&) = delete;
  ~Startup() = default;

  // Puts a file together. `code` is that of each late script, in order.
  static std::string Pack(const std::string& snapshot, const std::vector<std::string>& code);

  // Both live as long as the file.
  const v8::StartupData& snapshot() const { return snapshot_; }
  // Empty: there is none for a script of this number, counted from 0.
  std::span<const std::uint8_t> code(std::size_t number) const;

 private:
  v8::StartupData snapshot_{};
  std::vector<std::span<const std::uint8_t>> code_;
};

}  // namespace warder::cell
