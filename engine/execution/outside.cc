#include "engine/execution/outside.h"

#include <utility>

#include "engine/execution/live_outside.h"
#include "engine/execution/recorded_outside.h"
#include "engine/execution/scripted_outside.h"
#include "warder/replay.h"

namespace warder::execution {

std::unique_ptr<Outside> MakeOutside(boost::asio::io_context& loop, broker::Broker& broker, state::Keeper& keeper,
                                     std::shared_ptr<broker::Capabilities> capabilities,
                                     const ExecutionRequest& request, const std::string& execution) {
  if (request.replay) return std::make_unique<RecordedOutside>(request.replay->tape());
  if (request.script) return std::make_unique<ScriptedOutside>(*request.script, request.limits);
  return std::make_unique<LiveOutside>(loop, broker, keeper, std::move(capabilities),
                                       state::Owner{request.tenant, request.instance}, execution);
}

}  // namespace warder::execution
