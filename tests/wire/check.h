// What arrived against what had to: the script's part exactly, and around it the broker's own headers, each as it is to
// be, and no others.
#pragma once

#include <string>

#include "tests/wire/cases.h"
#include "tests/wire/message.h"

namespace warder::wire {

struct Difference {
  std::string what;             // "": there is none
  std::size_t from_script = 0;  // headers that the broker owns and has not made
};

Difference Compare(const Expected& expected, const Message& arrived);

}  // namespace warder::wire
