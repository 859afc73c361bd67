// A key as JavaScript holds it: an object without properties whose internal field leads to the key.
//
// Only the runtime ever has such an object, in a private field of a CryptoKey. The key lives as long as the object, is
// counted against the cell's buffers, and is overwritten when the collector finds the object dead.
#pragma once

#include <v8-isolate.h>
#include <v8-object.h>

#include "sandbox/crypto/key.h"

namespace warder::cell {

// Nothing, with a RangeError thrown, where the budget of buffers has no room for it.
v8::MaybeLocal<v8::Object> MakeKeyHandle(v8::Isolate* isolate, crypto::Key key);

// Null for any other value.
const crypto::Key* KeyOf(v8::Local<v8::Value> value);

}  // namespace warder::cell
