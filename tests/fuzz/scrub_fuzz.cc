// libFuzzer: streams with secrets in them, whole, in part, escaped and encoded, through the Scrubber.
//
// The input is a program that makes up the secrets and the text, so that the fuzzer need not guess eight bytes twice.
// What is checked: the output is that of a scrubber that has the whole text and decodes everything (oracle.h); it does
// not depend on how the text is cut; never more is held back than is said.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "engine/broker/scrub/scrubber.h"
#include "engine/broker/scrub/testing/compile.h"
#include "engine/broker/scrub/testing/oracle.h"
#include "engine/broker/scrub/testing/speller.h"

namespace {

namespace scrub = warder::broker;
using scrub::testing::Escape;
using scrub::testing::Scrubbed;

constexpr std::size_t kMaxText = 400;

void Require(bool holds, const char* what, std::string_view text, const Scrubbed& got, const Scrubbed& expected) {
  if (holds) return;
  std::cerr << what << "\ntext:     " << text << "\nscrubbed: " << got.redactions << " " << got.text
            << "\nexpected: " << expected.redactions << " " << expected.text << "\n";
  std::abort();
}

class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size) : data_(reinterpret_cast<const char*>(data), size) {}

  bool empty() const { return data_.empty(); }
  unsigned Byte() {
    if (data_.empty()) return 0;
    const auto byte = static_cast<unsigned char>(data_[0]);
    data_.remove_prefix(1);
    return byte;
  }
  std::string Bytes(std::size_t size) {
    const std::string bytes(data_.substr(0, size));
    data_.remove_prefix(bytes.size());
    return bytes;
  }

 private:
  std::string_view data_;
};

std::string_view Alphabet(unsigned number) {
  using namespace std::string_view_literals;
  static constexpr std::string_view kAlphabets[] = {
      "ab"sv,
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"sv,
      "%25abAB46"sv,
      "\\/\"'un05cr\n"sv,
      "&#x;0123amplt8"sv,
      "0123456789abcdef"sv,
      "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80 a"sv,
      "\0\x01\r\n\t +\x7F\x80\xFF<>&"sv,
  };
  return kAlphabets[number % std::size(kAlphabets)];
}

std::string FromAlphabet(std::string_view alphabet, std::size_t size, Input* input) {
  std::string text;
  while (text.size() < size) text += alphabet[input->Byte() % alphabet.size()];
  return text;
}

// As ScrubPattern does it.
std::string Trim(const std::string& text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kSpace);
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

std::vector<std::string> ReadSecrets(std::string_view alphabet, Input* input) {
  std::vector<std::string> secrets;
  const std::size_t count = 1 + input->Byte() % 3;
  while (secrets.size() < count) {
    const unsigned kind = input->Byte();
    const std::size_t size = 8 + input->Byte() % 13;
    std::string secret;
    // Secrets that begin or end with another one, or with a part of it.
    if (!secrets.empty() && kind % 4 == 2) secret = secrets[0].substr(0, kind / 4 % (secrets[0].size() + 1));
    if (!secrets.empty() && kind % 4 == 3) secret = secrets[0].substr(kind / 4 % (secrets[0].size() + 1));
    secrets.push_back(secret + FromAlphabet(alphabet, size - std::min(size, secret.size()), input));
  }
  for (std::string& secret : secrets) secret = Trim(secret);
  return secrets;
}

std::string ReadText(const std::vector<std::string>& secrets, std::string_view alphabet, Input* input) {
  std::string text;
  while (!input->empty() && text.size() < kMaxText) {
    const unsigned step = input->Byte() % 8;
    const std::string& secret = secrets[input->Byte() % secrets.size()];
    const auto escape = [&] { return static_cast<Escape>(input->Byte() % static_cast<unsigned>(Escape::kCount)); };
    if (step == 0) {
      text += input->Bytes(input->Byte() % 16);
    } else if (step == 1) {
      text += FromAlphabet(alphabet, input->Byte() % 16, input);
    } else if (step == 2) {
      const Escape one = escape();
      text += scrub::testing::SpellAll(secret, [&] { return one; });
    } else if (step == 3) {
      text += scrub::testing::SpellAll(secret, escape);
    } else if (step == 4) {
      const std::size_t begin = input->Byte() % secret.size();
      const Escape one = escape();
      text += scrub::testing::SpellAll(std::string_view(secret).substr(begin, input->Byte() % 24), [&] { return one; });
    } else if (step == 5) {
      const std::string hex = scrub::testing::Hex(secret, input->Byte() % 2 == 0);
      text += hex.substr(0, hex.size() - input->Byte() % 2);
    } else if (step == 6) {
      static constexpr const char* kLineBreaks[] = {"\n", "\r\n", "\\n", "\\r\\n"};
      const std::string before = input->Bytes(input->Byte() % 4);
      const unsigned layout = input->Byte();
      text += scrub::testing::Base64(before + secret + input->Bytes(layout / 64), layout % 2 == 0,
                                     layout / 2 % 2 == 0 ? 0 : 4 * (1 + layout / 4 % 4), kLineBreaks[layout / 16 % 4]);
    } else {
      text += secret;
    }
  }
  return text.substr(0, kMaxText);
}

Scrubbed Scrub(const std::shared_ptr<const scrub::ScrubPattern>& pattern, std::string_view text, std::size_t step) {
  scrub::Scrubber scrubber(pattern);
  Scrubbed scrubbed;
  while (!text.empty()) {
    const std::string piece(text.substr(0, step));
    text.remove_prefix(piece.size());
    scrubber.Push(piece, &scrubbed.text);
    if (scrubber.held() > pattern->held_bytes()) std::abort();
  }
  scrubber.Finish(&scrubbed.text);
  if (scrubber.held() != 0) std::abort();
  scrubbed.redactions = scrubber.redactions();
  return scrubbed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input input(data, size);
  const std::string_view alphabet = Alphabet(input.Byte());
  const std::vector<std::string> secrets = ReadSecrets(alphabet, &input);
  const auto pattern = scrub::testing::Compile(secrets);
  if (!pattern) return 0;  // too short once trimmed, or repetitive
  const std::size_t step = 2 + input.Byte() % 40;
  const std::string text = ReadText(secrets, alphabet, &input);
  const Scrubbed expected = scrub::testing::ScrubSlowly(secrets, text);
  for (const std::size_t each : {text.size() + 1, step, std::size_t{1}}) {
    const Scrubbed scrubbed = Scrub(*pattern, text, each);
    Require(scrubbed.text == expected.text && scrubbed.redactions == expected.redactions, "differs", text, scrubbed,
            expected);
  }
  return 0;
}
