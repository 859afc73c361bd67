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

void* BufferBudget::Taken(std::size_t length, void* data) {
  if (data == nullptr) {
    used_ -= length;
    refused_ = length;
  }
  return data;
}

void* BufferBudget::Allocate(std::size_t length) {
  return Take(length) ? Taken(length, std::calloc(1, std::max<std::size_t>(length, 1))) : nullptr;
}

void* BufferBudget::AllocateUninitialized(std::size_t length) {
  // What the last owner left must not show, and calloc of fresh pages costs nothing more.
  if (!to_be_filled_) return Allocate(length);
  return Take(length) ? Taken(length, std::malloc(std::max<std::size_t>(length, 1))) : nullptr;
}

std::unique_ptr<v8::BackingStore> BufferBudget::NewToBeFilled(v8::Isolate* isolate, std::size_t length) {
  to_be_filled_ = true;
  auto store = v8::ArrayBuffer::NewBackingStore(isolate, length, v8::BackingStoreInitializationMode::kUninitialized,
                                                v8::BackingStoreOnFailureMode::kReturnNull);
  to_be_filled_ = false;
  return store;
}

void BufferBudget::Free(void* data, std::size_t length) {
  std::free(data);
  used_ -= length;
}

}  // namespace warder::cell
