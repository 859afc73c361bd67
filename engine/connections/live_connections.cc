#include "engine/connections/live_connections.h"

#include <boost/asio/post.hpp>
#include <map>
#include <utility>

#include "engine/connections/on_worker.h"

namespace warder::connections {
namespace {

constexpr std::chrono::seconds kLookPause{1};  // after a look that the disk kept from seeing

}  // namespace

Result<std::unique_ptr<LiveConnections>> LiveConnections::Make(boost::asio::io_context& loop, broker::Broker& broker,
                                                               std::shared_ptr<TenantStores> stores,
                                                               RefresherOptions options, RenewalTimes times,
                                                               CaretakerOptions care) {
  std::unique_ptr<LiveConnections> made(
      new LiveConnections(loop, broker, std::move(stores), std::move(options), times, std::move(care)));
  auto watch = BellWatch::Start(loop, made->stores_->bell(), [all = made.get()] { all->LookAtAll(); });
  if (!watch) return watch.error();
  made->watch_ = std::move(*watch);
  return made;
}

LiveConnections::LiveConnections(boost::asio::io_context& loop, broker::Broker& broker,
                                 std::shared_ptr<TenantStores> stores, RefresherOptions options, RenewalTimes times,
                                 CaretakerOptions care)
    : loop_(loop),
      stores_(std::move(stores)),
      times_(times),
      refresher_(loop, broker, workers_, stores_->state(), std::move(options)),
      caretaker_(loop, broker, workers_, stores_, std::move(care)),
      again_timer_(loop) {}

LiveConnections::~LiveConnections() {
  *alive_ = false;
  for (const auto& each : attached_) {
    const auto live = each.lock();
    if (!live) continue;
    live->owner_ = nullptr;
    live->on_lost_ = nullptr;
    live->ahead_.reset();
    live->end_.reset();
  }
  workers_.Join();
  lookers_.Join();
}

void LiveConnections::Attach(const std::shared_ptr<LiveConnection>& live, std::function<void()> on_lost) {
  std::erase_if(attached_, [](const auto& each) { return each.expired(); });
  attached_.push_back(live);
  live->owner_ = this;
  live->on_lost_ = std::move(on_lost);
  live->RenewAhead();
  live->WatchEnd();
  LookAt(live->store_);
}

void LiveConnections::Drain(std::function<void()> done) {
  refresher_.Drain([this, done = std::move(done)]() mutable { caretaker_.Drain(std::move(done)); });
}

// What a look asks for one holder, and what it answers: nothing for who has seen all there is.
struct LiveConnections::Asked {
  std::weak_ptr<LiveConnection> live;
  std::string name;
  std::uint64_t generation;
  std::uint64_t token_generation;
};
struct LiveConnections::Answer {
  std::weak_ptr<LiveConnection> live;
  Result<LiveConnection::Seen> seen;
};

std::vector<LiveConnections::Answer> LiveConnections::LookInto(ConnectionStore& store,
                                                               const std::vector<Asked>& asked) {
  std::vector<Answer> answers;
  const auto generations = store.Generations();
  for (const Asked& each : asked) {
    if (!generations) {
      answers.push_back({each.live, generations.error()});
      continue;
    }
    const auto found = generations->find(each.name);
    if (found != generations->end() && found->second == each.generation) continue;
    answers.push_back({each.live, LiveConnection::See(store, each.name, each.token_generation)});
  }
  return answers;
}

void LiveConnections::RecordCalls(const std::shared_ptr<LiveConnection>& live, const std::string& execution,
                                  CallsByOrigin calls, oauth::ScopeSet scopes) {
  workers_.Post(live->store()->tenant().text(), [store = live->store(), name = live->name(), execution,
                                                 calls = std::move(calls), scopes = std::move(scopes)] {
    // The use itself was recorded before it began; what cannot be added to it is lost with a full disk.
    [[maybe_unused]] const auto recorded = store->RecordCalls(name, execution, calls, scopes);
  });
}

void LiveConnections::LookAtAll() {
  std::erase_if(attached_, [](const auto& each) { return each.expired(); });
  std::set<std::shared_ptr<ConnectionStore>> stores;
  for (const auto& each : attached_) {
    if (const auto live = each.lock()) stores.insert(live->store_);
  }
  for (const auto& store : stores) LookAt(store);
}

void LiveConnections::LookAt(const std::shared_ptr<ConnectionStore>& store) {
  const auto [look, begun] = looks_.try_emplace(store, Look::kOnce);
  if (!begun) {
    look->second = Look::kAgain;
    return;
  }
  std::vector<Asked> asked;
  for (const auto& each : attached_) {
    const auto live = each.lock();
    if (!live || live->store_ != store) continue;
    asked.push_back({live, live->name_, live->snapshot_.generation, live->snapshot_.token_generation});
  }
  OnWorker(
      lookers_, store->tenant().text(), loop_, [store, asked = std::move(asked)] { return LookInto(*store, asked); },
      [this, alive = alive_, store](const std::vector<Answer>& answers) {
        if (*alive) OnAnswers(store, answers);
      });
}

void LiveConnections::OnAnswers(const std::shared_ptr<ConnectionStore>& store, const std::vector<Answer>& answers) {
  const auto look = looks_.find(store);
  const bool again = look->second == Look::kAgain;
  looks_.erase(look);
  bool unseen = false;
  const std::shared_ptr<bool> alive = alive_;
  for (const Answer& answer : answers) {
    unseen = unseen || (!answer.seen && answer.seen.error().kind == ErrorKind::kInternal);
    if (const auto live = answer.live.lock()) live->Look(answer.seen);
    if (!*alive) return;
  }
  if (unseen) LookAgainSoon();
  if (again) LookAt(store);
}

void LiveConnections::LookAgainSoon() {
  again_timer_.expires_after(kLookPause);
  again_timer_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
    if (!error && *alive) LookAtAll();
  });
}

}  // namespace warder::connections
