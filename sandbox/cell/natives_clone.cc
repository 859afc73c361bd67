// HTML, section 2.7: structured clones, by V8's serialiser.
//
// What becomes of the platform's own objects stands in a private property of their interface's prototype, which no
// script can make, read or move: null where the interface is not serializable, else the function that copies one. An
// object is of the interface if the prototype is among its own, so what the function is given may be an imitation: it
// looks at the object's private fields, and gives undefined for what has none.
#include <v8-container.h>
#include <v8-function.h>
#include <v8-persistent-handle.h>
#include <v8-value-serializer.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/cell/checked_native.h"
#include "sandbox/cell/natives.h"
#include "sandbox/cell/stack_text.h"

namespace warder::cell {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

// Nobody derives deeper from an interface; a chain of prototypes that a script makes may be of any length.
constexpr int kMaxPrototypes = 16;
// Of one serialisation. It repeats a string as often as it occurs, so a small value may become a large one.
constexpr std::size_t kMaxCloneBytes = std::size_t{256} << 20;

v8::Local<v8::Private> CopyKey(v8::Isolate* isolate) {
  return v8::Private::ForApi(isolate, v8::String::NewFromUtf8Literal(isolate, "warder.copy"));
}

// Empty: an object of the script's own.
v8::MaybeLocal<v8::Value> CopyOf(v8::Local<v8::Context> context, v8::Local<v8::Object> object) {
  const auto key = CopyKey(context->GetIsolate());
  v8::Local<v8::Value> prototype = object->GetPrototypeV2();
  for (int i = 0; i < kMaxPrototypes && prototype->IsObject() && !prototype->IsProxy(); ++i) {
    const auto holder = prototype.As<v8::Object>();
    if (holder->HasPrivate(context, key).FromMaybe(false)) return holder->GetPrivate(context, key);
    prototype = holder->GetPrototypeV2();
  }
  return {};
}

class Cloner final : public v8::ValueSerializer::Delegate, public v8::ValueDeserializer::Delegate {
 public:
  Cloner(v8::Local<v8::Context> context, v8::Local<v8::Function> make_error)
      : context_(context), isolate_(context->GetIsolate()), make_error_(make_error), writer_(isolate_, this) {}
  Cloner(const Cloner&) = delete;
  Cloner& operator=(const Cloner&) = delete;
  ~Cloner() override = default;

  // Empty: it threw.
  v8::MaybeLocal<v8::Value> Clone(v8::Local<v8::Value> value, v8::Local<v8::Array> transfer) {
    writer_.WriteHeader();
    if (!NoteTransfers(transfer) || !writer_.WriteValue(context_, value).FromMaybe(false)) return {};
    const auto [data, size] = writer_.Release();
    const std::unique_ptr<std::uint8_t, FreeBytes> bytes(data);
    v8::ValueDeserializer reader(isolate_, data, size, this);
    reader_ = &reader;
    v8::MaybeLocal<v8::Value> clone;
    if (Transfer() && reader.ReadHeader(context_).FromMaybe(false)) clone = reader.ReadValue(context_);
    reader_ = nullptr;
    return clone;
  }

  void ThrowDataCloneError(v8::Local<v8::String> message) override {
    v8::Local<v8::Value> arguments[] = {message};
    v8::Local<v8::Value> error;
    if (make_error_->Call(context_, v8::Undefined(isolate_), 1, arguments).ToLocal(&error)) {
      isolate_->ThrowException(error);
    }
  }

  bool HasCustomHostObject(v8::Isolate*) override { return true; }

  v8::Maybe<bool> IsHostObject(v8::Isolate*, v8::Local<v8::Object> object) override {
    return v8::Just(!CopyOf(context_, object).IsEmpty());
  }

  v8::Maybe<bool> WriteHostObject(v8::Isolate*, v8::Local<v8::Object> object) override {
    v8::Local<v8::Value> copy;
    v8::Local<v8::Value> result;
    if (!CopyOf(context_, object).ToLocal(&copy)) return v8::Nothing<bool>();
    if (copy->IsString()) return Refuse("#<" + ToUtf8(isolate_, copy) + "> could not be cloned.");
    v8::Local<v8::Value> arguments[] = {object};
    if (!copy->IsFunction()) return v8::Nothing<bool>();
    if (!copy.As<v8::Function>()->Call(context_, v8::Undefined(isolate_), 1, arguments).ToLocal(&result)) {
      return v8::Nothing<bool>();
    }
    if (!result->IsObject()) return Refuse("An object that imitates one of the platform could not be cloned.");
    writer_.WriteUint32(static_cast<std::uint32_t>(copies_.size()));
    copies_.emplace_back(isolate_, result.As<v8::Object>());
    return v8::Just(true);
  }

