// Which addresses libcurl's own table has for the hosts of a pool.
//
// What a transfer pins (CURLOPT_RESOLVE) stays in the table of its multi handle for all later ones, and reading a pin
// costs more than all that the broker checks of a short call. So a pin that the table has is not given again. The table
// is a convenience only: where a transfer may connect, its own list says (Transfer::Judged).
#pragma once

#include <cstdint>
#include <map>

#include "engine/broker/destination.h"

namespace warder::broker {

class Pins {
 public:
  // A transfer is about to begin that may connect to these only. 0: the table has them; else it must pin them, and
  // tell by this number when libcurl has taken them.
  std::uint64_t Pin(const Origin& peer, const AddressList& addresses) {
    const auto found = pins_.find(peer);
    if (found != pins_.end() && found->second.taken && found->second.addresses == addresses) return 0;
    if (found == pins_.end() && pins_.size() >= kMost) pins_.clear();
    pins_[peer] = {++last_, addresses, false};
    return last_;
  }

  // Which of two pins for one host libcurl took last is known only where there was one.
  void Took(std::uint64_t number) {
    for (auto& [peer, pin] : pins_) {
      if (pin.number == number) pin.taken = true;
    }
  }

 private:
  struct Entry {
    std::uint64_t number;
    AddressList addresses;
    bool taken;
  };
  static constexpr std::size_t kMost = 256;

  std::map<Origin, Entry> pins_;
  std::uint64_t last_ = 0;
};

}  // namespace warder::broker
