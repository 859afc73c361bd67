#include "engine/broker/throttle.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

namespace warder::broker {

using Clock = TokenBucket::Clock;

Throttle::Throttle(boost::asio::io_context& loop, const ThrottleBounds& bounds, std::size_t max_waiting)
    : loop_(loop), bounds_(bounds), max_waiting_(max_waiting), next_token_(loop, [this] { AdmitNext(); }) {
  if (bounds.rate_count > 0) bucket_.emplace(bounds.rate_count, bounds.rate_period, bounds.rate_burst, Clock::now());
}

std::unique_ptr<Throttle::Ticket> Throttle::Enter(const std::shared_ptr<Throttle>& throttle,
                                                  std::function<void()> admitted) {
  auto& waiting = throttle->waiting_;
  if (waiting.size() >= throttle->max_waiting_) {
    std::erase_if(waiting, [](const auto& entry) { return entry.expired(); });
    if (waiting.size() >= throttle->max_waiting_) return nullptr;
  }
  auto entry = std::make_shared<Entry>(Entry{std::move(admitted)});
  waiting.push_back(entry);
  throttle->AdmitNext();
  return std::make_unique<Ticket>(throttle, std::move(entry));
}

Throttle::Ticket::~Ticket() {
  const bool under_way = entry_->under_way;
  entry_.reset();
  if (!under_way) return;
  --throttle_->active_;
  throttle_->AdmitNext();
}

void Throttle::AdmitNext() {
  while (!waiting_.empty()) {
    const auto entry = waiting_.front().lock();
    if (!entry) {
      waiting_.pop_front();
      continue;
    }
    if (bounds_.in_flight > 0 && active_ >= bounds_.in_flight) return;  // who leaves asks again
    if (bucket_) {
      if (const auto wait = bucket_->Take(Clock::now()); wait.count() > 0) {
        next_token_.Start(std::chrono::ceil<std::chrono::microseconds>(wait));
        return;
      }
    }
    waiting_.pop_front();
    entry->under_way = true;
    ++active_;
    boost::asio::post(loop_, [next = std::weak_ptr<Entry>(entry)] {
      if (const auto admitted = next.lock()) admitted->admitted();
    });
  }
}

bool Throttle::Idle() const { return active_ == 0 && waiting_.empty() && (!bucket_ || bucket_->Full(Clock::now())); }

std::shared_ptr<Throttle> Throttles::Use(const std::string& key, const ThrottleBounds& bounds) {
  if (!bounds.bounded()) return nullptr;
  if (const auto found = throttles_.find(key); found != throttles_.end()) return found->second;
  if (throttles_.size() >= sweep_at_) {
    std::erase_if(throttles_, [](const auto& each) { return each.second.use_count() == 1 && each.second->Idle(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * throttles_.size());
  }
  return throttles_.emplace(key, std::make_shared<Throttle>(loop_, bounds, max_waiting_)).first->second;
}

}  // namespace warder::broker
