#include "sandbox/cell/buffer_budget.h"

#include <algorithm>
#include <cstdlib>

namespace warder::cell {

bool BufferBudget::Take(std::size_t length) {
  const std::uint64_t slack = length <= kSmallBytes ? kSlackBytes : 0;
  const std::uint64_t ceiling = budget_ > UINT64_MAX - slack ? UINT64_MAX : budget_ + slack;
  if (length > ceiling || used_ > ceiling - length) {
    refused_ = length;
    return false;
  }
  used_ += length;
  peak_ = std::max(peak_, used_);
  return true;
}

void* BufferBudget::Allocate(std::size_t length) {
  if (!Take(length)) return nullptr;
  void* const data = std::calloc(1, std::max<std::size_t>(length, 1));
  if (data == nullptr) {
    used_ -= length;
    refused_ = length;
  }
  return data;
}

void* BufferBudget::AllocateUninitialized(std::size_t length) {
  // What the last owner left must not show, and calloc of fresh pages costs nothing more.
  return Allocate(length);
}

void BufferBudget::Free(void* data, std::size_t length) {
  std::free(data);
  used_ -= length;
}

}  // namespace warder::cell
