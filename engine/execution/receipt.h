// The receipt of an execution: what ran, under which limits and layers, what it did, how it ended and how it was torn
// down. One JSON object; no secret, no payload.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "engine/execution/verdict.h"

namespace warder::execution {

struct ReceiptFacts {
  const ExecutionRequest* request = nullptr;
  const Outcome* outcome = nullptr;
  const CellDeath* death = nullptr;
  std::vector<proto::SetupStep> setup;
  zygote::Ready zygote;
  std::string image;  // hash of the image
  std::chrono::system_clock::time_point started;
  std::chrono::microseconds teardown{0};  // from the verdict until death and reaping were known
};

std::string MakeReceipt(const ReceiptFacts& facts);

}  // namespace warder::execution
