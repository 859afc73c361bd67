// What a transfer sends, and to whom: the script's request with what the credential adds, the addresses that were
// judged, the terms of TLS. Wiped when it goes: it is the one place where a request and a secret are together.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/secret.h"
#include "engine/broker/capabilities.h"
#include "engine/broker/destination.h"
#include "engine/broker/policy/policy.h"
#include "engine/broker/redirect.h"
#include "engine/broker/request_headers.h"

namespace warder::broker {

struct Outgoing {
  Outgoing() = default;
  ~Outgoing() {
    for (auto& header : headers) WipeString(&header.second);
    WipeString(&target);
  }
  Outgoing(Outgoing&&) = default;
  Outgoing& operator=(Outgoing&&) = default;
  Outgoing(const Outgoing&) = delete;
  Outgoing& operator=(const Outgoing&) = delete;

  HeaderList headers;
  std::string target;     // path and query
  AddressList addresses;  // the only ones of the upstream
  TlsRules tls;
  const Secret* client_key = nullptr;  // PEM; with tls.client_certificate
  // Where set, a tunnel through this proxy leads to `addresses`; the connection itself is to one of `proxy_addresses`.
  std::optional<Origin> proxy;
  AddressList proxy_addresses;
};

struct Prepared {
  Outgoing outgoing;  // without addresses
  // Finds what was made of the credential for this request alone. Null: there is no such thing.
  std::shared_ptr<const ScrubPattern> derived;
};

// Takes the query parameters that the policy injects off a URL.
void WithoutInjected(const Policy& policy, CanonicalUrl* url);

// Whether the whole body of a request to `origin` has to be known before its head can be sent.
bool NeedsWholeBody(const Grant& grant, const Origin& origin);

// `hop` as it goes on the wire. `with_credential`: it is at home, where its connection's credential may go; elsewhere
// it is sent as the script made it. `body`: all of it, where NeedsWholeBody. Refused: see Inject and FillPlaceholders.
Result<Prepared> Prepare(const Grant& grant, const std::optional<PlaceholderUse>& placeholders, const Hop& hop,
                         bool with_credential, std::optional<std::string_view> body);

}  // namespace warder::broker
