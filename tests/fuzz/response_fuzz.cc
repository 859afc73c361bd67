// libFuzzer: an upstream's answer on its way to the script, cut in arbitrary pieces: head, decoding, scrubbing.
//
// The first byte of an input says what codes the body (0: what its head says, as it stands; else gzip, br or zstd, and
// this program does it) and whether it is searched for a second connection's secrets as well; the second, how it is cut
// and taken. The rest is the answer as libcurl hands it over, lines up to an empty one and then the body without its
// framing. In it \x01 and a byte stand for a secret in some spelling, or all of one but its end, so that the
// fuzzer need not guess.
//
// What is checked: what the script sees of a head is well-formed; no secret stands in it or in the body; the body is
// what the slow oracle makes of the whole text, or breaks off on the way to that; it does not depend on how it was cut;
// memory stays within what response_body.h and the codings allow.
#include <sanitizer/allocator_interface.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/broker/content_decoder.h"
#include "engine/broker/response_body.h"
#include "engine/broker/response_head.h"
#include "engine/broker/scrub/scrubber.h"
#include "engine/broker/scrub/testing/compile.h"
#include "engine/broker/scrub/testing/oracle.h"
#include "engine/broker/scrub/testing/speller.h"
#include "engine/broker/testing/content_encoder.h"

namespace {

using namespace warder::broker;  // NOLINT(google-build-using-namespace): what this program is about
using testing::Escape;

constexpr std::array<std::string_view, 2> kSecrets = {"canary-t0k3n/+=abcdefghij", "p\xc3\xa4ss \"w&rd\"<0123>"};
constexpr std::size_t kMaxOracleBytes = 500;
constexpr std::size_t kMaxOutput = std::size_t{1} << 20;  // then the script has seen enough
// The windows of brotli and zstd and what they need beside them, and the buffers of ResponseBody.
constexpr std::size_t kMaxMemory = std::size_t{12} << 20;

constexpr unsigned kSpellings = 40;

enum class Coding { kAsTheHeadSays, kGzip, kBrotli, kZstd };

using Patterns = std::vector<std::shared_ptr<const ScrubPattern>>;

void Require(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::cerr << what << ":\n" << text << "\n";
  std::abort();
}

void RequireNoSecret(std::string_view text, std::size_t connections) {
  for (std::size_t i = 0; i < connections; ++i) {
    Require(text.find(kSecrets[i]) == std::string_view::npos, "a secret came through", text);
  }
}

const std::shared_ptr<const ScrubPattern>& PatternOf(std::size_t connection) {
  static const auto patterns = [] {
    std::array<std::shared_ptr<const ScrubPattern>, kSecrets.size()> made;
    for (std::size_t i = 0; i < kSecrets.size(); ++i) {
      const std::string secret(kSecrets[i]);
      made[i] = testing::Compile({&secret, 1}).value();
    }
    return made;
  }();
  return patterns[connection];
}

std::string Spelled(unsigned how) {
  const std::string_view secret = kSecrets[how % 2];
  const unsigned form = how / 2;
  constexpr auto kEscapes = static_cast<unsigned>(Escape::kCount);
  if (form < kEscapes) return testing::SpellAll(secret, [form] { return static_cast<Escape>(form); });
  if (form == kEscapes) return testing::Hex(secret, how % 4 == 0);
  return testing::Base64(secret, form % 2 == 0);
}

std::string WithSecrets(std::string_view text) {
  std::string whole;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\x01' && i + 1 < text.size()) {
      const auto how = static_cast<unsigned char>(text[++i]);
      const std::string spelled = Spelled(how % kSpellings);
      whole += spelled.substr(0, spelled.size() - how / kSpellings);
    } else {
      whole += text[i];
    }
  }
  return whole;
}

std::string Coded(Coding coding, const std::string& text) {
  if (coding == Coding::kGzip) return testing::Gzip(text);
  return coding == Coding::kBrotli ? testing::Brotli(text, 18) : testing::Zstd(text);
}

// How a body is cut and taken. Follows from one byte of the input.
class Cuts {
 public:
  explicit Cuts(unsigned seed) : state_(seed * 2654435761U + 1) {}
  unsigned Below(unsigned bound) {
    state_ = state_ * 1664525U + 1013904223U;
    return (state_ >> 8) % bound;
  }

