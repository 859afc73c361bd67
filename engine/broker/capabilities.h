// What one execution may use: the origins it may reach by themselves, and the connections it was granted.
//
// A cell names a connection by a handle: 256 random bits, made for this execution and void with it. A handle that is
// unknown, another execution's or taken back gets one and the same refusal, found in the same time. Requests without a
// handle may hold a connection's placeholder; then that connection's policy decides, else the plain grant.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/broker/connection.h"
#include "engine/broker/credential_source.h"
#include "engine/broker/inject/placeholder.h"
#include "engine/broker/policy/policy.h"

namespace warder::broker {

// A policy as one execution uses it, with what is counted against it. Of one thread: the broker's loop.
class Grant {
 public:
  Grant(std::string name, std::string handle, std::shared_ptr<const Policy> policy,
        std::shared_ptr<const Connection> connection, std::shared_ptr<CredentialSource> source)
      : name_(std::move(name)),
        handle_(std::move(handle)),
        policy_(std::move(policy)),
        connection_(std::move(connection)),
        source_(std::move(source)) {}

  const std::string& name() const { return name_; }      // the connection's; empty: the plain grant
  const std::string& handle() const { return handle_; }  // empty: the plain grant
  const Policy& policy() const { return *policy_; }
  // Null: the plain grant.
  const std::shared_ptr<const Connection>& connection() const { return connection_; }
  // Null: the credential stays what it is.
  CredentialSource* source() const { return source_.get(); }
  bool revoked() const { return revoked_; }

  // Counts a call that is about to be made; false: the policy's calls are used up, and it is not made.
  [[nodiscard]] bool TakeCall() {
    if (policy_->calls && calls_ >= *policy_->calls) return false;
    ++calls_;
    return true;
  }
  // Counts bytes of bodies; false: the policy's are used up.
  [[nodiscard]] bool TakeBytes(std::uint64_t bytes) {
    bytes_ += bytes;
    return !policy_->total_bytes || bytes_ <= *policy_->total_bytes;
  }

 private:
  friend class Capabilities;

  const std::string name_;
  const std::string handle_;
  const std::shared_ptr<const Policy> policy_;
  std::shared_ptr<const Connection> connection_;
  std::shared_ptr<const Connection> former_;  // before the last renewal: its credential may still come back
  const std::shared_ptr<CredentialSource> source_;
  std::uint64_t calls_ = 0;
  std::uint64_t bytes_ = 0;
  bool revoked_ = false;
};

class Capabilities {
 public:
  struct Named {
    std::string name;
    std::shared_ptr<const Connection> connection;
    std::shared_ptr<CredentialSource> source = nullptr;
  };
  static constexpr std::size_t kMaxConnections = 64;

  // Invalid input: two connections of a name, too many of them.
  static Result<std::shared_ptr<Capabilities>> Make(std::shared_ptr<const Policy> plain,
                                                    const std::vector<Named>& connections);

  // Only what `plain` allows.
  static std::shared_ptr<Capabilities> OfPolicy(std::shared_ptr<const Policy> plain);

  // The connections, in the order in which they were given.
  std::span<const std::shared_ptr<Grant>> connections() const { return connections_; }
  // The grant without a connection.
  const std::shared_ptr<Grant>& plain() const { return plain_; }
  const Placeholders& placeholders() const { return placeholders_; }

  struct Choice {
    std::shared_ptr<Grant> grant;
    std::optional<PlaceholderUse> placeholders;
  };
  // Who decides about a request. Refused: a handle that is good for nothing, a placeholder where none may stand.
  Result<Choice> Choose(std::string_view handle, std::string_view method, const CanonicalUrl& url,
                        const HeaderList& headers) const;

  // Finds the secrets of every connection that `origin` belongs to, all of them in one pass: where one is part of
  // another, taking out the one first would leave the rest of the other. Null: there are none. Other origins have no
  // way to know a secret but a script that knows it too, and would learn from what is taken out whether it guessed
  // right. An error: there are too many together.
  Result<std::shared_ptr<const ScrubPattern>> ScrubFor(const Origin& origin);

  // The credential was renewed: calls from now on are made with `connection`, which has the same policy.
  void Renew(Grant& grant, std::shared_ptr<const Connection> connection);

  // Nothing more through that connection. Its calls are for the caller to abort.
  void Revoke(std::string_view name);

 private:
  explicit Capabilities(std::shared_ptr<const Policy> plain);

  std::shared_ptr<Grant> plain_;
  std::vector<std::shared_ptr<Grant>> connections_;
  Placeholders placeholders_;
  // By the connections that they are of.
  std::map<std::vector<const Connection*>, std::shared_ptr<const ScrubPattern>> joint_scrubs_;
};

}  // namespace warder::broker
