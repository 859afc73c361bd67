#include "sandbox/cell/legacy_decoder.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "sandbox/cell/legacy_index.h"

namespace warder::cell {
namespace {

constexpr int kEnd = -1;  // in the place of a byte: the input is over

bool IsAscii(int byte) { return byte >= 0 && byte <= 0x7F; }
bool In(int byte, int low, int high) { return byte >= low && byte <= high; }

// What a handler makes of one byte.
struct Step {
  enum class Kind { kContinue, kText, kError, kFinished };
  Kind kind = Kind::kContinue;
  char32_t text[2] = {0, 0};
  std::uint8_t again[3] = {0, 0, 0};  // bytes that are to be read again
  std::size_t again_count = 0;
};

constexpr Step kContinue{};
constexpr Step kFinished{.kind = Step::Kind::kFinished};

Step Text(char32_t point, char32_t combining = 0) { return {.kind = Step::Kind::kText, .text = {point, combining}}; }

Step Error(std::initializer_list<int> again = {}) {
  Step step{.kind = Step::Kind::kError};
  for (const int byte : again) step.again[step.again_count++] = static_cast<std::uint8_t>(byte);
  return step;
}

// The end of a two-byte sequence: an ASCII byte that ended it too early is read again.
Step TextOrError(char32_t point, int byte) {
  if (point != 0) return Text(point);
  return IsAscii(byte) ? Error({byte}) : Error();
}

// Takes the byte that began a sequence.
int TakeLead(DecoderState* state) {
  const int lead = state->first;
  state->first = 0;
  return lead;
}

Step Hold(DecoderState* state, int byte) {
  state->first = static_cast<std::uint8_t>(byte);
  return kContinue;
}

// Section 10.2.1
Step HandleGb18030(DecoderState* state, int byte) {
  const int first = state->first;
  const int second = state->second;
  const int third = state->third;
  if (byte == kEnd) {
    if (first == 0 && second == 0 && third == 0) return kFinished;
    *state = {};
    return Error();
  }
  if (third != 0) {
    *state = {};
    if (!In(byte, 0x30, 0x39)) return Error({second, third, byte});
    // Out of range where the state was not ours.
    if (!In(first, 0x81, 0xFE) || !In(second, 0x30, 0x39) || !In(third, 0x81, 0xFE)) return Error();
    const char32_t point = Gb18030RangesCodePoint(static_cast<std::uint32_t>(
        (first - 0x81) * 12600 + (second - 0x30) * 1260 + (third - 0x81) * 10 + byte - 0x30));
    return point != 0 ? Text(point) : Error();
  }
  if (second != 0) {
    if (In(byte, 0x81, 0xFE)) {
      state->third = static_cast<std::uint8_t>(byte);
      return kContinue;
    }
    *state = {};
    return Error({second, byte});
  }
  if (first != 0) {
    if (In(byte, 0x30, 0x39)) {
      state->second = static_cast<std::uint8_t>(byte);
      return kContinue;
    }
    state->first = 0;
    char32_t point = 0;
    if (In(first, 0x81, 0xFE) && (In(byte, 0x40, 0x7E) || In(byte, 0x80, 0xFE))) {
      point = Gb18030CodePoint(static_cast<std::uint32_t>((first - 0x81) * 190 + byte - (byte < 0x7F ? 0x40 : 0x41)));
    }
    return TextOrError(point, byte);
  }
  if (IsAscii(byte)) return Text(static_cast<char32_t>(byte));
  if (byte == 0x80) return Text(0x20AC);
  return In(byte, 0x81, 0xFE) ? Hold(state, byte) : Error();
}

// Section 11.1.1
Step HandleBig5(DecoderState* state, int byte) {
  const int lead = TakeLead(state);
  if (byte == kEnd) return lead == 0 ? kFinished : Error();
  if (lead != 0) {
    char32_t point = 0;
    if (In(lead, 0x81, 0xFE) && (In(byte, 0x40, 0x7E) || In(byte, 0xA1, 0xFE))) {
      const int pointer = (lead - 0x81) * 157 + byte - (byte < 0x7F ? 0x40 : 0x62);
      if (pointer == 1133) return Text(0xCA, 0x304);
      if (pointer == 1135) return Text(0xCA, 0x30C);
      if (pointer == 1164) return Text(0xEA, 0x304);
      if (pointer == 1166) return Text(0xEA, 0x30C);
      point = Big5CodePoint(static_cast<std::uint32_t>(pointer));
    }
    return TextOrError(point, byte);
  }
  if (IsAscii(byte)) return Text(static_cast<char32_t>(byte));
  return In(byte, 0x81, 0xFE) ? Hold(state, byte) : Error();
}

// Section 12.1.1
Step HandleEucJp(DecoderState* state, int byte) {
  const int lead = TakeLead(state);
  if (byte == kEnd) {
    state->jis0212 = 0;
    return lead == 0 ? kFinished : Error();
  }
  if (lead == 0x8E && In(byte, 0xA1, 0xDF)) return Text(static_cast<char32_t>(0xFF61 - 0xA1 + byte));
  if (lead == 0x8F && In(byte, 0xA1, 0xFE)) {
    state->jis0212 = 1;
    return Hold(state, byte);
  }
  if (lead != 0) {
    char32_t point = 0;
    if (In(lead, 0xA1, 0xFE) && In(byte, 0xA1, 0xFE)) {
      const auto pointer = static_cast<std::uint32_t>((lead - 0xA1) * 94 + byte - 0xA1);
      point = state->jis0212 != 0 ? Jis0212CodePoint(pointer) : Jis0208CodePoint(pointer);
    }
    state->jis0212 = 0;
    return TextOrError(point, byte);
  }
  if (IsAscii(byte)) return Text(static_cast<char32_t>(byte));
  return byte == 0x8E || byte == 0x8F || In(byte, 0xA1, 0xFE) ? Hold(state, byte) : Error();
}

// Section 12.2.1: the decoder state
enum class Mode : std::uint8_t { kAscii, kRoman, kKatakana, kLead, kTrail, kEscapeStart, kEscape };

Step ToMode(DecoderState* state, Mode mode) {
  state->mode = static_cast<std::uint8_t>(mode);
  return kContinue;
}

Step HandleIso2022JpEscapeStart(DecoderState* state, int byte) {
  if (byte == 0x24 || byte == 0x28) {
    state->first = static_cast<std::uint8_t>(byte);
    return ToMode(state, Mode::kEscape);
  }
  state->output = 0;
  state->mode = state->output_mode;
  return byte == kEnd ? Error() : Error({byte});
}

Step HandleIso2022JpEscape(DecoderState* state, int byte) {
  const int lead = TakeLead(state);
  const bool single = lead == 0x28;
  const bool known = single ? byte == 0x42 || byte == 0x4A || byte == 0x49 : byte == 0x40 || byte == 0x42;
  if (!known) {
    state->output = 0;
    state->mode = state->output_mode;
    return byte == kEnd ? Error({lead}) : Error({lead, byte});
  }
  const Mode mode = !single ? Mode::kLead : byte == 0x42 ? Mode::kAscii : byte == 0x4A ? Mode::kRoman : Mode::kKatakana;
  state->output_mode = static_cast<std::uint8_t>(mode);
  const bool empty = state->output != 0;  // nothing since the escape sequence before
  state->output = 1;
  ToMode(state, mode);
  return empty ? Error() : kContinue;
}

Step HandleIso2022JpTrail(DecoderState* state, int byte) {
  const int lead = TakeLead(state);
  if (byte == 0x1B) {
    ToMode(state, Mode::kEscapeStart);
    return Error();
  }
  ToMode(state, Mode::kLead);
  if (!In(byte, 0x21, 0x7E) || !In(lead, 0x21, 0x7E)) return Error();
  const char32_t point = Jis0208CodePoint(static_cast<std::uint32_t>((lead - 0x21) * 94 + byte - 0x21));
  return point != 0 ? Text(point) : Error();
}

Step HandleIso2022Jp(DecoderState* state, int byte) {
  // Out of range where the state was not ours.
  if (state->output_mode > static_cast<std::uint8_t>(Mode::kLead)) state->output_mode = 0;
  const auto mode = static_cast<Mode>(state->mode);
  if (mode == Mode::kTrail) return HandleIso2022JpTrail(state, byte);
  if (mode == Mode::kEscapeStart) return HandleIso2022JpEscapeStart(state, byte);
  if (mode == Mode::kEscape) return HandleIso2022JpEscape(state, byte);
  if (byte == kEnd) return kFinished;
  if (byte == 0x1B) return ToMode(state, Mode::kEscapeStart);
  state->output = 0;
  if (mode == Mode::kKatakana) {
    return In(byte, 0x21, 0x5F) ? Text(static_cast<char32_t>(0xFF61 - 0x21 + byte)) : Error();
  }
  if (mode == Mode::kLead) {
    if (!In(byte, 0x21, 0x7E)) return Error();
    Hold(state, byte);
    return ToMode(state, Mode::kTrail);
  }
  if (mode == Mode::kRoman && byte == 0x5C) return Text(0xA5);
  if (mode == Mode::kRoman && byte == 0x7E) return Text(0x203E);
  return IsAscii(byte) && byte != 0x0E && byte != 0x0F ? Text(static_cast<char32_t>(byte)) : Error();
}

// Section 12.3.1
Step HandleShiftJis(DecoderState* state, int byte) {
  const int lead = TakeLead(state);
  if (byte == kEnd) return lead == 0 ? kFinished : Error();
  if (lead != 0) {
    char32_t point = 0;
    const int lead_offset = lead < 0xA0 ? 0x81 : 0xC1;
    if (lead >= lead_offset && (In(byte, 0x40, 0x7E) || In(byte, 0x80, 0xFC))) {
      const int pointer = (lead - lead_offset) * 188 + byte - (byte < 0x7F ? 0x40 : 0x41);
      if (In(pointer, 8836, 10715)) return Text(static_cast<char32_t>(0xE000 - 8836 + pointer));
      point = Jis0208CodePoint(static_cast<std::uint32_t>(pointer));
    }
    return TextOrError(point, byte);
  }
  if (IsAscii(byte) || byte == 0x80) return Text(static_cast<char32_t>(byte));
  if (In(byte, 0xA1, 0xDF)) return Text(static_cast<char32_t>(0xFF61 - 0xA1 + byte));
  return In(byte, 0x81, 0x9F) || In(byte, 0xE0, 0xFC) ? Hold(state, byte) : Error();
}

// Section 13.1.1
Step HandleEucKr(DecoderState* state, int byte) {
  const int lead = TakeLead(state);
  if (byte == kEnd) return lead == 0 ? kFinished : Error();
  if (lead != 0) {
    char32_t point = 0;
    if (In(lead, 0x81, 0xFE) && In(byte, 0x41, 0xFE)) {
      point = EucKrCodePoint(static_cast<std::uint32_t>((lead - 0x81) * 190 + byte - 0x41));
    }
    return TextOrError(point, byte);
  }
  if (IsAscii(byte)) return Text(static_cast<char32_t>(byte));
  return In(byte, 0x81, 0xFE) ? Hold(state, byte) : Error();
}

// Section 14.5.1
Step HandleUserDefined(DecoderState*, int byte) {
  if (byte == kEnd) return kFinished;
  return Text(static_cast<char32_t>(IsAscii(byte) ? byte : 0xF780 + byte - 0x80));
}

using Handler = Step (*)(DecoderState* state, int byte);

constexpr struct {
  std::string_view name;
  Handler handler;
} kHandlers[] = {
    {"gbk", HandleGb18030},
    {"gb18030", HandleGb18030},
    {"big5", HandleBig5},
    {"euc-jp", HandleEucJp},
    {"iso-2022-jp", HandleIso2022Jp},
    {"shift_jis", HandleShiftJis},
    {"euc-kr", HandleEucKr},
    {"x-user-defined", HandleUserDefined},
};

void Append(char32_t point, std::u16string* text) {
  if (point < 0x10000) {
    text->push_back(static_cast<char16_t>(point));
    return;
  }
  text->push_back(static_cast<char16_t>(0xD800 + ((point - 0x10000) >> 10)));
  text->push_back(static_cast<char16_t>(0xDC00 + ((point - 0x10000) & 0x3FF)));
}

constexpr char16_t kReplacement = 0xFFFD;

// Handles one byte, or the end, and whatever that puts back. False: it is invalid, and that is to fail.
bool Feed(Handler handler, OnError on_error, DecoderState* state, int byte, std::u16string* text) {
  for (;;) {
    const Step step = handler(state, byte);
    if (step.kind == Step::Kind::kText) {
      Append(step.text[0], text);
      if (step.text[1] != 0) Append(step.text[1], text);
    } else if (step.kind == Step::Kind::kError) {
      if (on_error == OnError::kFail) return false;
      text->push_back(kReplacement);
    }
    // No deeper than the four bytes of a sequence: what is put back is fewer than what was held.
    for (std::size_t i = 0; i < step.again_count; ++i) {
      if (!Feed(handler, on_error, state, step.again[i], text)) return false;
    }
    if (byte != kEnd || step.kind == Step::Kind::kFinished) return true;
  }
}

// Section 9.1
bool DecodeSingleBytes(const SingleByteIndex& index, std::span<const std::uint8_t> bytes, OnError on_error,
                       std::u16string* text) {
  for (const std::uint8_t byte : bytes) {
    const char16_t unit = byte < 0x80 ? byte : index[byte - 0x80];
    const bool missing = unit == 0 && byte != 0;
    if (missing && on_error == OnError::kFail) return false;
    text->push_back(missing ? kReplacement : unit);
  }
  return true;
}

}  // namespace

Decoded DecodeLegacy(std::string_view name, std::span<const std::uint8_t> bytes, Input input, OnError on_error,
                     DecoderState* state, std::u16string* text) {
  bool valid = true;
  if (const SingleByteIndex* const index = FindSingleByteIndex(name)) {
    valid = DecodeSingleBytes(*index, bytes, on_error, text);
  } else {
    const auto* const found =
        std::find_if(std::begin(kHandlers), std::end(kHandlers), [&](const auto& entry) { return entry.name == name; });
    if (found == std::end(kHandlers)) return Decoded::kUnknownEncoding;
    for (std::size_t i = 0; valid && i < bytes.size(); ++i) {
      valid = Feed(found->handler, on_error, state, bytes[i], text);
    }
    if (valid && input == Input::kEnds) valid = Feed(found->handler, on_error, state, kEnd, text);
  }
  if (!valid || input == Input::kEnds) *state = {};
  return valid ? Decoded::kDone : Decoded::kInvalid;
}

}  // namespace warder::cell
