// A JavaScript exception as the engine is told of it: name, message, stack, causes.
#pragma once

#include <v8-context.h>
#include <v8-local-handle.h>
#include <v8-value.h>

#include "sandbox/proto/cell.pb.h"

namespace warder::cell {

// `value` is whatever was thrown. Reads its properties, so a script's getters may run; what they throw is ignored.
proto::ThrownError DescribeThrown(v8::Local<v8::Context> context, v8::Local<v8::Value> value);

}  // namespace warder::cell
