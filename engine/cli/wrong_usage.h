// What is wrong with a command line: CLI11 says it in words of its own kind, this says what is to be written instead.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace warder::cli {

// A sentence without its end, about what `app` could not take.
std::string WrongUsage(const CLI::ParseError& error, const CLI::App& app);

}  // namespace warder::cli
