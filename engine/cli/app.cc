#include "engine/cli/app.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include "engine/base/secret.h"
#include "engine/cli/text.h"
#include "engine/cli/wrong_usage.h"
#include "sandbox/base/nearest_word.h"
#include "warder/engine.h"

namespace warder::cli {
namespace {

constexpr std::size_t kHelpColumn = 30;

constexpr const char* kFooter =
    "Examples:\n"
    "  warder run my-integration/ --event order.json --allow https://api.example.com\n"
    "  warder doctor\n"
    "  warder COMMAND --help\n\n"
    "Exit codes: 0 succeeded, 1 the flow failed, 2 wrong usage or invalid input, 3 a limit ended it,\n"
    "4 a violation ended it or a policy says no, 5 this machine cannot enforce the jail, 70 a fault of warder.";

int Complain(Environment& environment, Status status, const std::string& message) {
  environment.err.Write(environment.err.Paint(Ink::kRed, "warder: ") + Printable(message) + "\n");
  return static_cast<int>(status);
}

void AddNoColor(CLI::App& app) {
  app.add_flag("--no-color")->description("No colours, also on a terminal (as NO_COLOR=1 does)");
}

// The command itself, or what was chosen below it.
const CLI::App& Innermost(const CLI::App& command) {
  for (const CLI::App* inner : command.get_subcommands({})) {
    if (inner->parsed()) return *inner;
  }
  return command;
}

// The whole command line as CLI11 sees it, and what each command does.
class CommandLine {
 public:
  CommandLine() {
    app_.set_version_flag("--version", std::string("warder ") + Version(), "Print the version");
    app_.set_help_flag("-h,--help", "Print this help");
    app_.get_formatter()->column_width(kHelpColumn);
    app_.footer(kFooter);
    app_.require_subcommand(1);
    for (Command& command : Commands()) {
      CLI::App* sub = app_.add_subcommand(command.name, command.summary);
      sub->footer("Examples:\n" + command.examples);
      Action action = command.declare(*sub);
      AddNoColor(*sub);
      for (CLI::App* inner : sub->get_subcommands({})) AddNoColor(*inner);
      actions_.emplace_back(sub, std::move(action));
    }
  }

  CLI::App& app() { return app_; }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& [sub, action] : actions_) names.push_back(sub->get_name());
    return names;
  }

  const std::pair<CLI::App*, Action>* Chosen() const {
    for (const auto& entry : actions_) {
      if (entry.first->parsed()) return &entry;
    }
    return nullptr;
  }

 private:
  CLI::App app_{"Runs integration logic, each execution in a jail of its own.", "warder"};
  std::vector<std::pair<CLI::App*, Action>> actions_;
};

std::string Name(const std::pair<CLI::App*, Action>* chosen) {
  if (chosen == nullptr) return "warder";
  const CLI::App& innermost = Innermost(*chosen->first);
  return "warder " + chosen->first->get_name() + (&innermost == chosen->first ? "" : " " + innermost.get_name());
}

std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates) {
  const auto suggestion = NearestWord(word, candidates);
  return suggestion ? "did you mean '" + *suggestion + "'? " : "";
}

std::string UnexpectedArgument(const std::pair<CLI::App*, Action>* chosen, const std::string& extra) {
  std::vector<std::string> options;
  std::vector<std::string> commands;
  if (chosen != nullptr) {
    const CLI::App& app = Innermost(*chosen->first);
    for (const CLI::Option* option : app.get_options({})) {
      for (const std::string& name : option->get_lnames()) options.push_back("--" + name);
    }
    for (const CLI::App* inner : app.get_subcommands({})) commands.push_back(inner->get_name());
  }
  const std::string word = extra.substr(0, extra.find('='));
  const bool is_option = extra.size() > 1 && extra.front() == '-';
  return (is_option ? "unknown option '" : "unexpected argument '") + extra + "'; " +
         DidYouMean(word, is_option ? options : commands) + "see `" + Name(chosen) + " --help`";
}

int Parse(CommandLine& line, std::vector<std::string> arguments, Environment& environment) {
  if (arguments.empty()) {
    environment.err.Write(line.app().help());
    return static_cast<int>(Status::kInvalid);
  }
  if (arguments.front() == "help") {
    arguments.erase(arguments.begin());
    arguments.emplace_back("--help");
  }
  const std::string& first = arguments.front();
  const std::vector<std::string> names = line.Names();
  const bool known = std::find(names.begin(), names.end(), first) != names.end();
  if (!known && (first.empty() || first.front() != '-')) {
    return Complain(environment, Status::kInvalid,
                    "there is no command '" + first + "'; " + DidYouMean(first, names) + "see `warder --help`");
  }
  try {
    line.app().parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));  // CLI11 takes them reversed
  } catch (const CLI::CallForHelp&) {
    environment.out.Write(line.app().help());
    return 0;
  } catch (const CLI::CallForVersion& version) {
    environment.out.Write(std::string(version.what()) + "\n");
    return 0;
  } catch (const CLI::ParseError& error) {
    const auto extras = line.app().remaining(true);
    const auto* chosen = line.Chosen();
    return Complain(environment, Status::kInvalid,
                    extras.empty() ? WrongUsage(error, chosen == nullptr ? line.app() : Innermost(*chosen->first)) +
                                         "; see `" + Name(chosen) + " --help`"
                                   : UnexpectedArgument(chosen, extras.front()));
  }
  return -1;
}

// The secure heap has a size; what does not fit is used all the same.
void WarnOfUnprotected(Environment& environment) {
  const std::uint64_t count = UnprotectedSecrets();
  if (environment.memory == nullptr || count == 0) return;
  environment.err.Write(environment.err.Paint(Ink::kYellow, "warder: ") + CountText(count, "secret") +
                        " lay in ordinary memory, for the secure heap was full or absent\n");
}

int Perform(const std::pair<CLI::App*, Action>& chosen, Environment& environment) {
  try {
    return chosen.second(environment);
  } catch (const EngineError& error) {
    const std::string layer = error.layer().empty() ? "" : " (layer " + error.layer() + "; see `warder doctor`)";
    return Complain(environment, error.status(), error.what() + layer);
  } catch (const std::exception& error) {
    return Complain(environment, Status::kFault,
                    std::string("a fault of warder itself, please report it: ") + error.what());
  }
}

}  // namespace

int Main(const std::vector<std::string>& arguments, Environment& environment) {
  CommandLine line;
  int code = Parse(line, arguments, environment);
  if (code == -1) {
    const auto* chosen = line.Chosen();
    if (chosen->first->count("--no-color") > 0 || Innermost(*chosen->first).count("--no-color") > 0) {
      environment.out.NoColour();
      environment.err.NoColour();
    }
    code = Perform(*chosen, environment);
    WarnOfUnprotected(environment);
  }
  // A reader that left early, as `head` does, has what it wanted; a full disk has not.
  if (const int error = environment.out.error(); error != 0 && error != EPIPE) {
    return Complain(environment, Status::kFault,
                    "cannot write to standard output: " + std::generic_category().message(error));
  }
  return code;
}

}  // namespace warder::cli
