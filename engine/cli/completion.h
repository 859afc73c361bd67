// Completion scripts for shells, made from the commands and options as they are declared: nothing is listed twice.
#pragma once

#include <CLI/App.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace warder::cli {

// What a shell needs to know about one option or argument.
struct OptionShape {
  std::vector<std::string> names;  // "--event", "-q"; empty: a positional argument
  std::string description;
  std::string value;                 // "FILE", empty for a flag
  std::vector<std::string> choices;  // of the value
  bool repeatable = false;

  bool wants_path() const { return value == "FILE" || value == "PATH"; }
};

struct CommandShape {
  std::string name;
  std::string summary;
  std::vector<OptionShape> options;
  std::vector<CommandShape> commands;  // below it: "warder audit verify-receipt"
};

// The program: its own options, its commands and theirs.
CommandShape ShapeOf(const CLI::App& root);

// The shells that CompletionScript knows.
const std::vector<std::string>& CompletionShells();
std::string CompletionScript(std::string_view shell, const CommandShape& program);

}  // namespace warder::cli
