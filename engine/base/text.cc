#include "engine/base/text.h"

#include <openssl/rand.h>

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <stdexcept>

#include "engine/execution/json_events.h"
#include "sandbox/base/utf8.h"

namespace warder {

std::string HexOf(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(bytes.size() * 2);
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    hex += kDigits[value >> 4];
    hex += kDigits[value & 15];
  }
  return hex;
}

bool IsJson(std::string_view text, std::string* why, std::size_t depth) {
  if (const auto at = FindInvalidUtf8(text)) {
    if (why != nullptr)
      *why = "it is not UTF-8: the byte at offset " + std::to_string(*at) + " is no part of a character";
    return false;
  }
  boost::json::parse_options options;
  options.max_depth = depth;
  // Nothing is built, only checked.
  boost::json::basic_parser<JsonEvents> parser(options);
  boost::json::error_code error;
  const std::size_t taken = parser.write_some(false, text.data(), text.size(), error);
  if (!error && taken < text.size()) error = boost::json::error::extra_data;
  if (!error) return true;
  if (why != nullptr) {
    std::size_t line = 1;
    for (const char byte : text.substr(0, taken)) line += byte == '\n' ? 1 : 0;
    *why = error.message() + " at line " + std::to_string(line) + ", byte " + std::to_string(taken);
  }
  return false;
}

std::string Truncate(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return std::string(text.substr(0, bytes)) + "…";
}

std::string RandomBytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    throw std::runtime_error("the system's random number generator failed");
  }
  return bytes;
}

std::string RandomId() { return HexOf(RandomBytes(16)); }

}  // namespace warder
