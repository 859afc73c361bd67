// A native behind a check of what it is given.
//
// V8's As<> believes whoever calls it. The runtime gives natives what they take, but it is JavaScript among scripts
// that may have patched whatever it reaches, so a native's table says what it takes and nothing else gets through: a
// script that has made the runtime lie sees a TypeError.
#pragma once

#include <v8-exception.h>
#include <v8-function-callback.h>
#include <v8-isolate.h>
#include <v8-primitive.h>
#include <v8-value.h>

namespace warder::cell {

enum class Takes {
  kAny,  // the native looks itself
  kString,
  kNumber,
  kInt32,
  kUint32,
  kArray,
  kObject,
  kFunction,
  kPromise,
  kName,
  kView,  // an ArrayBufferView
  kUint8Array,
  kUint32Array,
  kFloat64Array,
};

template <Takes kTakes>
bool IsWhatItTakes(v8::Local<v8::Value> value) {
  switch (kTakes) {
    case Takes::kAny:
      return true;
    case Takes::kString:
      return value->IsString();
    case Takes::kNumber:
      return value->IsNumber();
    case Takes::kInt32:
      return value->IsInt32();
    case Takes::kUint32:
      return value->IsUint32();
    case Takes::kArray:
      return value->IsArray();
    case Takes::kObject:
      return value->IsObject();
    case Takes::kFunction:
      return value->IsFunction();
    case Takes::kPromise:
      return value->IsPromise();
    case Takes::kName:
      return value->IsName();
    case Takes::kView:
      return value->IsArrayBufferView();
    case Takes::kUint8Array:
      return value->IsUint8Array();
    case Takes::kUint32Array:
      return value->IsUint32Array();
    case Takes::kFloat64Array:
      return value->IsFloat64Array();
  }
  return false;
}

// The callback of a native whose arguments are, in turn, what `kTypes` says; there may be more of them.
template <v8::FunctionCallback kNative, Takes... kTypes>
void Checked(const v8::FunctionCallbackInfo<v8::Value>& info) {
  int i = 0;
  if ((IsWhatItTakes<kTypes>(info[i++]) && ...)) return kNative(info);
  v8::Isolate* const isolate = info.GetIsolate();
  isolate->ThrowException(v8::Exception::TypeError(
      v8::String::NewFromUtf8Literal(isolate,
                                     "the platform was handed a value of another type by a method that a "
                                     "script has replaced")));
}

}  // namespace warder::cell
