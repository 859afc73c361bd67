// warder completion: what a shell needs to complete commands, options and files.
#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "engine/cli/command.h"
#include "engine/cli/completion.h"
#include "warder/engine.h"

namespace warder::cli {
namespace {

constexpr const char* kExamples =
    "  source <(warder completion bash)\n"
    "  warder completion zsh >\"${fpath[1]}/_warder\"\n"
    "  warder completion fish >~/.config/fish/completions/warder.fish";

Action Declare(CLI::App& app) {
  const auto shell = std::make_shared<std::string>();
  app.add_option("shell", *shell, "The shell to print a script for")
      ->required()
      ->type_name("SHELL")
      ->check(CLI::IsMember(CompletionShells()));
  return [shell, &app](Environment& environment) {
    environment.out.Write(CompletionScript(*shell, ShapeOf(*app.get_parent())));
    return static_cast<int>(Status::kSucceeded);
  };
}

}  // namespace

Command CompletionCommand() { return {"completion", "Print a completion script for a shell", kExamples, Declare}; }

}  // namespace warder::cli
