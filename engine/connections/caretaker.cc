#include "engine/connections/caretaker.h"

#include <algorithm>
#include <string>
#include <utility>

#include "engine/connections/on_worker.h"
#include "engine/connections/pending_authorizations.h"
#include "engine/connections/revoke.h"

namespace warder::connections {
namespace {

// Its own turn among the workers: no tenant is called that.
constexpr const char* kNoTenant = "#caretaker";

}  // namespace

struct Caretaker::Found {
  std::shared_ptr<ConnectionStore> store;  // with something to revoke; null: there is nothing
};

Caretaker::Caretaker(boost::asio::io_context& loop, broker::Broker& broker, Workers& workers,
                     std::shared_ptr<TenantStores> stores, CaretakerOptions options)
    : loop_(loop),
      broker_(broker),
      workers_(workers),
      stores_(std::move(stores)),
      options_(std::move(options)),
      timer_(loop),
      drain_timer_(loop) {
  Wait(options_.first);
}

Caretaker::~Caretaker() { *alive_ = false; }

void Caretaker::LookInto(const store::TenantId& tenant) {
  if (std::find(asked_.begin(), asked_.end(), tenant) == asked_.end()) asked_.push_back(tenant);
  Next();
}

void Caretaker::Drain(std::function<void()> done) {
  draining_ = true;
  on_drained_ = std::move(done);
  all_.clear();
  timer_.cancel();
  drain_timer_.expires_after(busy_ ? options_.drain : std::chrono::milliseconds(0));
  drain_timer_.async_wait([this, alive = alive_](const boost::system::error_code&) {
    if (*alive) std::exchange(on_drained_, nullptr)();
  });
}

void Caretaker::Wait(std::chrono::milliseconds time) {
  timer_.expires_after(time);
  timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) LookIntoAll();
  });
}

void Caretaker::LookIntoAll() {
  OnWorker(
      workers_, kNoTenant, loop_, [stores = stores_] { return stores->vault().ListTenants(); },
      [this, alive = alive_](Result<std::vector<store::TenantId>> tenants) {
        if (!*alive || draining_) return;
        // A keyring that cannot be read now is looked at the next time.
        if (tenants) all_.assign(tenants->begin(), tenants->end());
        Wait(options_.every);
        Next();
      });
}

// What fails for one tenant (it was shredded meanwhile, its file is damaged or locked) is told to who uses it, and is
// tried again the next time.
Caretaker::Found Caretaker::Tidy(TenantStores& stores, const store::TenantId& tenant) {
  // Not one of the stores that are kept open: those are the ones that are used.
  auto opened = stores.vault().OpenTenant(tenant);
  if (!opened) return {};
  auto store = std::make_shared<ConnectionStore>(std::move(*opened), stores.bell());
  if (const auto names = store->Names()) {
    for (const std::string& name : *names) [[maybe_unused]] const auto ended = store->Load(name);  // ends what is over
  }
  [[maybe_unused]] const auto cleared = PendingAuthorizations(store->vault()).ClearExpired();
  const auto kept = store->revocations().List();
  const auto due = [&](const RevocationState& each) { return each.next <= store->now(); };
  if (!kept || std::none_of(kept->begin(), kept->end(), due)) return {};
  return {std::move(store)};
}

void Caretaker::Next() {
  if (busy_) return;
  auto& queue = asked_.empty() ? all_ : asked_;
  if (queue.empty()) {
    if (draining_) drain_timer_.cancel();
    return;
  }
  busy_ = true;
  const store::TenantId tenant = std::move(queue.front());
  queue.pop_front();
  OnWorker(
      workers_, tenant.text(), loop_, [stores = stores_, tenant] { return Tidy(*stores, tenant); },
      [this, alive = alive_](const Found& found) {
        if (*alive) Revoke(found);
      });
}

void Caretaker::Revoke(const Found& found) {
  const auto over = [this, alive = alive_](const Result<void>&) {
    if (!*alive) return;
    const oauth::Ticket last = std::move(ticket_);
    busy_ = false;
    Next();
  };
  if (!found.store) return over({});
  exchange_.emplace(broker_, loop_, found.store->tenant().text(), options_.exchange);
  ticket_ = RevokeKept(*exchange_, workers_, found.store, Which::kDue, over);
}

}  // namespace warder::connections
