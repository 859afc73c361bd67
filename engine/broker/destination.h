// Where a call may connect: the addresses of its host, judged.
//
// A host that the policy names as an address, or as "localhost", is taken at its word: the grant is for that very
// address. Any other name must resolve to public addresses only; a mixed answer is refused whole, because whoever
// controls the name chooses the order.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <optional>
#include <vector>

#include "engine/broker/canonical_url.h"
#include "sandbox/base/result.h"

namespace warder::broker {

using AddressList = std::vector<boost::asio::ip::address>;

// The addresses of a host that needs no lookup: an address, or "localhost" (127.0.0.1 and ::1). Nothing: ask the
// resolver.
std::optional<AddressList> KnownAddresses(const Origin& origin);

// Refuses the answer for a looked-up name when one of its addresses is special. The error names the range, not the
// address.
Result<void> JudgeAddresses(const CanonicalUrl& url, const AddressList& addresses);

}  // namespace warder::broker
