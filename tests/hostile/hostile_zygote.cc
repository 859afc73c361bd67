// The zygote of the hostile image: the jail is that of real cells, the program in it is an attacker. A cell gets one
// order, tries the probe and reports.
//
// Built twice: hostile_zygote, and hostile_zygote_unfiltered, which is linked with no_filter.cc.
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "sandbox/zygote/fork_server.h"
#include "tests/hostile/attempt.h"
#include "tests/hostile/code_range.h"
#include "tests/hostile/order.h"
#include "tests/hostile/probe.h"

namespace {

using warder::hostile::Group;
using warder::hostile::Order;
using warder::zygote::CellProfile;

// Made before the seal, so that cells find it in memory.
std::vector<Group>& Groups() {
  static std::vector<Group> groups;
  return groups;
}

bool WriteAll(int socket, const std::string& text) {
  return write(socket, text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

int RunCell(warder::zygote::CellContext& context) {
  Order order;
  if (!WriteAll(context.socket, "ready\n")) return 2;
  if (read(context.socket, &order, sizeof order) != sizeof order) return 2;
  const auto& probe = Groups().at(order.group).probes.at(order.probe);
  return WriteAll(context.socket, warder::hostile::RunAttempt(probe, order.world)) ? 0 : 2;
}

}  // namespace

int main() {
  warder::zygote::ZygoteHooks hooks;
  auto profile = CellProfile::kJitless;
  hooks.initialise = [&profile](CellProfile of) {
    profile = of;
    Groups() = warder::hostile::AllGroups();
    return "none";
  };
  // Where V8 would make its code range.
  hooks.warm_up = [&profile] {
    if (profile == CellProfile::kJit) warder::hostile::MakeCodeRange();
  };
  hooks.run_cell = RunCell;
  return warder::zygote::RunZygote(hooks);
}
