// Decodes response bodies within bounds: one coding, as much output as asked for, no more memory than the coding needs.
//
// libcurl would decode a whole read at once and keep what does not fit: kilobytes on the wire become up to 64 MiB in
// memory while a transfer is paused. Here the compressed bytes wait instead.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "sandbox/base/result.h"

namespace warder::broker {

class ContentDecoder {
 public:
  virtual ~ContentDecoder() = default;

  // Takes bytes off the front of `wire` and appends to `out` until `wire` is empty or `out` holds at least `limit`
  // bytes (a little more is possible: one step's output). False: the bytes are not of this coding.
  [[nodiscard]] virtual bool Decode(std::string_view* wire, std::string* out, std::size_t limit) = 0;

  // All that went in is a whole body, and nothing waits to come out.
  virtual bool Complete() const = 0;
};

// What we say we accept: "gzip, br, zstd".
std::string_view AcceptedCodings();

// The decoder for the value of Content-Encoding; a null pointer for no coding. Codings that were not asked for, and
// more than one on top of each other, are an error.
Result<std::unique_ptr<ContentDecoder>> MakeContentDecoder(std::string_view content_encoding);

}  // namespace warder::broker
