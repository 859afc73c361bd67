// The memory of long pieces of bodies, used again by the next piece.
//
// malloc gives blocks of such sizes back to the kernel at once, and the faults of fresh pages cost more than what is
// done with a piece. Of one thread each: the engine's loop makes the pieces and sends them.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace warder {

class SpareBuffers {
 public:
  // An empty string that has room for `bytes`.
  static std::string Take(std::size_t bytes) {
    std::string buffer;
    auto& spares = Spares();
    if (!spares.empty()) {
      buffer = std::move(spares.back());
      spares.pop_back();
    }
    buffer.reserve(bytes);
    return buffer;
  }
  static void Give(std::string buffer) {
    auto& spares = Spares();
    if (spares.size() >= kMost || buffer.capacity() > kMostBytes) return;
    buffer.clear();
    spares.push_back(std::move(buffer));
  }

 private:
  static constexpr std::size_t kMost = 4;
  static constexpr std::size_t kMostBytes = std::size_t{1} << 20;

  static std::vector<std::string>& Spares() {
    thread_local std::vector<std::string> spares;
    return spares;
  }
};

}  // namespace warder
