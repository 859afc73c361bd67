// The first parser: RFC 9112 as it is written, without any of the leniency that it allows, and only what a client like
// the broker has reason to send. What is read here leaves no other reading.
#pragma once

#include <cstddef>
#include <string_view>

#include "tests/wire/message.h"

namespace warder::wire {

enum class Outcome { kMessage, kIncomplete, kMalformed };

struct OneRequest {
  Outcome outcome = Outcome::kIncomplete;
  Message message;
  std::size_t bytes = 0;  // of kMessage: how many it has
  const char* why = "";   // of kMalformed: the rule that it breaks
};

// The request at the beginning of `stream`.
OneRequest ReadRequest(std::string_view stream);

// All of `stream`.
Reading ReadStream(std::string_view stream);

}  // namespace warder::wire
