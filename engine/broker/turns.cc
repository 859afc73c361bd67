#include "engine/broker/turns.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "engine/base/loop_slice.h"
#include "engine/broker/coarse_clock.h"

namespace warder::broker {
namespace {

// Who has posted within this time has calls.
constexpr std::chrono::milliseconds kLately{100};
constexpr int kPause = 3;  // times the slice
// A few calls at once take some slices one after the other; who never comes to an end takes more.
constexpr int kSlicesInARow = 8;

}  // namespace

void Turns::Post(const std::string& tenant, std::weak_ptr<Turn> turn) {
  auto found = lines_.find(tenant);
  if (found == lines_.end()) {
    if (lines_.size() >= sweep_at_) {
      std::erase_if(lines_, [](const auto& each) { return !each.second->posted; });
      sweep_at_ = std::max<std::size_t>(64, 2 * lines_.size());
    }
    found = lines_.emplace(tenant, std::make_shared<Line>(shared_->loop)).first;
  }
  const std::shared_ptr<Line>& line = found->second;
  if (const auto last = last_.lock(); last != line) {
    if (last) shared_->changed = CoarseNow();
    last_ = line;
  }
  line->waiting.push_back(std::move(turn));
  if (!std::exchange(line->posted, true)) PostRun(shared_, line);
}

void Turns::PostRun(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Line>& line) {
  boost::asio::post(shared->loop, [shared, line] { Run(shared, line); });
}

void Turns::Run(const std::shared_ptr<Shared>& shared, const std::shared_ptr<Line>& line) {
  const LoopSlice slice;
  do {
    const auto turn = line->waiting.front().lock();
    line->waiting.pop_front();
    if (turn) turn->OnTurn();
  } while (!line->waiting.empty() && !slice.over());
  line->posted = !line->waiting.empty();
  line->slices = line->posted ? line->slices + 1 : 0;
  if (!line->posted) return;
  if (line->slices < kSlicesInARow || CoarseNow() - shared->changed > kLately) {
    PostRun(shared, line);
    return;
  }
  line->pause.expires_after(kPause * slice.length());
  line->pause.async_wait([shared, line](const boost::system::error_code&) { Run(shared, line); });
}

}  // namespace warder::broker
