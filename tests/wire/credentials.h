// The connections that the requests of the fuzz use: their stored secrets are as hostile as the requests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/broker/capabilities.h"
#include "tests/wire/random.h"
#include "tests/wire/rules.h"

namespace warder::wire {

// The upstream's origins, as "host:port".
struct Origins {
  std::string plain;  // an address
  std::string named;  // a name
};

// A request at home, before its credential is added and behind it.
struct Outgoing {
  std::string method;
  std::string target;
  Headers headers;
  std::string body;
};

// One connection, and what it has to do to a request.
class Credential {
 public:
  enum class Kind { kNone, kBearer, kHeader, kQuery, kBasic, kHmac, kPlaceholder, kBasicPlaceholder };

  // No connection: the plain grant.
  Credential() = default;
  // Kind and secrets at random, until the broker accepts them as a connection.
  static Credential Make(Random* random, const Origins& origins);

  Kind kind() const { return kind_; }
  const std::shared_ptr<const broker::Connection>& connection() const { return connection_; }
  bool NeedsWholeBody() const { return kind_ == Kind::kHmac; }
  bool IsPlaceholder() const { return kind_ == Kind::kPlaceholder || kind_ == Kind::kBasicPlaceholder; }

  // The header with which a script uses `placeholder`.
  std::pair<std::string, std::string> PlaceholderHeader(Random* random, const std::string& placeholder) const;
  // What becomes of `outgoing`. `placeholder_value`: the value of that header, "" where there is none.
  // What a redirect at home is followed to: the upstream may have repeated the parameter that is injected.
  std::string WithoutInjected(const std::string& target) const;
  Verdict Apply(const std::string& placeholder_value, Outgoing* outgoing) const;

 private:
  Kind kind_ = Kind::kNone;
  std::shared_ptr<const broker::Connection> connection_;
  std::string user_;
  std::string secret_;
};

// What one execution of the fuzz may use.
struct Hand {
  struct Card {
    Credential credential;
    std::string handle;
    std::string placeholder;  // of those that use one
  };

  static std::shared_ptr<const Hand> Deal(Random* random, const Origins& origins);

  std::string tenant;
  std::shared_ptr<broker::Capabilities> capabilities;
  std::vector<Card> cards;
};

}  // namespace warder::wire