  v8::MaybeLocal<v8::Object> ReadHostObject(v8::Isolate*) override {
    std::uint32_t index = 0;
    if (!reader_->ReadUint32(&index) || index >= copies_.size()) return {};
    return copies_[index].Get(isolate_);
  }

  void* ReallocateBufferMemory(void* old, std::size_t size, std::size_t* actual) override {
    if (size > kMaxCloneBytes) return nullptr;  // V8 makes a DataCloneError of it
    *actual = size;
    return std::realloc(old, size);
  }

 private:
  struct FreeBytes {
    void operator()(std::uint8_t* data) const { std::free(data); }
  };

  bool Fail(const std::string& message) {
    ThrowDataCloneError(
        v8::String::NewFromUtf8(isolate_, message.data(), v8::NewStringType::kNormal, static_cast<int>(message.size()))
            .ToLocalChecked());
    return false;
  }

  v8::Maybe<bool> Refuse(const std::string& message) {
    Fail(message);
    return v8::Nothing<bool>();
  }

  // HTML, section 2.7.7, steps 1 to 3.
  bool NoteTransfers(v8::Local<v8::Array> transfer) {
    for (std::uint32_t i = 0; i < transfer->Length(); ++i) {
      v8::Local<v8::Value> value;
      if (!transfer->Get(context_, i).ToLocal(&value)) return false;
      const std::string which = "The object at index " + std::to_string(i) + " of the transfer list ";
      if (!value->IsArrayBuffer()) return Fail(which + "cannot be transferred: only an ArrayBuffer can.");
      const auto buffer = value.As<v8::ArrayBuffer>();
      if (buffer->WasDetached()) return Fail(which + "is detached.");
      for (const auto& known : buffers_) {
        if (known == buffer) return Fail(which + "occurs twice.");
      }
      writer_.TransferArrayBuffer(i, buffer);
      buffers_.push_back(buffer);
    }
    return true;
  }

  // Step 5. A getter may have detached one while the value was written.
  bool Transfer() {
    for (std::uint32_t i = 0; i < buffers_.size(); ++i) {
      const auto& buffer = buffers_[i];
      if (buffer->WasDetached() || !buffer->IsDetachable()) {
        return Fail("The object at index " + std::to_string(i) + " of the transfer list is detached.");
      }
      auto store = buffer->GetBackingStore();
      if (buffer->Detach({}).IsNothing()) return false;
      reader_->TransferArrayBuffer(i, v8::ArrayBuffer::New(isolate_, std::move(store)));
    }
    return true;
  }

  v8::Local<v8::Context> context_;
  v8::Isolate* isolate_;
  v8::Local<v8::Function> make_error_;
  v8::ValueSerializer writer_;
  v8::ValueDeserializer* reader_ = nullptr;
  // Not locals: the writer opens a scope for each object that it goes into.
  std::vector<v8::Global<v8::Object>> copies_;
  std::vector<v8::Local<v8::ArrayBuffer>> buffers_;
};

// clone(value, transfer: any[], makeError: (message: string) => Error): any
void Clone(const Info& info) {
  Cloner cloner(info.GetIsolate()->GetCurrentContext(), info[2].As<v8::Function>());
  v8::Local<v8::Value> copy;
  if (cloner.Clone(info[0], info[1].As<v8::Array>()).ToLocal(&copy)) info.GetReturnValue().Set(copy);
}

// defineClone(prototype: object, copy: ((object: object) => object | undefined) | string)
void DefineClone(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  info[0].As<v8::Object>()->SetPrivate(isolate->GetCurrentContext(), CopyKey(isolate), info[1]).Check();
}

constexpr Native kNatives[] = {{"clone", Checked<Clone, Takes::kAny, Takes::kArray, Takes::kFunction>},
                               {"defineClone", Checked<DefineClone, Takes::kObject>}};

}  // namespace

std::span<const Native> CloneNatives() { return kNatives; }

}  // namespace warder::cell
