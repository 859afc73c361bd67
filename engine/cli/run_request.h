// From the options of `warder run` to a request for the engine.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/cli/vault_options.h"
#include "warder/engine.h"

namespace warder::cli {

struct RunOptions {
  std::string bundle;
  std::string flow;
  std::string event;   // a path, "-" for standard input, empty: null
  std::string config;  // a path, empty: {}
  std::string limits;  // a path, empty: the defaults
  std::string receipt;
  std::string record;
  std::vector<std::string> redact;  // names of members that the journal has to do without
  std::string signing_key;          // a path, empty: the default one
  std::vector<std::string> allow;
  std::vector<std::string> connect;  // NAME=FILE, or NAME of the tenant's vault
  std::string tenant;
  std::string instance;
  VaultPlace place;
  bool allow_jit = false;
  std::vector<std::string> permit_degraded;
  std::string start_mode = StartModeName(EngineOptions{}.start_mode);
  std::string inspect;  // a port, empty: no debugger is wanted
  std::string inspect_brk;
  bool log_payloads = false;
  bool json = false;
  bool quiet = false;
};

// Reads every file that `options` name (`record` excepted, which is written). `in` is standard input. Throws
// EngineError(kInvalid) that says which file and why.
ExecutionRequest MakeRequest(const RunOptions& options, int in);

// Whether the request needs the vault: it names a stored connection, or an instance.
bool NeedsVault(const ExecutionRequest& request);

// The engine speaks of "the event", "the configuration", "the allowed origin" and "the layer"; this names the file or
// option that it came from.
std::string WithSource(const std::string& message, const RunOptions& options);

// Why a flow was not started, a sentence a line: each that is about a value of the event or of the configuration begins
// with the file that it is in.
std::string WithSources(std::string_view reason, const RunOptions& options);

}  // namespace warder::cli
