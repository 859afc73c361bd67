// Decoders of legacy encodings (Encoding Standard, sections 9 to 14), byte by byte as the standard has them, so that a
// stream may be cut anywhere. What a decoder remembers between two pieces is a value that its owner keeps.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace warder::cell {

// All zeros: at the beginning. The owner is JavaScript's: no value of it may do harm.
struct DecoderState {
  std::uint8_t first = 0;
  std::uint8_t second = 0;
  std::uint8_t third = 0;
  std::uint8_t jis0212 = 0;  // EUC-JP
  std::uint8_t mode = 0;     // ISO-2022-JP: its state, output state and output
  std::uint8_t output_mode = 0;
  std::uint8_t output = 0;
  std::uint8_t unused = 0;
};

enum class OnError { kReplace, kFail };
enum class Input { kGoesOn, kEnds };

enum class Decoded { kDone, kInvalid, kUnknownEncoding };

// Decodes `bytes` and appends to `text`. `name` is the standard's name of the encoding in lower case; "replacement",
// UTF-8 and UTF-16 are not among them. kInvalid comes with OnError::kFail only. Where the input ends, or is invalid,
// the state is that of the beginning again.
Decoded DecodeLegacy(std::string_view name, std::span<const std::uint8_t> bytes, Input input, OnError on_error,
                     DecoderState* state, std::u16string* text);

}  // namespace warder::cell
