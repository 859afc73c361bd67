// What executions left in their state, for files and people.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "warder/state.h"

namespace warder::cli {

// One line for each record, to be compared: "flow sync "since" = 42".
std::string StateLines(const std::vector<StateRecord>& records);

// What stands in a scope after `records`: one JSON object, keys in their order. `flow`: whose, of the scope kFlow;
// empty: of whichever there is.
std::string StateDocument(const std::vector<StateItem>& before, const std::vector<StateRecord>& records,
                          StateScope scope, const std::string& flow);

// As `warder run --json` has it: an array of objects.
std::string StateArray(const std::vector<StateRecord>& records);

}  // namespace warder::cli
