#include "engine/state/keeper.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <type_traits>
#include <utility>

#include "engine/base/thread_time.h"
#include "engine/connections/on_worker.h"
#include "engine/state/vault_store.h"
#include "engine/store/tenant_id.h"

namespace warder::state {
namespace {

Result<std::unique_ptr<Store>> Open(connections::TenantStores* stores, const Owner& owner) {
  if (stores == nullptr) return InvalidInput("there is no vault to keep the state of an instance in");
  const auto tenant = store::TenantId::Parse(owner.tenant);
  if (!tenant) return tenant.error();
  auto found = stores->Of(*tenant);
  if (!found) return found.error();
  return std::unique_ptr<Store>(std::make_unique<VaultStore>((*found)->vault(), owner.instance));
}

}  // namespace

template <typename Answer, typename Done>
void Keeper::Post(Answer answer, Done done) {
  boost::asio::post(loop_, [done = std::move(done), answer = std::move(answer)]() mutable { done(std::move(answer)); });
}

Result<Committed> Keeper::CommitInMemory(const std::string& tenant, std::span<const Change> changes) {
  const bool adds = std::any_of(changes.begin(), changes.end(), [](const Change& each) { return each.json; });
  if (adds && bytes_in_memory_ >= most_in_memory_) {
    return Refused("the engine has no more room for the state of executions without an instance: " +
                   std::to_string(most_in_memory_) + " bytes for all tenants; give it an instance");
  }
  MemoryStore& store = memory_[tenant];
  const std::size_t before = store.bytes();
  auto committed = store.Commit(changes);
  bytes_in_memory_ = bytes_in_memory_ - before + store.bytes();
  return committed;
}

template <typename Work, typename Done>
void Keeper::Do(const Owner& owner, std::shared_ptr<Account> account, Work work, Done done) {
  using Answer = std::invoke_result_t<Work, Store&>;
  connections::OnWorker(
      workers_, owner.tenant, loop_,
      [stores = stores_, owner, account = std::move(account), work = std::move(work)] {
        if (account->closed()) return Answer(Refused("the execution is over"));
        const auto begun = ThreadCpuTime();
        const auto store = Open(stores.get(), owner);
        Answer result = store ? work(**store) : Answer(store.error());
        account->Charge(ThreadCpuTime() - begun);
        return result;
      },
      std::move(done));
}

void Keeper::Read(const Owner& owner, StateKey key, std::shared_ptr<Account> account, ReadDone done) {
  if (owner.instance.empty()) {
    const auto found = memory_.find(owner.tenant);
    return Post(found == memory_.end() ? Result<Entry>(Entry()) : found->second.Read(key), std::move(done));
  }
  Do(
      owner, std::move(account), [key = std::move(key)](Store& store) { return store.Read(key); }, std::move(done));
}

void Keeper::Commit(const Owner& owner, std::vector<Change> changes, std::shared_ptr<Account> account,
                    CommitDone done) {
  if (owner.instance.empty()) return Post(CommitInMemory(owner.tenant, changes), std::move(done));
  Do(
      owner, std::move(account), [changes = std::move(changes)](Store& store) { return store.Commit(changes); },
      std::move(done));
}

}  // namespace warder::state
