#include "engine/broker/admission.h"

#include <boost/asio/post.hpp>

namespace warder::broker {

// Out of memory here ends the process, as everywhere.
Admission::Ticket::~Ticket() {
  const bool had_slot = entry_->has_slot;
  entry_.reset();
  admission_.Leave(tenant_, had_slot);
}

std::unique_ptr<Admission::Ticket> Admission::Enter(const std::string& tenant, std::function<void()> admitted) {
  Queue& queue = queues_[tenant];
  std::erase_if(queue.waiting, [](const auto& entry) { return entry.expired(); });
  if (queue.waiting.size() >= options_.max_waiting_per_tenant) return nullptr;
  auto entry = std::make_shared<Entry>(Entry{std::move(admitted)});
  if (queue.waiting.empty()) turn_.push_back(tenant);
  queue.waiting.push_back(entry);
  AdmitNext();
  return std::make_unique<Ticket>(*this, tenant, std::move(entry));
}

void Admission::Leave(const std::string& tenant, bool had_slot) {
  if (had_slot) {
    --active_;
    --queues_[tenant].active;
  }
  Forget(tenant);
  AdmitNext();
}

void Admission::Forget(const std::string& tenant) {
  const auto found = queues_.find(tenant);
  if (found == queues_.end()) return;
  std::erase_if(found->second.waiting, [](const auto& entry) { return entry.expired(); });
  if (!found->second.waiting.empty()) return;
  turn_.remove(tenant);
  if (found->second.active == 0) queues_.erase(found);
}

void Admission::AdmitNext() {
  // One round gives each waiting tenant at most one slot; go round until a round gives none.
  for (bool any = true; any && active_ < options_.max_transfers && !turn_.empty();) {
    any = false;
    for (std::size_t rest = turn_.size(); rest > 0 && active_ < options_.max_transfers; --rest) {
      const std::string tenant = turn_.front();
      turn_.splice(turn_.end(), turn_, turn_.begin());
      any = AdmitOne(tenant) || any;
      if (queues_[tenant].waiting.empty()) turn_.remove(tenant);
    }
  }
}

bool Admission::AdmitOne(const std::string& tenant) {
  Queue& queue = queues_[tenant];
  while (queue.active < options_.max_transfers_per_tenant && !queue.waiting.empty()) {
    const std::weak_ptr<Entry> next = queue.waiting.front();
    queue.waiting.pop_front();
    const auto entry = next.lock();
    if (!entry) continue;
    entry->has_slot = true;
    ++queue.active;
    ++active_;
    boost::asio::post(loop_, [next] {
      if (const auto admitted = next.lock()) admitted->admitted();
    });
    return true;
  }
  return false;
}

}  // namespace warder::broker
