// What JavaScript cannot do to values itself: structured clones (HTML, section 2.7) a look into promises, and who
// calls.
#include <v8-container.h>
#include <v8-function.h>
#include <v8-promise.h>
#include <v8-value-serializer.h>

#include <cstdlib>
#include <memory>

#include "sandbox/cell/cell_state.h"
#include "sandbox/cell/natives.h"
#include "sandbox/cell/runtime.h"
#include "sandbox/cell/stack_text.h"

namespace warder::cell {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

class CloneDelegate final : public v8::ValueSerializer::Delegate {
 public:
  CloneDelegate(v8::Isolate* isolate, v8::Local<v8::Function> make_error)
      : isolate_(isolate), make_error_(make_error) {}

  void ThrowDataCloneError(v8::Local<v8::String> message) override {
    v8::Local<v8::Value> arguments[] = {message};
    v8::Local<v8::Value> error;
    if (make_error_->Call(isolate_->GetCurrentContext(), v8::Undefined(isolate_), 1, arguments).ToLocal(&error)) {
      isolate_->ThrowException(error);
    }
  }

 private:
  v8::Isolate* isolate_;
  v8::Local<v8::Function> make_error_;
};

struct FreeBytes {
  void operator()(std::uint8_t* data) const { std::free(data); }
};

// clone(value, makeError: (message: string) => Error): any
void Clone(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const auto context = isolate->GetCurrentContext();
  CloneDelegate delegate(isolate, info[1].As<v8::Function>());
  v8::ValueSerializer writer(isolate, &delegate);
  writer.WriteHeader();
  if (!writer.WriteValue(context, info[0]).FromMaybe(false)) return;
  const auto [data, size] = writer.Release();
  const std::unique_ptr<std::uint8_t, FreeBytes> bytes(data);
  v8::ValueDeserializer reader(isolate, data, size);
  v8::Local<v8::Value> copy;
  if (reader.ReadHeader(context).FromMaybe(false) && reader.ReadValue(context).ToLocal(&copy)) {
    info.GetReturnValue().Set(copy);
  }
}

// inspectPromise(value): undefined for what is no promise, else ["pending"], ["fulfilled", value] or ["rejected",
// reason]
void InspectPromise(const Info& info) {
  if (!info[0]->IsPromise()) return;
  v8::Isolate* const isolate = info.GetIsolate();
  const auto promise = info[0].As<v8::Promise>();
  if (promise->State() == v8::Promise::kPending) {
    v8::Local<v8::Value> parts[] = {v8::String::NewFromUtf8Literal(isolate, "pending")};
    info.GetReturnValue().Set(v8::Array::New(isolate, parts, 1));
    return;
  }
  v8::Local<v8::Value> parts[] = {promise->State() == v8::Promise::kFulfilled
                                      ? v8::String::NewFromUtf8Literal(isolate, "fulfilled")
                                      : v8::String::NewFromUtf8Literal(isolate, "rejected"),
                                  promise->Result()};
  info.GetReturnValue().Set(v8::Array::New(isolate, parts, 2));
}

// isProxy(value): boolean; inspecting a proxy must not run its traps.
void IsProxy(const Info& info) { info.GetReturnValue().Set(info[0]->IsProxy()); }

// The getter is in the part of the snapshot that all contexts share, so it must hold no function of the runtime: the
// serialiser would copy all that the function can reach. It asks the hooks instead.
void MakeLazily(v8::Local<v8::Name> name, const v8::PropertyCallbackInfo<v8::Value>& info) {
  v8::Local<v8::Value> value;
  const Runtime* const runtime = CellState::Of(info.GetIsolate()).runtime;
  if (runtime->Call("makeLazily", {name}).ToLocal(&value)) info.GetReturnValue().Set(value);
}

// defineLazy(target: object, name: string): a property that the hook makeLazily makes when it is first read
void DefineLazy(const Info& info) {
  const auto context = info.GetIsolate()->GetCurrentContext();
  info[0].As<v8::Object>()->SetLazyDataProperty(context, info[1].As<v8::Name>(), MakeLazily, {}, v8::DontEnum).Check();
}

// callerPlace(): [file, line, column] of the bundle's code that has called the runtime; ["", 0, 0] if none has
void CallerPlaceOf(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const ScriptPlace place = CallerPlace(isolate).value_or(ScriptPlace{});
  v8::Local<v8::Value> parts[] = {v8::String::NewFromUtf8(isolate, place.file.data(), v8::NewStringType::kNormal,
                                                          static_cast<int>(place.file.size()))
                                      .ToLocalChecked(),
                                  v8::Integer::New(isolate, place.line), v8::Integer::New(isolate, place.column)};
  info.GetReturnValue().Set(v8::Array::New(isolate, parts, 3));
}

constexpr Native kNatives[] = {{"clone", Clone},
                               {"inspectPromise", InspectPromise},
                               {"isProxy", IsProxy},
                               {"defineLazy", DefineLazy},
                               {"callerPlace", CallerPlaceOf}};

}  // namespace

std::span<const Native> ObjectNatives() { return kNatives; }

intptr_t LazyPropertyReference() { return reinterpret_cast<intptr_t>(MakeLazily); }

}  // namespace warder::cell
