// Connections: what a script may do with a credential that it never has.
//
//   const auto acme = warder::Connection::Make("origin https://api.acme.test\nallow GET /v1/**\ninject bearer token\n",
//                                              {{"token", secret}});
//   engine->Start({.bundle = bundle, .connections = {{"acme", acme}}});
//
// The policy (docs/policy.md) says what scripts may send where, and where the credential's fields go. A script calls
// context.connections.acme.fetch("/v1/orders/42"); the broker puts the credential in, and takes it out of what comes
// back.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace warder {

namespace broker {
class Connection;
}

// Immutable; to be made once and used by many executions. Thread-safe. The credential is wiped with the last copy.
class Connection {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  // `fields`: the credential, by name; what is in it is copied. Throws EngineError(kInvalid), which never holds a
  // field's value: a policy that is none, a field too few or too many, one that could not be kept out of responses.
  static std::shared_ptr<const Connection> Make(std::string_view policy, const Fields& fields);

  // Reads a JSON object {"policy": "acme.policy", "fields": {"token": "..."}}; the policy is a file beside it. The file
  // must belong to this user or root, and nobody else may read it. Throws EngineError(kInvalid).
  static std::shared_ptr<const Connection> Load(const std::filesystem::path& path);

  // SHA-256 of the policy's canonical text, in hexadecimal.
  const std::string& policy_sha256() const;

  explicit Connection(std::shared_ptr<const broker::Connection> connection) : connection_(std::move(connection)) {}
  const std::shared_ptr<const broker::Connection>& get() const { return connection_; }

 private:
  std::shared_ptr<const broker::Connection> connection_;
};

// A connection under the name by which an integration knows it.
struct NamedConnection {
  std::string name;
  // Null: the one of the engine's vault (EngineOptions::vault), of the execution's tenant,
  std::shared_ptr<const Connection> connection = nullptr;
  // under this name; empty: under `name`.
  std::string stored = {};
};

}  // namespace warder
