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

CommandShape ShapeOf(const CLI::App& app, const std::string& name) {
  CommandShape shape{name, app.get_description(), {}};
  for (const CLI::Option* option : app.get_options({})) shape.options.push_back(ShapeOf(*option));
  return shape;
}

}  // namespace

std::vector<CommandShape> ShapesOf(const CLI::App& root) {
  std::vector<CommandShape> shapes = {ShapeOf(root, "warder")};
  for (const CLI::App* sub : root.get_subcommands({})) shapes.push_back(ShapeOf(*sub, sub->get_name()));
  return shapes;
}

}  // namespace warder::cli
