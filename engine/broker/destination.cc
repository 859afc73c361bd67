#include "engine/broker/destination.h"

#include "engine/broker/address_class.h"

namespace warder::broker {

std::optional<AddressList> KnownAddresses(const Origin& origin) {
  boost::system::error_code not_an_address;
  const auto address = boost::asio::ip::make_address(origin.host, not_an_address);
  if (!not_an_address) return AddressList{address};
  if (origin.host == "localhost") {
    return AddressList{boost::asio::ip::address_v4::loopback(), boost::asio::ip::address_v6::loopback()};
  }
  return std::nullopt;
}

Result<void> JudgeAddresses(const CanonicalUrl& url, const AddressList& addresses) {
  for (const auto& address : addresses) {
    const SpecialRange* special = FindSpecialRange(address);
    if (special == nullptr) continue;
    return Refused(url.origin.host + " resolves to a special address (" + std::string(special->name) + ", " +
                   std::string(special->network) +
                   "); only public addresses are reached by name: grant the address itself, as in --allow " +
                   url.origin.scheme + "://ADDRESS:" + std::to_string(url.origin.port));
  }
  return {};
}

}  // namespace warder::broker
