#include "engine/vault/index.h"

#include "engine/base/text.h"

namespace warder::vault {
namespace {

// The form of the index; another one would be another number.
constexpr char kFormat = 1;

void PutNumber(std::uint64_t number, int bytes, std::string* out) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) *out += static_cast<char>(number >> shift);
}

void PutText(std::string_view text, std::string* out) {
  PutNumber(text.size(), 2, out);
  *out += text;
}

// After something that was too short, everything is.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  std::optional<std::uint64_t> Number(std::size_t bytes) {
    const auto taken = Take(bytes);
    if (!taken) return std::nullopt;
    std::uint64_t number = 0;
    for (const char byte : *taken) number = number << 8 | static_cast<unsigned char>(byte);
    return number;
  }
  std::optional<std::string_view> Text() {
    const auto size = Number(2);
    return size ? Take(*size) : std::nullopt;
  }
  std::optional<std::string_view> Take(std::size_t bytes) {
    if (failed_ || rest_.size() < bytes) {
      failed_ = true;
      return std::nullopt;
    }
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return taken;
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

std::string FromHex(std::string_view hex) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t at = 0; at + 1 < hex.size(); at += 2)
    bytes += static_cast<char>(digit(hex[at]) << 4 | digit(hex[at + 1]));
  return bytes;
}

}  // namespace

std::string EncodeIndex(const Index& index) {
  std::string bytes(1, kFormat);
  PutNumber(index.epoch, 8, &bytes);
  PutNumber(index.audit.sequence, 8, &bytes);
  bytes += FromHex(index.audit.digest);
  PutNumber(index.generations.size(), 4, &bytes);
  for (const auto& [name, generation] : index.generations) {
    PutText(name.first, &bytes);
    PutText(name.second, &bytes);
    PutNumber(generation, 8, &bytes);
  }
  return bytes;
}

std::optional<Index> DecodeIndex(std::string_view bytes) {
  Reader reader(bytes);
  const auto format = reader.Number(1);
  const auto epoch = reader.Number(8);
  const auto sequence = reader.Number(8);
  const auto digest = reader.Take(32);
  const auto count = reader.Number(4);
  if (!count || *format != static_cast<std::uint64_t>(kFormat)) return std::nullopt;
  Index index{*epoch, {*sequence, HexOf(*digest)}, {}};
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto connection = reader.Text();
    const auto field = reader.Text();
    const auto generation = reader.Number(8);
    if (!generation || *generation == 0 || *generation > *epoch) return std::nullopt;
    std::pair<std::string, std::string> name(*connection, *field);
    // In order, so that an index has one form.
    if (!index.generations.empty() && !(index.generations.rbegin()->first < name)) return std::nullopt;
    index.generations.emplace_hint(index.generations.end(), std::move(name), *generation);
  }
  if (!reader.at_end()) return std::nullopt;
  return index;
}

}  // namespace warder::vault
