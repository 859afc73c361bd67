#include "engine/cli/wrong_usage.h"

#include <cctype>
#include <string_view>

namespace warder::cli {
namespace {

// As in a sentence: "a FILE", "an ORIGIN".
std::string WithArticle(const std::string& type) {
  if (type.empty()) return "a value";
  return (std::string_view("AEIOU").find(type.front()) == std::string_view::npos ? "a " : "an ") + type;
}

const CLI::Option* OptionOf(const CLI::App& app, const std::string& name) {
  for (const CLI::Option* option : app.get_options({})) {
    if (option->check_name(name) || option->get_name(true) == name) return option;
  }
  return nullptr;
}

// `text` without what stands before `mark` and with it; empty: `mark` is not there.
std::string Behind(const std::string& text, const std::string& mark) {
  const std::size_t at = text.find(mark);
  return at == std::string::npos ? "" : text.substr(at + mark.size());
}

std::string Missing(const CLI::App& app, const std::string& name) {
  const CLI::Option* option = OptionOf(app, name);
  if (option == nullptr || option->get_description().empty()) return name + " is missing";
  std::string what = option->get_description();
  const bool word = what.size() > 1 && what[1] != ' ' && std::isupper(static_cast<unsigned char>(what[1])) != 0;
  if (!word) what.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(what.front())));
  return name + " is missing: " + what;
}

}  // namespace

std::string WrongUsage(const CLI::ParseError& error, const CLI::App& app) {
  std::string said = error.what();
  if (error.get_name() == "RequiredError") {
    std::string commands;
    for (const CLI::App* inner : app.get_subcommands({}))
      commands += (commands.empty() ? "" : ", ") + inner->get_name();
    if (said.starts_with("A subcommand")) return app.get_name() + " takes a command: " + commands;
    return Missing(app, said.substr(0, said.find(' ')));
  }
  if (error.get_name() == "ArgumentMismatch") {
    const std::string name = said.substr(0, said.find(':'));
    const CLI::Option* option = OptionOf(app, name);
    if (option == nullptr) return said;
    const std::string given = Behind(said, "received ");
    if (given.empty()) return name + " takes " + WithArticle(option->get_type_name()) + ", and was given none";
    return name + " takes one " + option->get_type_name() + ", and was given " + given;
  }
  if (error.get_name() == "ConversionError") {
    const std::string pair = Behind(said, "convert: ");
    const std::string name = pair.substr(0, pair.find(" = "));
    const CLI::Option* option = OptionOf(app, name);
    if (option == nullptr) return said;
    return name + (option->get_expected_max() == 0 ? " takes no value" : " takes a whole number") + ", and was given " +
           Behind(pair, " = ");
  }
  return said;
}

}  // namespace warder::cli
