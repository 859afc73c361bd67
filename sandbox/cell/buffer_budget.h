// The memory of ArrayBuffers, and of what else JavaScript objects own outside of V8's heap, counted against a budget.
//
// Past the budget an allocation fails, V8 collects garbage and tries again, and then the script sees a RangeError.
// Small allocations go through for a while even then, so that handling that error (an encoder, a stream chunk) still
// works.
//
// Not counted: resizable ArrayBuffers, whose pages V8 maps itself. RLIMIT_DATA bounds those together with the heap.
#pragma once

#include <v8-array-buffer.h>

#include <cstddef>
#include <cstdint>
#include <memory>

namespace warder::cell {

class BufferBudget final : public v8::ArrayBuffer::Allocator {
 public:
  static constexpr std::size_t kSmallBytes = std::size_t{4} << 10;
  static constexpr std::size_t kSlackBytes = std::size_t{1} << 20;

  // Before the first call there is no bound: nothing but the runtime allocates then.
  void SetBudget(std::uint64_t bytes) { budget_ = bytes; }

  std::uint64_t peak_bytes() const { return peak_; }
  // Size of the last allocation that was refused; 0: none.
  std::uint64_t refused_bytes() const { return refused_; }

  // A buffer that the caller overwrites to the last byte before a script sees it: the only one that is not zeroed. V8
  // collects garbage where the budget is used up; null: that did not help.
  std::unique_ptr<v8::BackingStore> NewToBeFilled(v8::Isolate* isolate, std::size_t length);

  // For memory that somebody else allocates on behalf of an object. False: there is no room; a collection may make
  // some.
  bool Charge(std::size_t length) { return Take(length); }
  void Discharge(std::size_t length) { used_ -= length; }

  void* Allocate(std::size_t length) override;
  void* AllocateUninitialized(std::size_t length) override;
  void Free(void* data, std::size_t length) override;

 private:
  bool Take(std::size_t length);
  void* Taken(std::size_t length, void* data);

  std::uint64_t budget_ = UINT64_MAX;
  std::uint64_t used_ = 0;
  std::uint64_t peak_ = 0;
  std::uint64_t refused_ = 0;
  bool to_be_filled_ = false;  // the allocation that V8 is about to make
};

}  // namespace warder::cell
