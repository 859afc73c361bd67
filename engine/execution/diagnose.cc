#include "engine/execution/diagnose.h"

#include <boost/asio/post.hpp>
#include <cstring>
#include <utility>

namespace warder::execution {
namespace {

// A cell that is only looked at. Keeps itself alive until its death, which comes: zygotes and cells have deadlines.
class Probe final : public CellUser, public std::enable_shared_from_this<Probe> {
 public:
  Probe(boost::asio::io_context& loop, std::function<void(Diagnosis)> callback)
      : loop_(loop), callback_(std::move(callback)) {}

  void Start(std::shared_ptr<ZygoteHost> zygote, Usher& usher, const Inspection& inspection) {
    const Limits limits;
    const zygote::CellLimits cell{limits.heap_bytes + limits.array_buffer_bytes, limits.cpu_ms / 1000};
    cell_ = std::make_unique<PreparedCell>(loop_, std::move(zygote), cell, usher, inspection, *this);
    self_ = shared_from_this();
  }

  void OnReady() override {
    if (cell_->posture()) {
      diagnosis_.layers = *cell_->posture();
    } else {
      diagnosis_.layers.push_back({"cell", LayerStatus::State::kUnavailable, cell_->posture_error()});
    }
    cell_->process().Kill();
  }
  void OnFrame(const proto::FromCell&) override {}
  void OnRequestBody(std::uint64_t, std::string_view, bool) override {}
  void OnStreamEnd(const std::string&) override {}

  void OnDeath(const CellDeath& death) override {
    if (!death.failed_layer.empty()) {
      diagnosis_.layers.push_back({death.failed_layer, LayerStatus::State::kUnavailable,
                                   death.failed_why.empty() ? std::strerror(death.failed_errno) : death.failed_why});
    }
    diagnosis_.v8_version = cell_->zygote()->report().v8_version;
    diagnosis_.enforceable = cell_->ready() && cell_->posture() && MissingLayer(diagnosis_.layers) == nullptr;
    callback_(std::move(diagnosis_));
    boost::asio::post(loop_, [self = std::move(self_)] {});
  }

 private:
  boost::asio::io_context& loop_;
  std::function<void(Diagnosis)> callback_;
  std::unique_ptr<PreparedCell> cell_;
  std::shared_ptr<Probe> self_;
  Diagnosis diagnosis_;
};

}  // namespace

void DiagnoseCell(boost::asio::io_context& loop, std::shared_ptr<ZygoteHost> zygote, Usher& usher,
                  const Inspection& inspection, std::function<void(Diagnosis)> callback) {
  std::make_shared<Probe>(loop, std::move(callback))->Start(std::move(zygote), usher, inspection);
}

}  // namespace warder::execution
