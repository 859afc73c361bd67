// libFuzzer: journals. An input is the text of one; or, where its first byte is 1, records that get matching checksums:
// kind, length in two bytes, payload.
//
// What is checked beyond "does not crash": an error is one sentence; what was read can be made a script, and is whole
// or says why it is not.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "engine/journal/tape.h"
#include "warder/replay.h"

namespace {

using namespace warder::journal;  // NOLINT(google-build-using-namespace): what this program is about

void Require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << what << "\n";
  std::abort();
}

std::string Bound(std::string_view input) {
  std::string text(kMagic);
  RecordWriter writer;
  while (input.size() >= 3) {
    const auto kind = static_cast<RecordKind>(input[0]);
    const std::size_t length = static_cast<unsigned char>(input[1]) << 8 | static_cast<unsigned char>(input[2]);
    const std::string_view payload = input.substr(3, length);
    writer.Append(kind, {payload}, &text);
    input.remove_prefix(3 + payload.size());
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const bool bound = !input.empty() && input.front() == '\1';
  const auto tape = Tape::Read(bound ? Bound(input.substr(1)) : std::string(input));
  if (!tape) {
    Require(!tape.error().message.empty(), "no message");
    Require(tape.error().message.find('\n') == std::string::npos, "more than one line");
    return 0;
  }
  Require(tape->ending().has_value() != !tape->cut_off().empty(), "neither whole nor cut off");
  Require(tape->ran() || tape->size() == 0, "frames of an execution that never ran");
  if (tape->ran()) (void)warder::ScriptOf(*tape);
  return 0;
}
