// How many transfers run at once: a bound per tenant and one for all, first come first served within a tenant, tenants
// in turn. A tenant that starts a thousand calls waits for itself, not the others for it.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "engine/broker/broker_options.h"

namespace warder::broker {

class Admission {
 public:
  // A place in the queue, then a slot. Destroying it gives up whichever it is. The Admission must outlive it.
  class Ticket;

  explicit Admission(const BrokerOptions& options) : options_(options) {}

  // `admitted` is called once, when there is a slot: from inside this, or where another one's ticket goes. It may only
  // note that. Null: the tenant's queue is full.
  [[nodiscard]] std::unique_ptr<Ticket> Enter(const std::string& tenant, std::function<void()> admitted);

 private:
  struct Entry {
    std::function<void()> admitted;
    bool has_slot = false;
  };
  struct Queue {
    std::size_t active = 0;
    std::deque<std::weak_ptr<Entry>> waiting;  // those that gave up have expired
  };

  bool HasRoom(const Queue& queue) const;
  void Admit(Queue& queue, const std::shared_ptr<Entry>& entry);
  void Leave(const std::string& tenant, bool had_slot);
  void AdmitNext();
  bool AdmitOne(const std::string& tenant);
  void Forget(const std::string& tenant);

  const BrokerOptions& options_;
  std::size_t active_ = 0;
  std::map<std::string, Queue> queues_;
  std::list<std::string> turn_;  // tenants with somebody waiting
};

class Admission::Ticket {
 public:
  Ticket(Admission& admission, std::string tenant, std::shared_ptr<Entry> entry)
      : admission_(admission), tenant_(std::move(tenant)), entry_(std::move(entry)) {}
  ~Ticket();
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  Ticket(Ticket&&) = delete;
  Ticket& operator=(Ticket&&) = delete;

 private:
  Admission& admission_;
  const std::string tenant_;
  std::shared_ptr<Entry> entry_;
};

}  // namespace warder::broker
