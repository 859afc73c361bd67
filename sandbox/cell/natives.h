// The functions that the runtime's JavaScript gets from C++.
//
// They are properties of an object, `host`, which exists only as the argument of a runtime script's one function: the
// runtime keeps the functions in closures, and no script can reach them. Their addresses are in the startup snapshot,
// so the tool that makes it and the cell have the same table.
#pragma once

#include <v8-context.h>
#include <v8-function-callback.h>
#include <v8-isolate.h>
#include <v8-object.h>
#include <v8-value.h>

#include <cstdint>
#include <span>
#include <string_view>

namespace warder::cell {

struct Native {
  std::string_view name;
  v8::FunctionCallback callback;
};

std::span<const Native> ByteNatives();         // natives_bytes.cc
std::span<const Native> CallNatives();         // fetches, timers, logs, errors: natives_calls.cc
std::span<const Native> CloneNatives();        // natives_clone.cc
std::span<const Native> CompressionNatives();  // natives_compression.cc
std::span<const Native> CryptoNatives();       // natives_crypto.cc
std::span<const Native> InspectNatives();      // natives_inspect.cc
std::span<const Native> RandomNatives();       // natives_random.cc
std::span<const Native> StepNatives();         // steps, the answer to a webhook: natives_steps.cc
std::span<const Native> StateNatives();        // what flows remember: natives_state.cc
std::span<const Native> TextNatives();         // encodings: natives_text.cc
std::span<const Native> UrlNatives();          // natives_url.cc
std::span<const Native> ObjectNatives();       // natives_objects.cc

// Throws the RangeError of an ArrayBuffer that there is no room for.
void ThrowNoMemory(v8::Isolate* isolate);
// A number of the runtime's; 0 for what is no number above zero that JavaScript counts to.
std::uint64_t ToUint64(v8::Local<v8::Value> value);

// The getter behind a lazy property, which a snapshot refers to as well.
intptr_t LazyPropertyReference();

// Null-terminated, as V8 wants it; constant for the life of the process.
const intptr_t* ExternalReferences();

// An object of the natives of these names, as MakeNatives makes it. Throws std::runtime_error where there is none.
v8::Local<v8::Object> MakeHost(v8::Local<v8::Context> context, std::span<const std::string_view> names);

// Gives `target` the native as a property.
void DefineNative(v8::Local<v8::Context> context, v8::Local<v8::Object> target, const Native& native);

// Natives as properties of an object without a prototype: no script's Object.prototype is between them and the runtime.
v8::Local<v8::Object> MakeNatives(v8::Local<v8::Context> context, std::span<const Native> table);

}  // namespace warder::cell
