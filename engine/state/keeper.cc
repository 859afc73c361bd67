#include "engine/state/keeper.h"

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

template <typename Work, typename Done>
void Keeper::Do(const Owner& owner, std::shared_ptr<Account> account, Work work, Done done) {
  if (owner.instance.empty()) {
    boost::asio::post(
        loop_, [done = std::move(done), result = work(memory_[owner.tenant])]() mutable { done(std::move(result)); });
    return;
  }
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
  Do(
      owner, std::move(account), [key = std::move(key)](Store& store) { return store.Read(key); }, std::move(done));
}

void Keeper::Commit(const Owner& owner, std::vector<Change> changes, std::shared_ptr<Account> account,
                    CommitDone done) {
  Do(
      owner, std::move(account), [changes = std::move(changes)](Store& store) { return store.Commit(changes); },
      std::move(done));
}

}  // namespace warder::state
