// A cell until it can be given work: made, heard of, looked at; from then on its owner's.
//
// What is done here depends on the limits of the process alone and not on who will use it, so it can be done ahead (see
// CellPool). An owner may come at any time. Nobody gives the cell anything before every layer of its jail was found as
// it must be (P9); what it says before that, other than Ready, goes to its owner, who knows what to make of it.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/execution/cell_process.h"
#include "engine/execution/descriptor_ledger.h"
#include "engine/execution/posture.h"

namespace warder::execution {

class CellUser : public CellObserver {
 public:
  // The cell waits for work: see posture(). At most once.
  virtual void OnReady() = 0;
  // It exists; of no interest to most.
  void OnSpawned() override {}

 protected:
  ~CellUser() = default;
};

// How cells are looked at; the same for all of an engine.
struct Inspection {
  PostureObserver observe;
  std::vector<std::string> permit_degraded;
};

class PreparedCell final : private CellObserver {
 public:
  // Asks `zygote` for a cell. Throws std::system_error when the engine is out of descriptors. `user` and what is passed
  // by reference outlive it.
  PreparedCell(boost::asio::io_context& loop, std::shared_ptr<ZygoteHost> zygote, const zygote::CellLimits& limits,
               Usher& usher, const Inspection& inspection, CellUser& user);
  PreparedCell(const PreparedCell&) = delete;
  PreparedCell& operator=(const PreparedCell&) = delete;
  ~PreparedCell() = default;

  // From here on `user` hears of it. Of what has happened before, ready() tells.
  void GiveTo(CellUser& user) { user_ = &user; }

  CellProcess& process() { return process_; }
  const CellProcess& process() const { return process_; }
  const std::shared_ptr<ZygoteHost>& zygote() const { return zygote_; }
  const DescriptorLedger& ledger() const { return ledger_; }

  std::chrono::steady_clock::time_point asked_at() const { return asked_at_; }
  // It has said that it is behind its filter.
  bool said_ready() const { return said_ready_; }
  // It was looked at, and waits.
  bool ready() const { return ready_at_.has_value(); }
  std::chrono::steady_clock::time_point ready_at() const { return *ready_at_; }
  // What was found, judged; nothing: it could not be looked at, which posture_error says. Once ready.
  const std::optional<std::vector<LayerStatus>>& posture() const { return posture_; }
  const std::string& posture_error() const { return posture_error_; }
  // What setting up took, in order.
  const std::vector<proto::SetupStep>& steps() const { return steps_; }

 private:
  void OnSpawned() override;
  void OnFrame(const proto::FromCell& frame) override;
  void OnRequestBody(std::uint64_t call, std::string_view data, bool last) override;
  void OnStreamEnd(const std::string& error) override;
  void OnDeath(const CellDeath& death) override;
  void LookIfReady();

  const Inspection& inspection_;
  CellUser* user_;
  const std::shared_ptr<ZygoteHost> zygote_;
  const std::chrono::steady_clock::time_point asked_at_ = std::chrono::steady_clock::now();
  DescriptorLedger ledger_;
  bool said_ready_ = false;
  std::optional<std::chrono::steady_clock::time_point> ready_at_;
  std::optional<std::vector<LayerStatus>> posture_;
  std::string posture_error_;
  std::vector<proto::SetupStep> steps_;
  CellProcess process_;
};

// For the receipt.
proto::SetupStep MakeStep(const char* name, std::chrono::nanoseconds time);

}  // namespace warder::execution
