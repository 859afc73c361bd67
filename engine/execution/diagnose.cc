#include "engine/execution/diagnose.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstring>
#include <utility>

#include "engine/execution/cell_process.h"

namespace warder::execution {
namespace {

constexpr std::chrono::seconds kReadyDeadline{15};

// A cell that is only looked at. Keeps itself alive until its death.
class Probe final : public CellObserver, public std::enable_shared_from_this<Probe> {
 public:
  Probe(boost::asio::io_context& loop, std::shared_ptr<ZygoteHost> zygote, jail::CgroupTree& cgroups,
        const PostureObserver& observe, std::span<const std::string> permit_degraded,
        std::function<void(Diagnosis)> callback)
      : loop_(loop),
        zygote_(std::move(zygote)),
        cgroups_(cgroups),
        observe_(observe),
        permit_degraded_(permit_degraded.begin(), permit_degraded.end()),
        callback_(std::move(callback)),
        deadline_(loop, kReadyDeadline) {}

  void Start() {
    const Limits limits;
    cell_ = std::make_unique<CellProcess>(
        loop_, zygote_, zygote::CellLimits{limits.heap_bytes + limits.array_buffer_bytes, limits.cpu_ms / 1000}, *this,
        ledger_, cgroups_);
    self_ = shared_from_this();
    deadline_.async_wait([this](const boost::system::error_code& error) {
      if (!error) cell_->Kill();
    });
  }

  // The measurement needs the process and a filter that is on; news of these come on two sockets.
  void OnSpawned() override { Observe(); }
  void OnFrame(const proto::FromCell& frame) override {
    ready_ = ready_ || frame.has_ready();
    Observe();
  }
  void OnRequestBody(std::uint64_t, std::string_view, bool) override {}
  void OnStreamEnd(const std::string&) override {}

  void OnDeath(const CellDeath& death) override {
    deadline_.cancel();
    if (!death.failed_layer.empty()) {
      diagnosis_.layers.push_back({death.failed_layer, LayerStatus::State::kUnavailable,
                                   death.failed_why.empty() ? std::strerror(death.failed_errno) : death.failed_why});
    }
    diagnosis_.v8_version = zygote_->report().v8_version;
    diagnosis_.enforceable = observed_ && MissingLayer(diagnosis_.layers) == nullptr;
    callback_(std::move(diagnosis_));
    boost::asio::post(loop_, [self = std::move(self_)] {});
  }

 private:
  void Observe() {
    if (!ready_ || !cell_->spawned() || observed_) return;
    if (const auto found = observe_(cell_->pidfd(), cell_->ReportedLayers(), cell_->OwnLimits())) {
      diagnosis_.layers = JudgePosture(*found, permit_degraded_);
      observed_ = true;
    } else {
      diagnosis_.layers.push_back({"cell", LayerStatus::State::kUnavailable, found.error().message});
    }
    cell_->Kill();
  }

  boost::asio::io_context& loop_;
  std::shared_ptr<ZygoteHost> zygote_;
  jail::CgroupTree& cgroups_;
  PostureObserver observe_;
  std::vector<std::string> permit_degraded_;
  std::function<void(Diagnosis)> callback_;
  boost::asio::steady_timer deadline_;
  DescriptorLedger ledger_;
  std::unique_ptr<CellProcess> cell_;
  std::shared_ptr<Probe> self_;
  Diagnosis diagnosis_;
  bool ready_ = false;
  bool observed_ = false;
};

}  // namespace

void DiagnoseCell(boost::asio::io_context& loop, std::shared_ptr<ZygoteHost> zygote, jail::CgroupTree& cgroups,
                  const PostureObserver& observe, std::span<const std::string> permit_degraded,
                  std::function<void(Diagnosis)> callback) {
  std::make_shared<Probe>(loop, std::move(zygote), cgroups, observe, permit_degraded, std::move(callback))->Start();
}

}  // namespace warder::execution
