#include "engine/broker/admission.h"

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
  if (queue.waiting.empty() && HasRoom(queue)) {  // whoever else waits, does so for their own tenant's bound
    Admit(queue, entry);
  } else {
    if (queue.waiting.empty()) turn_.push_back(tenant);
    queue.waiting.push_back(entry);
  }
  return std::make_unique<Ticket>(*this, tenant, std::move(entry));
}

bool Admission::HasRoom(const Queue& queue) const {
  return active_ < options_.max_transfers && queue.active < options_.max_transfers_per_tenant;
}

void Admission::Admit(Queue& queue, const std::shared_ptr<Entry>& entry) {
  entry->has_slot = true;
  ++queue.active;
  ++active_;
  entry->admitted();
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
  while (HasRoom(queue) && !queue.waiting.empty()) {
    const auto entry = queue.waiting.front().lock();
    queue.waiting.pop_front();
    if (!entry) continue;
    Admit(queue, entry);
    return true;
  }
  return false;
}

}  // namespace warder::broker
