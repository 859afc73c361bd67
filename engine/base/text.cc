#include "engine/base/text.h"

#include <openssl/rand.h>

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <stdexcept>

#include "engine/execution/json_events.h"
#include "sandbox/base/utf8.h"

namespace warder {
namespace {

constexpr const char* kRemedy = "; it has to be one JSON value in UTF-8";

}  // namespace

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
    if (why != nullptr) {
      *why = "it is not UTF-8: the byte at offset " + std::to_string(*at) + " is no part of a character" + kRemedy;
    }
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
    *why = error == boost::json::error::too_deep ? "more than " + std::to_string(depth) + " levels" : error.message();
    *why += " at " + PlaceIn(text, taken) + kRemedy;
  }
  return false;
}

std::string PlaceIn(std::string_view text, std::size_t offset) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (const char byte : text.substr(0, offset)) {
    if (byte == '\n') {
      ++line;
      column = 1;
    } else if ((static_cast<unsigned char>(byte) & 0xC0) != 0x80) {
      ++column;
    }
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
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
