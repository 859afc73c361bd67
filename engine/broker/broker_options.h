// The bounds of a broker: what each limits, with the default that production uses. Tests shorten the times.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace warder::broker {

struct BrokerOptions {
  std::chrono::milliseconds resolve_timeout{5'000};   // one DNS lookup, all servers and repetitions
  std::chrono::milliseconds connect_timeout{10'000};  // TCP and TLS, all addresses
  std::chrono::milliseconds idle_timeout{60'000};     // the upstream neither sends nor takes a byte

  std::size_t max_transfers = 512;             // under way at once, all tenants; further calls wait in turn
  std::size_t max_transfers_per_tenant = 64;   // under way at once, one tenant
  std::size_t max_waiting_per_tenant = 1'024;  // beyond it a call is refused

  std::size_t max_idle_pools = 64;                      // connection pools kept for tenants without a call
  std::chrono::milliseconds pool_idle_timeout{30'000};  // after which such a pool goes
  // Kept open for the next call: as many as a tenant may use at once while fewer than max_kept_connections are open in
  // all, else this number beside those in use.
  std::size_t idle_connections_per_pool = 8;
  std::size_t max_kept_connections = 512;
  std::chrono::seconds connection_lifetime{300};  // a connection is not used again after that, so that DNS is followed
  std::size_t max_redirects = 10;                 // per call
  std::size_t replay_body_bytes = std::size_t{256} << 10;  // a body of known length up to this can follow a 307 or 308
  std::size_t max_response_header_bytes = std::size_t{64}
                                          << 10;  // status lines, headers and trailers of one response, 1xx included
  std::size_t max_response_headers = 256;
  std::size_t max_informational = 16;  // 1xx responses before the final one

  std::string dns_servers;  // "192.0.2.53:53,[2001:db8::53]:53"; empty: the machine's (/etc/resolv.conf)
  std::string ca_file;      // PEM file of the authorities to trust; empty: the machine's
};

}  // namespace warder::broker
