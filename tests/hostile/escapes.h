// Known ways out of sandboxes of JavaScript (vm2, n8n's expressions, SES, Realms), as data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace warder::hostile {

// What must come of it in a cell.
enum class Want {
  kNothing,  // it gains nothing: the body returns "" or throws
  kBounded,  // the same, or a limit ends it; memory stays within the limits
};

struct Escape {
  std::string name;
  // The body of an async function that returns what it has gained as text. @HOST@ is the path of a module of the
  // host, @PORT@ the port of a server on 127.0.0.1 that answers every request with "reached".
  std::string body;
  Want want = Want::kNothing;
  // Why it gains nothing in plain Node either; empty: the same body gains something there.
  std::string_view no_control = {};
};

struct EscapeGroup {
  std::string_view threat;
  std::vector<Escape> escapes;
};

std::vector<EscapeGroup> AllEscapes();

}  // namespace warder::hostile
