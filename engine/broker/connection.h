// A connection: its policy and its credential, checked against each other and ready for use.
//
// Made once, shared by every execution that may use it, wiped with the last of them. Immutable, so that it may be used
// from several threads.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/secret.h"
#include "engine/broker/policy/policy.h"
#include "engine/broker/scrub/scrub_pattern.h"
#include "sandbox/base/result.h"

namespace warder::broker {

// The fields that a credential for this policy has: all of them, and no others.
std::set<std::string, std::less<>> CredentialFields(const Policy& policy);

class Connection {
 public:
  // Invalid input, naming what is wrong: a text that is no policy; a field that the policy uses and the credential does
  // not have, or the other way round; a field too short to be told from innocent text.
  static Result<std::shared_ptr<const Connection>> Make(std::string_view policy_text, SecretFields fields);

  const std::shared_ptr<const Policy>& policy() const { return policy_; }
  const std::string& policy_sha256() const { return policy_sha256_; }
  const SecretFields& fields() const { return fields_; }
  // The credential, and what follows from it alone: what no upstream may tell a script. Live as long as this.
  std::vector<const Secret*> secrets() const;
  // Finds them. Null: there is no credential.
  const std::shared_ptr<const ScrubPattern>& scrub() const { return scrub_; }
  // Random, another for each connection: connections of two credentials are never in one pool.
  const std::string& id() const { return id_; }

 private:
  Connection(Policy policy, SecretFields fields);

  std::shared_ptr<const Policy> policy_;
  std::string policy_sha256_;
  SecretFields fields_;
  std::vector<Secret> derived_;
  std::shared_ptr<const ScrubPattern> scrub_;
  std::string id_;
};

}  // namespace warder::broker
