#include "engine/broker/turns.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "engine/base/loop_slice.h"

namespace warder::broker {

void Turns::Post(const std::string& tenant, std::weak_ptr<Turn> turn) {
  auto found = lines_.find(tenant);
  if (found == lines_.end()) {
    if (lines_.size() >= sweep_at_) {
      std::erase_if(lines_, [](const auto& each) { return !each.second->posted; });
      sweep_at_ = std::max<std::size_t>(64, 2 * lines_.size());
    }
    found = lines_.emplace(tenant, std::make_shared<Line>()).first;
  }
  const std::shared_ptr<Line>& line = found->second;
  line->waiting.push_back(std::move(turn));
  if (!std::exchange(line->posted, true)) PostRun(loop_, line);
}

void Turns::PostRun(boost::asio::io_context& loop, const std::shared_ptr<Line>& line) {
  boost::asio::post(loop, [&loop, line] {
    const LoopSlice slice;
    do {
      const auto turn = line->waiting.front().lock();
      line->waiting.pop_front();
      if (turn) turn->OnTurn();
    } while (!line->waiting.empty() && !slice.over());
    line->posted = !line->waiting.empty();
    if (line->posted) PostRun(loop, line);
  });
}

}  // namespace warder::broker
