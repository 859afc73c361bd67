// Turns what libcurl reports into one sentence for the script's author. It names the origin and the kind of failure,
// never a path, a query, a header or a byte that came from a peer.
#pragma once

#include <curl/curl.h>

#include "engine/broker/broker.h"
#include "engine/broker/outgoing.h"

namespace warder::broker {

CallFailure DescribeCurlFailure(CURL* easy, CURLcode code, const Origin& origin, const Outgoing& outgoing,
                                const BrokerOptions& options);

}  // namespace warder::broker
