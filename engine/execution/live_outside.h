// The world: random seeds, the wall clock, the broker, timers that take their time, state that stays.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "engine/broker/broker.h"
#include "engine/execution/outside.h"

namespace warder::execution {

class LiveOutside final : public Outside {
 public:
  LiveOutside(boost::asio::io_context& loop, broker::Broker& broker, state::Keeper& keeper,
              std::shared_ptr<broker::Capabilities> capabilities, state::Owner owner, std::string execution);

  void Attach(OutsideHost&) override {}
  std::string ExecutionId() const override { return execution_; }
  void Begin(proto::Start* start) override;
  // Never goes back, whatever the wall clock does.
  std::uint64_t Clock() override;
  std::unique_ptr<broker::Call> StartCall(std::uint64_t number, broker::HttpRequest request,
                                          broker::CallObserver& observer) override;
  std::unique_ptr<Timer> StartTimer(std::uint64_t number, std::chrono::milliseconds delay,
                                    std::function<void()> fire) override;
  void ReadState(std::uint64_t number, StateKey key, state::ReadDone done) override;
  void CommitState(std::uint64_t number, std::vector<state::Change> changes, state::CommitDone done) override;
  void GiveUpState() override { account_->Close(); }
  std::chrono::nanoseconds SpentElsewhere() const override { return account_->charged(); }
  void OnSaid(const proto::FromCell&) override {}
  void OnSaidBody(std::uint64_t, std::string_view, bool) override {}
  void OnHandled() override {}
  void OnBarrier(std::uint64_t) override {}
  void OnStarted() override {}
  void Conclude(Outcome*) override {}

 private:
  boost::asio::io_context& loop_;
  broker::Broker& broker_;
  state::Keeper& keeper_;
  const std::shared_ptr<broker::Capabilities> capabilities_;
  const state::Owner owner_;
  const std::shared_ptr<state::Account> account_ = std::make_shared<state::Account>();
  const std::string execution_;
  std::uint64_t clock_us_ = 0;
};

}  // namespace warder::execution
