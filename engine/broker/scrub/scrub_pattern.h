// What is to be kept out of a stream: the secrets of an execution in all their forms, ready to be searched for.
//
// Secrets that are too short to be told from innocent text are refused, and so are those that repeat themselves over
// and over: the caller then refuses the credential, since what it brings back could not be scrubbed. White space at a
// secret's ends does not belong to it. A long secret (a token of two kilobytes, a private key) is searched for as a
// whole, not in pieces: the beginning of one token is often that of another.
//
// Not found: a part of a secret, and forms beyond those of forms.h and spelling.h, such as an encoding of an encoding
// (base64 in base64, hexadecimal of percent-encoded text). A caller who knows of such a form adds it as a further
// secret, as it does with the credentials of Basic.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "engine/base/secret.h"
#include "engine/broker/scrub/forms.h"
#include "engine/broker/scrub/spotter.h"
#include "sandbox/base/result.h"

namespace warder::broker {

class ScrubPattern {
 public:
  static constexpr std::size_t kMinSecretBytes = 8;
  static constexpr std::size_t kMaxSecretBytes = std::size_t{16} * 1024;
  static constexpr std::size_t kMaxSecrets = 128;
  static constexpr std::size_t kMaxTotalBytes = std::size_t{128} * 1024;
  // How often a secret may begin anew within itself before its end ("aaaaaaaa" does so seven times, a random one once
  // or not at all), and all of them together. Bounds what one byte of a hostile stream costs.
  static constexpr std::size_t kMaxRepetition = 16;
  static constexpr std::size_t kMaxTotalRepetition = 256;

  // The pattern may be used from several threads. The secrets need not outlive the call. What the pattern holds is as
  // secret as they are, and is wiped with it.
  static Result<std::shared_ptr<const ScrubPattern>> Compile(std::span<const Secret* const> secrets);

  const Forms& forms() const { return forms_; }
  const Spotter& spotter() const { return spotter_; }
  // Bytes of the longest match.
  std::size_t longest_match() const { return longest_match_; }
  // How much of a stream's end is held back: a power of two, so that it tells little of how long a secret is.
  std::size_t held_bytes() const { return std::bit_ceil(std::max<std::size_t>(longest_match_, 256)); }

 private:
  ScrubPattern(Forms forms, Spotter spotter);

  Forms forms_;
  Spotter spotter_;
  std::size_t longest_match_ = 0;
};

}  // namespace warder::broker
