#include "engine/execution/prepared_cell.h"

#include <utility>

namespace warder::execution {

using std::chrono::steady_clock;

proto::SetupStep MakeStep(const char* name, std::chrono::nanoseconds time) {
  proto::SetupStep step;
  step.set_name(name);
  step.set_nanoseconds(static_cast<std::uint64_t>(time.count()));
  return step;
}

PreparedCell::PreparedCell(boost::asio::io_context& loop, std::shared_ptr<ZygoteHost> zygote,
                           const zygote::CellLimits& limits, Usher& usher, const Inspection& inspection, CellUser& user)
    : inspection_(inspection),
      user_(&user),
      zygote_(std::move(zygote)),
      process_(loop, zygote_, limits, static_cast<CellObserver&>(*this), ledger_, usher) {}

void PreparedCell::OnSpawned() {
  user_->OnSpawned();
  LookIfReady();
}

void PreparedCell::OnFrame(const proto::FromCell& frame) {
  if (!frame.has_ready() || std::exchange(said_ready_, true)) {
    user_->OnFrame(frame);
    return;
  }
  constexpr int kMaxSteps = 64;
  for (const auto& step : frame.ready().steps()) {
    if (steps_.size() < kMaxSteps) steps_.push_back(step);
  }
  steps_.push_back(MakeStep("until-ready", steady_clock::now() - asked_at_));
  LookIfReady();
}

void PreparedCell::OnRequestBody(std::uint64_t call, std::string_view data, bool last) {
  user_->OnRequestBody(call, data, last);
}

void PreparedCell::OnStreamEnd(const std::string& error) { user_->OnStreamEnd(error); }

void PreparedCell::OnDeath(const CellDeath& death) { user_->OnDeath(death); }

// News of the process and of its filter come on two sockets.
void PreparedCell::LookIfReady() {
  if (ready_at_ || !said_ready_ || !process_.spawned()) return;
  steps_.push_back(MakeStep("cgroup", process_.cgroup_time()));
  const auto before = steady_clock::now();
  const auto found = inspection_.observe(process_.pidfd(), process_.ReportedLayers(), process_.OwnLimits());
  if (!found && process_.IsDead()) return;  // which is about to be heard of, and says more
  ready_at_ = steady_clock::now();
  steps_.push_back(MakeStep("posture", *ready_at_ - before));
  if (found) {
    posture_ = JudgePosture(*found, inspection_.permit_degraded);
  } else {
    posture_error_ = found.error().message;
  }
  user_->OnReady();
}

}  // namespace warder::execution
