#include "sandbox/cell/startup.h"

#include <cstring>
#include <stdexcept>

namespace warder::cell {
namespace {

// The parts come first, each at a multiple of this, which is what V8 wants; then their sizes, then how many they are.
constexpr std::size_t kAlignment = 16;
using Number = std::uint64_t;

std::size_t Aligned(std::size_t size) { return (size + kAlignment - 1) / kAlignment * kAlignment; }

void AppendNumber(std::string* file, Number number) {
  file->append(reinterpret_cast<const char*>(&number), sizeof(number));
}

Number NumberAt(std::string_view file, std::size_t offset) {
  Number number = 0;
  std::memcpy(&number, file.data() + offset, sizeof(number));
  return number;
}

}  // namespace

std::string Startup::Pack(const std::string& snapshot, const std::vector<std::string>& code) {
  std::vector<const std::string*> parts = {&snapshot};
  for (const std::string& each : code) parts.push_back(&each);
  std::string file;
  for (const std::string* part : parts) file.append(*part).resize(Aligned(file.size()));
  for (const std::string* part : parts) AppendNumber(&file, part->size());
  AppendNumber(&file, parts.size());
  return file;
}

Startup::Startup(std::string_view file) {
  const auto fail = [] { throw std::runtime_error("this is no file that a cell can start from"); };
  if (file.size() < sizeof(Number)) fail();
  const std::size_t numbers = file.size() / sizeof(Number);
  const Number count = NumberAt(file, file.size() - sizeof(Number));
  if (count == 0 || count >= numbers || file.size() % sizeof(Number) != 0) fail();
  const std::size_t sizes = file.size() - (count + 1) * sizeof(Number);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const Number size = NumberAt(file, sizes + i * sizeof(Number));
    if (begin > sizes || size > sizes - begin) fail();
    const auto* const data = reinterpret_cast<const std::uint8_t*>(file.data()) + begin;
    if (i == 0) {
      snapshot_ = {reinterpret_cast<const char*>(data), static_cast<int>(size)};
    } else {
      code_.emplace_back(data, size);
    }
    begin += Aligned(size);
  }
}

std::span<const std::uint8_t> Startup::code(std::size_t number) const {
  return number < code_.size() ? code_[number] : std::span<const std::uint8_t>();
}

}  // namespace warder::cell
