// The zygotes of one profile, one after the other: the one that cells are made of now, and the one behind it when its
// time comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "engine/execution/zygote_host.h"
#include "sandbox/base/result.h"
#include "warder/engine.h"

namespace warder::execution {

class ZygoteLine {
 public:
  using Launch = std::function<Result<std::shared_ptr<ZygoteHost>>()>;

  // A zygote is replaced after `cells` cells. `on_change` is called before one comes or goes.
  ZygoteLine(std::uint64_t cells, Launch launch, std::function<void()> on_change)
      : cells_per_zygote_(cells), launch_(std::move(launch)), on_change_(std::move(on_change)) {}

  // Launches the first when it is first asked for one. The error says why there is none.
  Result<std::shared_ptr<ZygoteHost>> Current();

  // Lets go of those that have died.
  void DropLost();
  // None of them has anything left to open or to close: there are no others than those that are ready.
  bool settled() const;
  bool Has(const ZygoteHost& zygote) const { return current_.get() == &zygote; }

  // As the kernel counts them; nothing: some are just being made, or /proc does not say.
  std::optional<std::size_t> CountCells() const;

  // On the thread that made them.
  void Clear() {
    current_.reset();
    next_.reset();
  }

 private:
  bool Serves(const std::shared_ptr<ZygoteHost>& zygote) const;
  Result<std::shared_ptr<ZygoteHost>> LaunchOne();

  const std::uint64_t cells_per_zygote_;
  const Launch launch_;
  const std::function<void()> on_change_;
  std::shared_ptr<ZygoteHost> current_;
  std::shared_ptr<ZygoteHost> next_;  // null: it is not time yet
};

constexpr zygote::CellProfile ProfileOfCells(CellProfile profile) {
  return profile == CellProfile::kJit ? zygote::CellProfile::kJit : zygote::CellProfile::kJitless;
}

}  // namespace warder::execution
