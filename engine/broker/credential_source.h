// Where a connection's credential comes from when it does not last: an access token that expires and is renewed.
#pragma once

#include <functional>
#include <memory>

#include "sandbox/base/result.h"

namespace warder::broker {

class Connection;

// Of the broker's loop. One source serves every execution that uses the connection.
class CredentialSource {
 public:
  using Ready = std::function<void(Result<std::shared_ptr<const Connection>>)>;

  virtual ~CredentialSource() = default;
  // The connection with a credential that is good for a call made now; null: it has to be renewed first.
  virtual std::shared_ptr<const Connection> Current() = 0;
  // Renews it, whoever else asks for the same meanwhile, and calls `ready` once, from the loop, never from inside.
  // Refused: the connection is no longer to be used, and the sentence says what to do.
  virtual void Renew(Ready ready) = 0;
};

}  // namespace warder::broker
