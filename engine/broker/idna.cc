#include "engine/broker/idna.h"

#include <idn2.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "engine/broker/ascii.h"
#include "engine/broker/host_form.h"
#include "sandbox/base/utf8.h"

namespace warder::broker {
namespace {

constexpr std::string_view kPrefix = "xn--";
constexpr std::size_t kMaxHostBytes = 1'024;  // of UTF-8; more cannot become 253 characters

struct Idn2Free {
  void operator()(char* text) const { idn2_free(text); }
};

bool IsAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool IsALabel(std::string_view label) { return EqualsIgnoreCase(label.substr(0, kPrefix.size()), kPrefix); }

std::vector<std::string_view> LabelsOf(std::string_view host) {
  std::vector<std::string_view> labels;
  for (std::size_t begin = 0; begin <= host.size();) {
    const std::size_t end = std::min(host.find('.', begin), host.size());
    labels.push_back(host.substr(begin, end - begin));
    begin = end + 1;
  }
  return labels;
}

// The dots that UTS #46 maps to "." (section 2.3).
bool HasOtherDots(std::string_view host) {
  for (const std::string_view dot : {"\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1"}) {
    if (host.find(dot) != std::string_view::npos) return true;
  }
  return false;
}

Error Bad(std::string_view why) { return InvalidInput("the URL's host " + std::string(why)); }

}  // namespace

bool NeedsIdna(std::string_view host) {
  if (!IsAscii(host)) return true;
  const auto labels = LabelsOf(host);
  return std::any_of(labels.begin(), labels.end(), IsALabel);
}

Result<std::string> ToAsciiHost(std::string_view host) {
  if (host.size() > kMaxHostBytes) return Bad("is too long");
  if (FindInvalidUtf8(host)) return Bad("is not UTF-8; write it in UTF-8 or in punycode (xn--...)");
  const bool controls =
      std::any_of(host.begin(), host.end(), [](char c) { return (c >= 0 && c <= 0x20) || c == 0x7f; });
  if (controls) return Bad("holds a space or a control character");
  if (HasOtherDots(host)) return Bad("holds an ideographic dot; write \".\"");
  const std::string text(host);
  char* mapped = nullptr;
  // Under IDN2_USE_STD3_ASCII_RULES libidn2 2.3 drops "_" or "@" silently instead of refusing it. Without, these stay,
  // and stand as they are in an A-label too (RFC 3492 section 3.1), so that ParseHost below finds them.
  const int code = idn2_to_ascii_8z(text.c_str(), &mapped, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, Idn2Free> owner(mapped);
  if (code != IDN2_OK) {
    return Bad("is not a name by UTS #46: " + std::string(idn2_strerror(code)) + "; write it in punycode (xn--...)");
  }
  std::string ascii = mapped;
  const auto written = LabelsOf(host);
  const auto read = LabelsOf(ascii);
  if (written.size() != read.size()) return Bad("holds a character that stands for a dot");
  const bool beyond = !IsAscii(host);
  for (std::size_t i = 0; i < written.size(); ++i) {
    const bool plain = IsAscii(written[i]);
    if (plain && !EqualsIgnoreCase(written[i], read[i])) return Bad("has a label in punycode that is not well-formed");
    if (plain && beyond && IsALabel(written[i]))
      return Bad("mixes punycode and characters beyond ASCII; write all in one");
    if (!plain && !IsALabel(read[i])) return Bad("is another spelling of " + ascii + "; write that");
  }
  if (beyond && written.size() == 1)
    return Bad("is a name without a dot; names beyond ASCII are taken with their domain only");
  const auto parsed = ParseHost(ascii);
  if (!parsed) return parsed.error();
  if (parsed->kind != HostKind::kName) return Bad("is another spelling of an address; write the address");
  return parsed->text;
}

}  // namespace warder::broker
