// The answer to a webhook that a cell has given.
#pragma once

#include "sandbox/proto/cell.pb.h"
#include "warder/engine.h"

namespace warder::execution {

// Null: it was taken. Else what is wrong with it: a cell's runtime sends nothing of the kind.
const char* TakeResponse(const proto::Respond& respond, WebhookResponse* response);

}  // namespace warder::execution
