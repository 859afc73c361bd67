// Secret bytes in the engine's memory: wiped when they go, never printed, never compared in data-dependent time.
//
// They lie in OpenSSL's secure heap (locked, between guard pages, in no core file) where the process has one
// (warder/hygiene.h) with room left, in ordinary memory otherwise: a secret that does not fit is better used than
// refused. UnprotectedSecrets() counts those.
#pragma once

#include <openssl/crypto.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace warder {

inline constexpr std::size_t kSecureHeapBytes = 4 << 20;

// How many secrets this process has put into ordinary memory because the secure heap was full or absent.
std::uint64_t UnprotectedSecrets();

// Moves only: every copy of a secret is made knowingly, with Copy().
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view bytes) : size_(bytes.size()), bytes_(Allocate(size_)) {
    bytes.copy(bytes_.get(), size_);
  }
  // Zeroes, to be written through data().
  static Secret Zeroes(std::size_t size) {
    Secret secret;
    secret.size_ = size;
    secret.bytes_ = Allocate(size);
    return secret;
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
    joined.bytes_ = Allocate(joined.size_);
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
  // For who fills a Zeroes.
  char* data() { return bytes_.get(); }
  bool in_secure_heap() const { return bytes_ && CRYPTO_secure_allocated(bytes_.get()) == 1; }

 private:
  struct Free {
    void operator()(char* bytes) const;
  };
  using Bytes = std::unique_ptr<char[], Free>;
  // Zeroes; throws std::bad_alloc.
  static Bytes Allocate(std::size_t size);

  // Only this much is secret: what lies in ordinary memory has no other record of its size.
  void Wipe() {
    if (bytes_) OPENSSL_cleanse(bytes_.get(), size_);
  }

  std::size_t size_ = 0;
  Bytes bytes_;
};

// Overwrites the characters that a string holds, and empties it.
inline void WipeString(std::string* text) {
  OPENSSL_cleanse(text->data(), text->size());
  text->clear();
}

// Wipes a string, if it is one, where the scope ends.
class WipeAtEnd {
 public:
  explicit WipeAtEnd(std::string* text) : text_(text) {}
  ~WipeAtEnd() {
    if (text_ != nullptr) WipeString(text_);
  }
  WipeAtEnd(const WipeAtEnd&) = delete;
  WipeAtEnd& operator=(const WipeAtEnd&) = delete;
  WipeAtEnd(WipeAtEnd&&) = delete;
  WipeAtEnd& operator=(WipeAtEnd&&) = delete;

 private:
  std::string* const text_;
};

inline Secret Secret::Take(std::string* text) {
  Secret taken(*text);
  WipeString(text);
  return taken;
}

// A credential: its fields by name ("token", "password").
using SecretFields = std::map<std::string, Secret, std::less<>>;

}  // namespace warder
