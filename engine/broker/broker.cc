#include "engine/broker/broker.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "engine/broker/call_state.h"

namespace warder::broker {
namespace {

// What the caller holds. The state lives on while it is being delivered from, so that the handle may go at any time.
class CallHandle final : public Call {
 public:
  explicit CallHandle(std::shared_ptr<CallState> state) : state_(std::move(state)) {}
  ~CallHandle() override { state_->Abandon(); }
  CallHandle(const CallHandle&) = delete;
  CallHandle& operator=(const CallHandle&) = delete;
  CallHandle(CallHandle&&) = delete;
  CallHandle& operator=(CallHandle&&) = delete;

  void SendBody(std::string_view data, bool last) override { state_->SendBody(data, last); }
  void GrantResponse(std::uint64_t bytes) override { state_->GrantResponse(bytes); }
  const std::string& connection() const override { return state_->connection(); }

 private:
  const std::shared_ptr<CallState> state_;
};

}  // namespace

class Broker::Impl {
 public:
  Impl(boost::asio::io_context& loop, BrokerOptions options)
      : core_(std::make_shared<BrokerCore>(loop, std::move(options))), look_(loop, [this] { LookForSilence(); }) {}
  ~Impl() {
    for (const auto& call : calls_) {
      if (const auto state = call.lock()) state->Abandon();
    }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  Impl(Impl&&) = delete;
  Impl& operator=(Impl&&) = delete;

  std::unique_ptr<Call> Start(const std::string& tenant, std::shared_ptr<Capabilities> capabilities,
                              HttpRequest request, CallObserver& observer) {
    auto state = std::make_shared<CallState>(core_, tenant, std::move(capabilities), observer);
    if (calls_.size() >= sweep_at_) {
      std::erase_if(calls_, [](const auto& call) { return call.expired(); });
      sweep_at_ = std::max<std::size_t>(64, 2 * calls_.size());
    }
    if (calls_.empty()) look_.Start(LookInterval());
    calls_.push_back(state);
    state->Begin(std::move(request));
    return std::make_unique<CallHandle>(std::move(state));
  }

 private:
  // A timer for each call would be set and stopped every time, and expire hardly ever.
  void LookForSilence() {
    std::erase_if(calls_, [](const auto& call) { return call.expired(); });
    for (const auto& call : std::vector(calls_)) {
      if (const auto state = call.lock()) state->CheckSilence();
    }
    if (!calls_.empty()) look_.Start(LookInterval());
  }
  std::chrono::milliseconds LookInterval() const {
    using std::chrono::milliseconds;
    return std::clamp<milliseconds>(core_->options.idle_timeout / 16, milliseconds(1), milliseconds(1000));
  }

  std::shared_ptr<BrokerCore> core_;
  std::vector<std::weak_ptr<CallState>> calls_;  // some have ended
  std::size_t sweep_at_ = 64;
  LoopTimer look_;  // while there are calls
};

Broker::Broker(boost::asio::io_context& loop, BrokerOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
Broker::~Broker() = default;

std::unique_ptr<Call> Broker::Start(const std::string& tenant, std::shared_ptr<Capabilities> capabilities,
                                    HttpRequest request, CallObserver& observer) {
  return impl_->Start(tenant, std::move(capabilities), std::move(request), observer);
}

}  // namespace warder::broker
