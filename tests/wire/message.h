// A request as a parser reads it, and the one spelling in which what two parsers read is compared.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace warder::wire {

struct Message {
  std::string method;
  std::string target;
  std::vector<std::pair<std::string, std::string>> headers;  // in order; values without blanks around them
  std::string body;                                          // without its framing
};

// What a parser makes of all the bytes of a stream.
struct Reading {
  std::vector<Message> messages;
  bool whole = false;  // nothing stands behind the last message, and nothing of it is missing
};

// Equal for equal readings. Also written by llhttp.cjs.
std::string Spelling(const Reading& reading);

// A number as both ends of the pipe to llhttp.cjs write it: 32 bits, little-endian.
std::string Number32(std::size_t number);

// Printable, for a person.
std::string Shown(std::string_view bytes);

}  // namespace warder::wire
