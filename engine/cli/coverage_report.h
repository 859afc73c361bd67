// What `warder test --coverage` says of the lines that have run.
#pragma once

#include <string>

#include "engine/cli/output.h"
#include "warder/coverage.h"

namespace warder::cli {

// A table of the files, as comments of TAP.
std::string CoverageText(const LineCoverage& coverage, const Output& output);

// For the tools that read what lcov's geninfo writes: its SF, DA, LF and LH records.
std::string LcovText(const LineCoverage& coverage);

// Two decimals, never rounded up: 100 is said of what is covered whole.
std::string PercentText(double percent);

}  // namespace warder::cli