 private:
  std::uint32_t state_;
};

struct Received {
  std::string text;
  bool failed = false;
  bool given_up = false;  // there is more than this program wants to see
};

Received Receive(std::string_view wire, std::unique_ptr<ContentDecoder> decoder, std::size_t connections, Cuts cuts) {
  Received received;
  const std::size_t before = __sanitizer_get_current_allocated_bytes();
  ResponseBody body;
  body.SetDecoder(std::move(decoder));
  for (std::size_t i = 0; i < connections; ++i) body.AddScrubber(PatternOf(i));
  const auto take = [&] {
    std::string piece;
    received.failed = !body.Take(&piece).empty();
    if (received.failed) return;
    Require(piece.size() <= warder::proto::kMaxBodyChunkBytes, "a piece is too long", "");
    body.Grant(piece.size());
    received.text += piece;
    received.given_up = received.text.size() > kMaxOutput;
    const std::size_t now = __sanitizer_get_current_allocated_bytes();
    Require(now < before + received.text.capacity() + piece.capacity() + kMaxMemory, "too much memory", "");
  };
  while (!wire.empty() && !received.failed && !received.given_up) {
    if (body.HasRoom()) {
      const std::string_view piece = wire.substr(0, 1 + cuts.Below(cuts.Below(4) == 0 ? 4096 : 8));
      wire.remove_prefix(piece.size());
      received.failed = !body.Accept(piece).empty();
      if (received.failed || cuts.Below(2) == 0) continue;
    }
    take();
  }
  if (received.failed || received.given_up) return received;
  body.Finish();
  while (!received.failed && !received.given_up && !body.Drained()) take();
  return received;
}

// What the script sees of the head; as CallState has it.
void CheckHead(const ResponseHeadReader& head, std::size_t connections) {
  Require(head.status() >= 200 && head.status() <= 599, "a status that there is not", "");
  std::vector<std::string> texts = {head.reason()};
  for (const auto& [name, value] : head.Visible(false)) {
    Require(IsToken(name) && IsFieldValue(value), "a malformed header", name);
    texts.push_back(value);
  }
  for (std::string& text : texts) {
    for (std::size_t i = 0; i < connections; ++i) text = ScrubText(PatternOf(i), text);
    RequireNoSecret(text, connections);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto coding = static_cast<Coding>(data[0] % 4);
  const std::size_t connections = 1 + data[0] / 4 % 2;
  const Cuts cuts(data[1]);
  const std::string answer = WithSecrets({reinterpret_cast<const char*>(data) + 2, size - 2});
  const BrokerOptions options;
  ResponseHeadReader head(options);
  std::string_view rest = answer;
  while (!head.complete()) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    if (line.empty() || !head.Line(line).empty()) return 0;
    rest.remove_prefix(line.size());
  }
  CheckHead(head, connections);
  const std::string text(rest);
  const std::array<std::string_view, 4> codings = {"", "gzip", "br", "zstd"};
  bool conflict = false;
  const std::string name(coding == Coding::kAsTheHeadSays ? head.Value("content-encoding", &conflict)
                                                          : codings[static_cast<std::size_t>(coding)]);
  const std::string wire = coding == Coding::kAsTheHeadSays ? text : Coded(coding, text);
  auto decoder = MakeContentDecoder(name);
  if (!decoder || conflict) return 0;
  const bool known = coding != Coding::kAsTheHeadSays || *decoder == nullptr;

  const Received received = Receive(wire, std::move(*decoder), connections, cuts);
  const Received again = Receive(wire, MakeContentDecoder(name).value(), connections, Cuts(data[1] + 1U));
  RequireNoSecret(received.text, connections);
  if (!received.failed && !again.failed && !received.given_up && !again.given_up) {
    Require(received.text == again.text, "it matters how the body is cut", received.text);
  }
  if (!known || received.given_up) return 0;
  Require(!received.failed, "a good body failed", text);
  if (text.size() > kMaxOracleBytes) return 0;
  std::string expected = text;
  for (std::size_t i = 0; i < connections; ++i) {
    const std::string secret(kSecrets[i]);
    expected = testing::ScrubSlowly({&secret, 1}, expected).text;
  }
  Require(received.text == expected, "not what the oracle makes of it", received.text);
  return 0;
}
