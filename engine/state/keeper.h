// The state of all tenants, for the engine's loop: what blocks is done elsewhere, for each tenant one thing after the
// other, so that no tenant waits for another one's disk.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/connections/tenant_stores.h"
#include "engine/connections/workers.h"
#include "engine/state/memory_store.h"
#include "engine/state/store.h"

namespace warder::state {

// What was computed beside the loop for an execution, until it is closed. Thread-safe.
class Account {
 public:
  void Charge(std::chrono::nanoseconds time) { nanoseconds_ += time.count(); }
  std::chrono::nanoseconds charged() const { return std::chrono::nanoseconds(nanoseconds_.load()); }
  // What has not been begun is not done any more.
  void Close() { closed_ = true; }
  bool closed() const { return closed_; }

 private:
  std::atomic<std::chrono::nanoseconds::rep> nanoseconds_ = 0;
  std::atomic<bool> closed_ = false;
};

// Whose state an execution has.
struct Owner {
  std::string tenant;
  std::string instance;  // empty: it is in memory
};

using ReadDone = std::function<void(Result<Entry>)>;
using CommitDone = std::function<void(Result<Committed>)>;

// Of the loop's thread.
class Keeper {
 public:
  // What all tenants together may have in memory.
  static constexpr std::size_t kMaxBytesInMemory = std::size_t{256} << 20;

  // `stores`: null, where no execution has an instance.
  Keeper(boost::asio::io_context& loop, std::shared_ptr<connections::TenantStores> stores,
         std::size_t most_in_memory = kMaxBytesInMemory)
      : loop_(loop), stores_(std::move(stores)), most_in_memory_(most_in_memory) {}
  // Waits for what is being written.
  ~Keeper() = default;
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  Keeper(Keeper&&) = delete;
  Keeper& operator=(Keeper&&) = delete;

  // `done` is called once, from the loop; what came first of one tenant is done first. What it costs another thread is
  // charged to `account` by then.
  void Read(const Owner& owner, StateKey key, std::shared_ptr<Account> account, ReadDone done);
  void Commit(const Owner& owner, std::vector<Change> changes, std::shared_ptr<Account> account, CommitDone done);

 private:
  Result<Committed> CommitInMemory(const std::string& tenant, std::span<const Change> changes);
  // Calls `done` from the loop.
  template <typename Answer, typename Done>
  void Post(Answer answer, Done done);
  // Calls `work` with the owner's store where that may block, then `done` with what it returned.
  template <typename Work, typename Done>
  void Do(const Owner& owner, std::shared_ptr<Account> account, Work work, Done done);

  boost::asio::io_context& loop_;
  const std::shared_ptr<connections::TenantStores> stores_;
  const std::size_t most_in_memory_;
  std::map<std::string, MemoryStore> memory_;  // by tenant
  std::size_t bytes_in_memory_ = 0;
  // Apart from those that refresh connections: these do not wait for what flows remember.
  connections::Workers workers_;
};

}  // namespace warder::state
