// Command: one subcommand of `warder`, in one file of its own.
//
// To add one: write NAME_command.cc with a function that returns its Command, declare it here, list it in commands.cc
// and in meson.build. Help, suggestions and completion follow from what it declares.
#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>
#include <vector>

#include "engine/cli/output.h"
#include "warder/hygiene.h"

namespace warder::cli {

// What a command uses of its process. Results go to `out`, everything else to `err`.
struct Environment {
  Output& out;
  Output& err;
  int in = 0;  // borrowed
  // What the process has done for its secrets; borrowed, null: it has not been asked to.
  const MemoryHygiene* memory = nullptr;
};

// Does the command's work and returns the exit code (see Status in warder/engine.h). Throws EngineError.
using Action = std::function<int(Environment&)>;

struct Command {
  std::string name;
  std::string summary;
  std::string examples;  // shown below the options, one indented line each
  // Declares options and arguments on `app`, which outlives the returned action.
  Action (*declare)(CLI::App& app);
};

Command InitCommand();
Command RunCommand();
Command DescribeCommand();
Command ReplayCommand();
Command TestCommand();
Command ConnectCommand();
Command ConnectionCommand();
Command TenantCommand();
Command DoctorCommand();
Command PolicyCommand();
Command AuditCommand();
Command CompletionCommand();

// All of them, in the order in which help lists them.
std::vector<Command> Commands();

}  // namespace warder::cli
