#include "tests/wire/message.h"

namespace warder::wire {
namespace {

void Append(std::string_view part, std::string* out) { out->append(Number32(part.size())).append(part); }

}  // namespace

std::string Number32(std::size_t number) {
  std::string bytes;
  for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(number >> shift & 0xff);
  return bytes;
}

std::string Spelling(const Reading& reading) {
  std::string out;
  for (const Message& message : reading.messages) {
    out += 'M';
    Append(message.method, &out);
    Append(message.target, &out);
    out += Number32(message.headers.size());
    for (const auto& [name, value] : message.headers) {
      Append(name, &out);
      Append(value, &out);
    }
    Append(message.body, &out);
  }
  return out + (reading.whole ? 'W' : 'B');
}

std::string Shown(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      text += "\\n\n";
    } else if (byte < 0x20 || byte >= 0x7f || c == '\\') {
      text.append("\\x").append({kDigits[byte / 16], kDigits[byte % 16]});
    } else {
      text += c;
    }
  }
  return text;
}

}  // namespace warder::wire
