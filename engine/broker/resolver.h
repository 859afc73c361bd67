// DNS on the engine's loop: one lookup gives all addresses of a name, or says why not.
//
// The resolver only finds addresses; whether they may be connected to is judged in destination.h. It asks the hosts
// file, then the DNS servers (c-ares, its own channel), never the search domains, host aliases or environment of the
// process. Lookups of one name that overlap are one lookup: however many calls are started and cancelled, no more is
// under way than there are names.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sandbox/base/result.h"

namespace warder::broker {

class Resolver {
 public:
  using Addresses = std::vector<boost::asio::ip::address>;
  // The error says why in words that follow the name: "does not exist".
  using Callback = std::function<void(Result<Addresses>)>;
  // Somebody waiting for an answer. Destroying the last reference means that nobody is called.
  using Ticket = std::shared_ptr<void>;

  static constexpr std::size_t kMaxAddresses = 64;  // more for one name is refused

  // `servers` as in BrokerOptions::dns_servers.
  Resolver(boost::asio::io_context& loop, const std::string& servers);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  Resolver(Resolver&&) = delete;
  Resolver& operator=(Resolver&&) = delete;

  // `name` as ParseHost gives it. The callback comes from the loop, never from inside, at most once.
  [[nodiscard]] Ticket Resolve(const std::string& name, Callback callback);

 private:
  class Channel;
  std::unique_ptr<Channel> channel_;
};

}  // namespace warder::broker
