// What a console must know of a value before it looks at it, without running anything of the script's.
#include <v8-container.h>
#include <v8-function.h>
#include <v8-object.h>
#include <v8-promise.h>

#include "sandbox/cell/checked_native.h"
#include "sandbox/cell/natives.h"

namespace warder::cell {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

// As in inspect.js.
enum Kind : int {
  kOther,
  kProxy,
  kArray,
  kTypedArray,
  kDataView,
  kArrayBuffer,
  kMap,
  kSet,
  kDate,
  kRegExp,
  kPromise,
  kError,
  kNumber,
  kString,
  kBoolean,
  kSymbol,
  kBigInt,
  kOpaque,  // what looking at would change it, or what cannot be looked into
};

Kind KindOf(v8::Local<v8::Value> value) {
  if (value->IsProxy()) return kProxy;
  if (value->IsArray()) return kArray;
  if (value->IsTypedArray()) return kTypedArray;
  if (value->IsDataView()) return kDataView;
  if (value->IsArrayBuffer()) return kArrayBuffer;
  if (value->IsMap()) return kMap;
  if (value->IsSet()) return kSet;
  if (value->IsDate()) return kDate;
  if (value->IsRegExp()) return kRegExp;
  if (value->IsPromise()) return kPromise;
  if (value->IsNativeError()) return kError;
  if (value->IsNumberObject()) return kNumber;
  if (value->IsStringObject()) return kString;
  if (value->IsBooleanObject()) return kBoolean;
  if (value->IsSymbolObject()) return kSymbol;
  if (value->IsBigIntObject()) return kBigInt;
  if (value->IsWeakMap() || value->IsWeakSet() || value->IsMapIterator() || value->IsSetIterator() ||
      value->IsGeneratorObject() || value->IsModuleNamespaceObject()) {
    return kOpaque;
  }
  return kOther;
}

// kindOf(value): number
void TellKind(const Info& info) { info.GetReturnValue().Set(static_cast<int>(KindOf(info[0]))); }

// inspectKeys(object): its own enumerable keys, but not the indices of an array. Never for a proxy.
void InspectKeys(const Info& info) {
  const auto context = info.GetIsolate()->GetCurrentContext();
  const auto object = info[0].As<v8::Object>();
  const bool indexed = object->IsArray() || object->IsTypedArray() || object->IsStringObject();
  v8::Local<v8::Array> keys;
  if (object->IsProxy()) return;
  if (object
          ->GetPropertyNames(context, v8::KeyCollectionMode::kOwnOnly, v8::ONLY_ENUMERABLE,
                             indexed ? v8::IndexFilter::kSkipIndices : v8::IndexFilter::kIncludeIndices,
                             v8::KeyConversionMode::kConvertToString)
          .ToLocal(&keys)) {
    info.GetReturnValue().Set(keys);
  }
}

// inspectPromise(promise): ["pending"], ["fulfilled", value] or ["rejected", reason]
void InspectPromise(const Info& info) {
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

constexpr Native kNatives[] = {{"kindOf", TellKind},
                               {"inspectKeys", Checked<InspectKeys, Takes::kObject>},
                               {"inspectPromise", Checked<InspectPromise, Takes::kPromise>}};

}  // namespace

std::span<const Native> InspectNatives() { return kNatives; }

}  // namespace warder::cell
