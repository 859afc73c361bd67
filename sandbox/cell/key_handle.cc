#include "sandbox/cell/key_handle.h"

#include <v8-persistent-handle.h>
#include <v8-template.h>
#include <v8-weak-callback-info.h>

#include <memory>
#include <utility>

#include "sandbox/cell/buffer_budget.h"
#include "sandbox/cell/natives.h"

namespace warder::cell {
namespace {

constexpr int kTagField = 0;
constexpr int kKeyField = 1;
constexpr int kFields = 2;

// The address tells such objects from all others that have internal fields.
alignas(8) char tag;

// Of what V8 keeps for the object and its weak handle, and for the CryptoKey around it.
constexpr std::size_t kHandleBytes = 256;

struct HeldKey {
  HeldKey(crypto::Key the_key, BufferBudget* the_budget, std::size_t the_weight)
      : key(std::move(the_key)), budget(the_budget), weight(the_weight) {}
  HeldKey(const HeldKey&) = delete;
  HeldKey& operator=(const HeldKey&) = delete;
  ~HeldKey() { budget->Discharge(weight); }

  crypto::Key key;
  BufferBudget* budget;
  std::size_t weight;
  v8::Global<v8::Object> handle;
};

// In the middle of a collection: touches nothing of V8's but the handle. There is no second pass: its tasks would never
// run (see FrozenPlatform).
void OnDead(const v8::WeakCallbackInfo<HeldKey>& info) {
  const std::unique_ptr<HeldKey> held(info.GetParameter());
  held->handle.Reset();
}

// As V8 does for buffers: one collection, then the RangeError.
bool Charge(v8::Isolate* isolate, BufferBudget* budget, std::size_t weight) {
  if (budget->Charge(weight)) return true;
  isolate->LowMemoryNotification();
  if (budget->Charge(weight)) return true;
  ThrowNoMemory(isolate);
  return false;
}

}  // namespace

v8::MaybeLocal<v8::Object> MakeKeyHandle(v8::Isolate* isolate, crypto::Key key) {
  // A cell's isolate has this allocator; see MakeIsolate.
  auto* const budget = static_cast<BufferBudget*>(isolate->GetArrayBufferAllocator());
  const std::size_t weight = key.Weight() + kHandleBytes;
  if (!Charge(isolate, budget, weight)) return {};
  auto held = std::make_unique<HeldKey>(std::move(key), budget, weight);
  const auto shape = v8::ObjectTemplate::New(isolate);
  shape->SetInternalFieldCount(kFields);
  v8::Local<v8::Object> object;
  if (!shape->NewInstance(isolate->GetCurrentContext()).ToLocal(&object)) return {};
  object->SetAlignedPointerInInternalField(kTagField, &tag);
  object->SetAlignedPointerInInternalField(kKeyField, held.get());
  held->handle.Reset(isolate, object);
  HeldKey* const owned_by_the_object = held.release();
  owned_by_the_object->handle.SetWeak(owned_by_the_object, OnDead, v8::WeakCallbackType::kParameter);
  return object;
}

const crypto::Key* KeyOf(v8::Local<v8::Value> value) {
  if (!value->IsObject()) return nullptr;
  const auto object = value.As<v8::Object>();
  if (object->InternalFieldCount() != kFields || object->GetAlignedPointerFromInternalField(kTagField) != &tag) {
    return nullptr;
  }
  return &static_cast<HeldKey*>(object->GetAlignedPointerFromInternalField(kKeyField))->key;
}

}  // namespace warder::cell
