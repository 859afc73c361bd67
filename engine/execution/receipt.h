// The receipt of an execution: what ran, under which policy and layers, what it did, how it ended and how it was torn
// down. One JSON object, described member by member in docs/receipt.md.
//
// No secret and no payload: a call has an origin that was granted and no path, the verdict is in the engine's words,
// never in the script's.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "engine/broker/capabilities.h"
#include "engine/execution/descriptor_ledger.h"
#include "engine/execution/holdings.h"
#include "engine/execution/verdict.h"

namespace warder::execution {

struct ReceiptFacts {
  const ExecutionRequest* request = nullptr;
  const Outcome* outcome = nullptr;
  const CellDeath* death = nullptr;
  const broker::Capabilities* egress = nullptr;
  std::vector<std::string> permit_degraded;
  std::string policy_sha256;
  std::string v8_version;
  std::string image;   // hash of the image
  std::string kernel;  // release
  StartMode start_mode = StartMode::kWarm;
  std::vector<proto::SetupStep> setup;
  std::optional<std::vector<LayerStatus>> posture;  // nothing: the cell never got so far
  std::chrono::system_clock::time_point requested;
  std::optional<std::chrono::system_clock::time_point> started;  // nothing: nothing of the tenant's ever ran
  std::chrono::system_clock::time_point ended;
  std::chrono::system_clock::time_point over;  // death and reaping are known
  DescriptorLedger::Count descriptors;
  // Where nothing else runs in the engine: what it holds, and held when it last had nothing to do.
  struct EngineHoldings {
    Holdings baseline;
    Holdings now;
  };
  std::optional<EngineHoldings> engine;
};

std::string MakeReceipt(const ReceiptFacts& facts);

}  // namespace warder::execution
