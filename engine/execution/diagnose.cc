#include "engine/execution/diagnose.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <utility>

#include "engine/execution/cell_process.h"
#include "sandbox/jail/layers.h"
#include "sandbox/jail/posture.h"

namespace warder::execution {
namespace {

constexpr std::chrono::seconds kReadyDeadline{15};

// A cell that is only looked at. Keeps itself alive until its death.
class Probe final : public CellObserver, public std::enable_shared_from_this<Probe> {
 public:
  Probe(boost::asio::io_context& loop, std::shared_ptr<ZygoteHost> zygote, std::function<void(Diagnosis)> callback)
      : loop_(loop), zygote_(std::move(zygote)), callback_(std::move(callback)), deadline_(loop, kReadyDeadline) {}

  void Start() {
    self_ = shared_from_this();
    const Limits limits;
    cell_ = std::make_unique<CellProcess>(
        loop_, zygote_, zygote::CellLimits{limits.heap_bytes + limits.array_buffer_bytes, limits.cpu_ms / 1000}, *this);
    deadline_.async_wait([this](const boost::system::error_code& error) {
      if (!error) cell_->Kill();
    });
  }

  void OnFrame(const proto::FromCell& frame) override {
    // The measurement needs the pid, which the zygote tells on another socket: either may come first.
    if (frame.has_ready()) boost::asio::post(loop_, [self = shared_from_this()] { self->Observe(20); });
  }
  void OnStreamEnd(const std::string&) override {}

  void OnDeath(const CellDeath& death) override {
    deadline_.cancel();
    if (!death.failed_layer.empty()) {
      Add(death.failed_layer, LayerStatus::State::kUnavailable, std::strerror(death.failed_errno));
    }
    diagnosis_.v8_version = zygote_->report().v8_version;
    diagnosis_.enforceable = observed_ && death.failed_layer.empty() && Enforceable();
    callback_(std::move(diagnosis_));
    boost::asio::post(loop_, [self = std::move(self_)] {});
  }

 private:
  void Observe(int tries) {
    if (!cell_->spawned() && tries > 0) {
      retry_.expires_after(std::chrono::milliseconds(5));
      retry_.async_wait([self = shared_from_this(), tries](const boost::system::error_code& error) {
        if (!error) self->Observe(tries - 1);
      });
      return;
    }
    std::vector<jail::LayerState> reported;
    for (const auto& layer : zygote_->report().layers) reported.push_back({layer.name, layer.enforced, layer.detail});
    if (const auto posture = jail::ObservePosture(cell_->pidfd(), reported)) {
      for (const jail::LayerState& layer : *posture) {
        Add(layer.name, layer.enforced ? LayerStatus::State::kEnforced : LayerStatus::State::kUnavailable,
            layer.detail);
      }
      observed_ = true;
    }
    cell_->Kill();
  }

  void Add(const std::string& name, LayerStatus::State state, std::string detail) {
    diagnosis_.layers.push_back({name, state, std::move(detail)});
  }

  bool Enforceable() const {
    for (const LayerStatus& layer : diagnosis_.layers) {
      const jail::LayerInfo* info = jail::FindLayer(layer.name);
      const bool optional = info != nullptr && info->requirement == jail::Requirement::kOptional;
      if (layer.state != LayerStatus::State::kEnforced && !optional) return false;
    }
    return true;
  }

  boost::asio::io_context& loop_;
  std::shared_ptr<ZygoteHost> zygote_;
  std::function<void(Diagnosis)> callback_;
  boost::asio::steady_timer deadline_;
  boost::asio::steady_timer retry_{loop_};
  std::unique_ptr<CellProcess> cell_;
  std::shared_ptr<Probe> self_;
  Diagnosis diagnosis_;
  bool observed_ = false;
};

}  // namespace

void DiagnoseCell(boost::asio::io_context& loop, std::shared_ptr<ZygoteHost> zygote,
                  std::function<void(Diagnosis)> callback) {
  std::make_shared<Probe>(loop, std::move(zygote), std::move(callback))->Start();
}

}  // namespace warder::execution
