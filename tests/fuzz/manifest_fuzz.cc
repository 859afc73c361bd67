// libFuzzer: manifests as a cell may write them. An input is a manifest; behind its first NUL byte, if there is one, a
// second one.
//
// What is checked beyond "does not crash": what is read has one spelling, which is read as the same; it is the same as
// itself; what is refused is refused with a sentence; a change is one line.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>

#include "warder/engine.h"
#include "warder/manifest.h"

namespace {

namespace manifest = warder::manifest;

void Require(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::cerr << what << ":\n" << text << "\n";
  std::abort();
}

std::optional<std::string> Canonical(std::string_view text) {
  try {
    return manifest::Canonical(text);
  } catch (const warder::EngineError& error) {
    Require(error.status() == warder::Status::kInvalid && error.what()[0] != '\0', "no sentence", text);
    return std::nullopt;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view text = input.substr(0, input.find('\0'));
  const auto first = Canonical(text);
  if (!first) return 0;
  Require(Canonical(*first) == first, "read back as another", *first);
  Require(manifest::Compare(text, *first).empty(), "differs from itself", *first);
  Require(!manifest::Text(text).empty(), "says nothing", *first);
  if (text.size() == input.size()) return 0;
  const auto second = Canonical(input.substr(text.size() + 1));
  if (!second) return 0;
  for (const manifest::Change& change : manifest::Compare(*first, *second)) {
    Require(change.text.find('\n') == std::string::npos, "a change of several lines", change.text);
  }
  return 0;
}
