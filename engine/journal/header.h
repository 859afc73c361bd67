// What a journal says of its execution beside the frames: its first record and its last one, each one JSON object.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sandbox/base/result.h"
#include "warder/engine.h"
#include "warder/limits.h"

namespace warder::journal {

struct Header {
  std::string warder;     // version
  std::string v8;         // version; empty: it never came to a cell
  std::string image;      // hash of the cell's image
  std::string bundle;     // hash of the bundle
  std::string policy;     // hash of the policy, as in the receipt
  std::string execution;  // id
  std::string tenant;
  std::string flow;
  std::string recorded;  // when it was started, ISO 8601 in UTC
  CellProfile profile = CellProfile::kJitless;
  Limits limits;
};

// What decided the end: the cell's own last frame, or something else, behind which it was not heard any more.
enum class EndedBy { kCell, kEngine };

struct Ending {
  Status status = Status::kFault;
  std::string reason;
  EndedBy by = EndedBy::kEngine;
  bool operator==(const Ending&) const = default;
};

std::string HeaderText(const Header& header);
std::string EndingText(const Ending& ending);
// Strict: exactly the members that HeaderText writes. The error names the member.
Result<Header> ReadHeader(std::string_view text);
Result<Ending> ReadEnding(std::string_view text);

}  // namespace warder::journal
