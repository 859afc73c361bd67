// Secret bytes in the engine's memory: wiped when they go, never printed, never compared in data-dependent time.
#pragma once

#include <openssl/crypto.h>

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace warder {

// Moves only: every copy of a secret is made knowingly, with Copy().
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes) : size_(bytes.size()), bytes_(std::make_unique<char[]>(bytes.size())) {
    bytes.copy(bytes_.get(), size_);
  }
  ~Secret() { Wipe(); }
  Secret(Secret&& other) noexcept : size_(std::exchange(other.size_, 0)), bytes_(std::move(other.bytes_)) {}
  Secret& operator=(Secret&& other) noexcept {
    Wipe();
    size_ = std::exchange(other.size_, 0);
    bytes_ = std::move(other.bytes_);
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  // The parts one behind the other, in one piece of memory from the beginning.
  static Secret Join(std::initializer_list<std::string_view> parts) {
    Secret joined;
    for (const std::string_view part : parts) joined.size_ += part.size();
    joined.bytes_ = std::make_unique<char[]>(joined.size_);
    char* end = joined.bytes_.get();
    for (const std::string_view part : parts) end += part.copy(end, part.size());
    return joined;
  }
  // What stands in `text`, which is wiped.
  static Secret Take(std::string* text);

  Secret Copy() const { return Secret(view()); }
  // Valid as long as the secret. Whoever copies it into another buffer wipes that one (WipeString).
  std::string_view view() const { return {bytes_.get(), size_}; }
  bool empty() const { return size_ == 0; }

 private:
  void Wipe() {
    if (bytes_) OPENSSL_cleanse(bytes_.get(), size_);
  }

  std::size_t size_ = 0;
  std::unique_ptr<char[]> bytes_;
};

// Overwrites the characters that a string holds, and empties it.
inline void WipeString(std::string* text) {
  OPENSSL_cleanse(text->data(), text->size());
  text->clear();
}

inline Secret Secret::Take(std::string* text) {
  Secret taken(*text);
  WipeString(text);
  return taken;
}

// A credential: its fields by name ("token", "password").
using SecretFields = std::map<std::string, Secret, std::less<>>;

}  // namespace warder
