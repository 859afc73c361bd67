#include <CLI/CLI.hpp>

#include "engine/cli/completion.h"

namespace warder::cli {
namespace {

// "SHELL:{bash,zsh}" is how CLI11 names a type with a set of permitted values.
void ReadType(const std::string& type, OptionShape& shape) {
  shape.value = type.substr(0, type.find(':'));
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return;
  shape.choices = CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

OptionShape ShapeOf(const CLI::Option& option) {
  OptionShape shape;
  for (const std::string& name : option.get_snames()) shape.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) shape.names.push_back("--" + name);
  shape.description = option.get_description();
  if (option.get_items_expected_max() > 0) ReadType(option.get_type_name(), shape);
  shape.repeatable = option.get_items_expected_max() > 1;
  return shape;
}

}  // namespace

CommandShape ShapeOf(const CLI::App& root) {
  CommandShape shape{root.get_name(), root.get_description(), {}, {}};
  for (const CLI::Option* option : root.get_options({})) shape.options.push_back(ShapeOf(*option));
  for (const CLI::App* command : root.get_subcommands({})) shape.commands.push_back(ShapeOf(*command));
  return shape;
}

}  // namespace warder::cli
