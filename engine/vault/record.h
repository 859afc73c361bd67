// What the vault keeps: a value under a name, and how often the name was written.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/secret.h"

namespace warder::vault {

struct Record {
  Secret value;
  // Of the write that made it: above those of all earlier writes to the tenant's vault.
  std::uint64_t generation = 0;
};

struct RecordName {
  std::string connection;
  std::string field;
  std::uint64_t generation = 0;

  bool operator==(const RecordName&) const = default;
};

}  // namespace warder::vault
