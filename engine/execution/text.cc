#include "engine/execution/text.h"

#include <openssl/rand.h>

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <stdexcept>

#include "sandbox/base/utf8.h"

namespace warder {
namespace {

// A document without a value: nothing is built, only checked.
struct CheckOnly {
  static constexpr std::size_t max_object_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_array_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_key_size = static_cast<std::size_t>(-1);
  static constexpr std::size_t max_string_size = static_cast<std::size_t>(-1);
  using Code = boost::json::error_code;
  using View = boost::json::string_view;
  bool on_document_begin(Code&) { return true; }
  bool on_document_end(Code&) { return true; }
  bool on_object_begin(Code&) { return true; }
  bool on_object_end(std::size_t, Code&) { return true; }
  bool on_array_begin(Code&) { return true; }
  bool on_array_end(std::size_t, Code&) { return true; }
  bool on_key_part(View, std::size_t, Code&) { return true; }
  bool on_key(View, std::size_t, Code&) { return true; }
  bool on_string_part(View, std::size_t, Code&) { return true; }
  bool on_string(View, std::size_t, Code&) { return true; }
  bool on_number_part(View, Code&) { return true; }
  bool on_int64(std::int64_t, View, Code&) { return true; }
  bool on_uint64(std::uint64_t, View, Code&) { return true; }
  bool on_double(double, View, Code&) { return true; }
  bool on_bool(bool, Code&) { return true; }
  bool on_null(Code&) { return true; }
  bool on_comment_part(View, Code&) { return true; }
  bool on_comment(View, Code&) { return true; }
};

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
    if (why != nullptr)
      *why = "it is not UTF-8: the byte at offset " + std::to_string(*at) + " is no part of a character";
    return false;
  }
  boost::json::parse_options options;
  options.max_depth = depth;
  boost::json::basic_parser<CheckOnly> parser(options);
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
