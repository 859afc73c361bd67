// Numbers for things that are kept elsewhere, in the order in which they are met.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sandbox/base/wiped.h"

namespace warder::broker {

// A hash table of the numbers alone (open addressing).
class Numbering {
 public:
  // The number of what hashes to `hash` and for which `is(number)` holds, or the next one, for which `hash_of(number)`
  // must then hold for all.
  template <typename Is, typename HashOf>
  std::uint32_t Find(std::size_t hash, Is is, HashOf hash_of) {
    if (count_ + 1 > slots_.size() / 2) Grow(hash_of);
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at] != 0 && !is(slots_[at] - 1)) at = (at + 1) & (slots_.size() - 1);
    if (slots_[at] == 0) slots_[at] = ++count_;
    return slots_[at] - 1;
  }

 private:
  template <typename HashOf>
  void Grow(HashOf hash_of) {
    slots_.assign(slots_.size() * 2, 0);
    for (std::uint32_t number = 0; number < count_; ++number) {
      std::size_t at = hash_of(number) & (slots_.size() - 1);
      while (slots_[at] != 0) at = (at + 1) & (slots_.size() - 1);
      slots_[at] = number + 1;
    }
  }

  std::uint32_t count_ = 0;
  WipedVector<std::uint32_t> slots_ = WipedVector<std::uint32_t>(512);  // a number + 1; 0: free
};

}  // namespace warder::broker
