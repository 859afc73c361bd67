// A manifest that has been read: what read.cc accepts, and all that text.cc and compare.cc look at.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "warder/engine.h"
#include "warder/limits.h"
#include "warder/manifest.h"

namespace warder::manifest {

struct Input {
  std::string key;  // empty: the items of a list or map
  std::string type;
  std::string label;
  std::string description;
  std::string connection;  // type connection: "acme.oauth"; empty: any
  bool required = false;
  bool has_default = false;
  std::vector<Input> parts;  // fields of an object, or the items of a list or map
};

struct Connection {
  std::string key;  // "acme.oauth"
  std::string kind;
  std::string label;
  std::vector<std::string> origins;
  std::optional<std::vector<std::string>> methods;  // nothing: any
  std::vector<std::string> scopes;
  // Where the credential itself goes: OAuth's endpoints, and the place in a request.
  std::string grant, authorize_url, token_url, revoke_url, header, query, prefix;
  std::vector<std::string> fields;  // kind custom
};

struct Action {
  std::string key;  // "acme.getOrder"
  std::string label;
  bool idempotent = false;
  std::optional<Retry> retry;
  std::vector<Input> inputs;
};

struct Component {
  std::string key;
  std::string label;
  std::vector<Connection> connections;
  std::vector<Action> actions;
};

struct Trigger {
  std::string kind;
  std::vector<std::string> methods;  // webhook
  bool respond = false;
  std::string scheme, secret, header, algorithm, encoding, prefix;
  std::string cron, timezone;  // schedule
  std::uint64_t every_ms = 0;  // schedule, poll
};

struct Flow {
  std::string key;
  std::string name;
  std::string description;
  Trigger trigger;
  std::vector<Input> inputs;
  std::optional<Retry> retry;
  Limits limits;                          // with the engine's defaults
  std::vector<std::string> limits_named;  // the ones that are declared
  CellProfile profile = CellProfile::kJitless;
};

struct Manifest {
  std::string name;
  std::string version;
  std::string description;
  std::vector<Component> components;
  std::vector<Input> config;
  std::vector<Flow> flows;
  std::string canonical;
};

// Throws EngineError(kInvalid).
Manifest Read(std::string_view json);

}  // namespace warder::manifest
