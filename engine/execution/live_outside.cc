#include "engine/execution/live_outside.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

#include "engine/base/text.h"

namespace warder::execution {
namespace {

class WaitingTimer final : public Outside::Timer {
 public:
  WaitingTimer(boost::asio::io_context& loop, std::chrono::milliseconds delay, std::function<void()> fire)
      : timer_(loop, delay) {
    // A timer that has expired cannot be cancelled any more: its handler looks whether it still exists.
    timer_.async_wait([fire = std::move(fire), alive = std::weak_ptr(alive_)](const boost::system::error_code& error) {
      if (!error && !alive.expired()) fire();
    });
  }

 private:
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  boost::asio::steady_timer timer_;
};

}  // namespace

LiveOutside::LiveOutside(boost::asio::io_context& loop, broker::Broker& broker, state::Keeper& keeper,
                         std::shared_ptr<broker::Capabilities> capabilities, state::Owner owner, std::string execution)
    : loop_(loop),
      broker_(broker),
      keeper_(keeper),
      capabilities_(std::move(capabilities)),
      owner_(std::move(owner)),
      execution_(std::move(execution)) {}

void LiveOutside::Begin(proto::Start* start) {
  start->set_seed(RandomBytes(32));
  start->set_execution_id(execution_);
  for (const auto& grant : capabilities_->connections()) {
    auto* connection = start->add_connections();
    connection->set_name(grant->name());
    connection->set_handle(grant->handle());
    connection->set_origin(grant->policy().base.ToString());
    for (const broker::Placeholder& placeholder : capabilities_->placeholders().all()) {
      if (placeholder.stands_for.connection != grant->name()) continue;
      auto* field = connection->add_placeholders();
      field->set_field(placeholder.stands_for.field);
      field->set_text(placeholder.text);
    }
  }
}

std::uint64_t LiveOutside::Clock() {
  using std::chrono::duration_cast;
  const auto now =
      duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  clock_us_ = std::max(clock_us_, static_cast<std::uint64_t>(now));
  return clock_us_;
}

std::unique_ptr<broker::Call> LiveOutside::StartCall(std::uint64_t /*number*/, broker::HttpRequest request,
                                                     broker::CallObserver& observer) {
  return broker_.Start(owner_.tenant, capabilities_, std::move(request), observer);
}

std::unique_ptr<Outside::Timer> LiveOutside::StartTimer(std::uint64_t /*number*/, std::chrono::milliseconds delay,
                                                        std::function<void()> fire) {
  return std::make_unique<WaitingTimer>(loop_, delay, std::move(fire));
}

void LiveOutside::ReadState(std::uint64_t /*number*/, StateKey key, state::ReadDone done) {
  keeper_.Read(owner_, std::move(key), account_, std::move(done));
}

void LiveOutside::CommitState(std::uint64_t /*number*/, std::vector<state::Change> changes, state::CommitDone done) {
  keeper_.Commit(owner_, std::move(changes), account_, std::move(done));
}

}  // namespace warder::execution
