#include "engine/execution/zygote_line.h"

#include <utility>

#include "engine/execution/holdings.h"

namespace warder::execution {
namespace {

// The next zygote is launched when the current one has this share of its cells left, so that nobody waits for it.
constexpr std::uint64_t kShareAhead = 10;

}  // namespace

bool ZygoteLine::Serves(const std::shared_ptr<ZygoteHost>& zygote) const {
  return zygote && zygote->usable() && !zygote->retired() && zygote->spawned() < cells_per_zygote_;
}

Result<std::shared_ptr<ZygoteHost>> ZygoteLine::LaunchOne() {
  on_change_();
  return launch_();
}

Result<std::shared_ptr<ZygoteHost>> ZygoteLine::Current() {
  if (!Serves(current_)) {
    on_change_();
    current_ = std::exchange(next_, nullptr);  // the old one goes with its last cell, ready ones included
  }
  if (!Serves(current_)) {
    auto launched = LaunchOne();
    if (!launched) return launched.error();
    current_ = std::move(*launched);
  }
  if (!next_ && current_->spawned() >= cells_per_zygote_ - cells_per_zygote_ / kShareAhead) {
    // If that fails, it is tried again when it matters.
    if (auto launched = LaunchOne()) next_ = std::move(*launched);
  }
  return current_;
}

bool ZygoteLine::settled() const {
  const auto settled = [](const std::shared_ptr<ZygoteHost>& zygote) {
    return !zygote || (zygote->ready() && zygote->usable());
  };
  return settled(current_) && settled(next_);
}

std::optional<std::size_t> ZygoteLine::CountCells() const {
  std::size_t cells = 0;
  for (const auto& zygote : {current_, next_}) {
    if (!zygote) continue;
    const auto children = CountChildren(zygote->pid());
    if (!children || zygote->backlog() > 0) return std::nullopt;
    cells += *children;
  }
  return cells;
}

void ZygoteLine::DropLost() {
  for (auto* zygote : {&current_, &next_}) {
    if (!*zygote || (*zygote)->usable()) continue;
    on_change_();
    zygote->reset();
  }
}

}  // namespace warder::execution
