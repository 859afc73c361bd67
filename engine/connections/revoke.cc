#include "engine/connections/revoke.h"

#include <boost/asio/post.hpp>
#include <deque>
#include <utility>

#include "engine/connections/grant_request.h"
#include "engine/connections/on_worker.h"
#include "engine/oauth/revocation.h"

namespace warder::connections {
namespace {

using AtServer = DisconnectResult::AtServer;

constexpr std::chrono::seconds kTimeForAll{60};

Secret Field(const SecretFields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? Secret() : found->second.Copy();
}

// What blocks on the vault and what waits for the network, in turn, until somebody gives it up.
template <typename Self>
class Steps : public std::enable_shared_from_this<Self> {
 public:
  Steps(oauth::Exchange& exchange, Workers& workers, std::shared_ptr<ConnectionStore> store)
      : exchange_(exchange), workers_(workers), store_(std::move(store)) {}
  void Abandon() {
    alive_ = false;
    ticket_.reset();
  }

 protected:
  template <typename Task, typename Then>
  void Work(Task task, Then then) {
    OnWorker(workers_, store_->tenant().text(), exchange_.loop(), std::move(task),
             [self = this->shared_from_this(), then = std::move(then)](auto answer) {
               if (self->alive_) then(*self, std::move(answer));
             });
  }

  oauth::Exchange& exchange_;
  Workers& workers_;
  const std::shared_ptr<ConnectionStore> store_;
  bool alive_ = true;
  oauth::Ticket ticket_;
};

template <typename What>
class StepsTicket final : public oauth::Operation {
 public:
  explicit StepsTicket(std::shared_ptr<What> what) : what_(std::move(what)) {}
  ~StepsTicket() override { what_->Abandon(); }
  StepsTicket(const StepsTicket&) = delete;
  StepsTicket& operator=(const StepsTicket&) = delete;

 private:
  const std::shared_ptr<What> what_;
};

class One final : public Steps<One> {
 public:
  using Steps::Steps;

  void Start(const std::shared_ptr<const Taken>& taken, std::function<void(DisconnectResult)> done) {
    id_ = taken->revocation;
    done_ = std::move(done);
    switch (NeedOf(*taken, store_->now())) {
      case RevocationNeed::kNone:
        return EndSoon({});
      case RevocationNeed::kNoEndpoint:
        return EndSoon({AtServer::kFailed, WhyNotRevoked(*taken->oauth)});
      case RevocationNeed::kRevoke:
        break;
    }
    ticket_ =
        oauth::RevokeBoth(exchange_, std::make_shared<const oauth::Provider>(ProviderOf(*taken->oauth, taken->fields)),
                          Field(taken->fields, kRefreshToken), Field(taken->fields, kAccessToken),
                          [this](const oauth::Outcome<void>& revoked) {
                            const auto self = shared_from_this();
                            OnRevoked(revoked ? DisconnectResult{AtServer::kRevoked, {}}
                                              : DisconnectResult{AtServer::kFailed, revoked.error().message});
                          });
  }

 private:
  void EndSoon(DisconnectResult result) {
    boost::asio::post(exchange_.loop(), [self = shared_from_this(), result = std::move(result)] {
      if (self->alive_) self->done_(result);
    });
  }
  void OnRevoked(DisconnectResult result) {
    if (id_.empty()) return done_(std::move(result));
    std::optional<std::string> failure;
    if (result.at_server == AtServer::kFailed) failure = result.why;
    Work([store = store_, id = id_, failure = std::move(failure)] { return store->revocations().Settle(id, failure); },
         // Where that cannot be written down it is tried again, which harms nothing.
         [result = std::move(result)](One& one, const Result<void>&) { one.done_(result); });
  }

  std::string id_;
  std::function<void(DisconnectResult)> done_;
};

class All final : public Steps<All> {
 public:
  using Steps::Steps;

  void Start(Which which, std::function<void(Result<void>)> done) {
    done_ = std::move(done);
    Work(
        [store = store_, which]() -> Result<std::deque<std::string>> {
          const auto kept = store->revocations().List();
          if (!kept) return kept.error();
          std::deque<std::string> ids;
          for (const RevocationState& each : *kept) {
            if (which == Which::kAll || each.next <= store->now()) ids.push_back(each.id);
          }
          return ids;
        },
        [](All& all, Result<std::deque<std::string>> ids) {
          if (!ids) return all.done_(ids.error());
          all.ids_ = std::move(*ids);
          all.Next();
        });
  }

 private:
  void Next() {
    if (ids_.empty()) return done_({});
    const std::string id = std::move(ids_.front());
    ids_.pop_front();
    Work([store = store_, id] { return store->revocations().Load(id); },
         [](All& all, Result<std::optional<Taken>> taken) {
           if (!taken) return all.done_(taken.error());
           if (!*taken) return all.Next();
           all.ticket_ = Revoke(all.exchange_, all.workers_, all.store_,
                                std::make_shared<const Taken>(std::move(**taken)), [&all](const DisconnectResult&) {
                                  const auto self = all.shared_from_this();
                                  all.Next();
                                });
         });
  }

  std::function<void(Result<void>)> done_;
  std::deque<std::string> ids_;
};

}  // namespace

oauth::Ticket Revoke(oauth::Exchange& exchange, Workers& workers, std::shared_ptr<ConnectionStore> store,
                     const std::shared_ptr<const Taken>& taken, std::function<void(DisconnectResult)> done) {
  auto one = std::make_shared<One>(exchange, workers, std::move(store));
  one->Start(taken, std::move(done));
  return std::make_unique<StepsTicket<One>>(std::move(one));
}

oauth::Ticket RevokeKept(oauth::Exchange& exchange, Workers& workers, std::shared_ptr<ConnectionStore> store,
                         Which which, std::function<void(Result<void>)> done) {
  auto all = std::make_shared<All>(exchange, workers, std::move(store));
  all->Start(which, std::move(done));
  return std::make_unique<StepsTicket<All>>(std::move(all));
}

DisconnectResult RevokeNow(Network& network, const std::shared_ptr<ConnectionStore>& store, Taken taken) {
  std::optional<Result<DisconnectResult>> result;
  const oauth::Ticket ticket =
      Revoke(*network.exchange(), network.workers(), store, std::make_shared<const Taken>(std::move(taken)),
             [&](DisconnectResult done) { result = std::move(done); });
  return network.Await(result);
}

void RevokeKeptNow(const std::shared_ptr<ConnectionStore>& store) {
  if (Value(store->revocations().List()).empty()) return;
  Network network(store->tenant());
  bool over = false;
  const oauth::Ticket ticket =
      RevokeKept(*network.exchange(), network.workers(), store, Which::kAll, [&](const Result<void>&) { over = true; });
  network.RunFor(kTimeForAll, [&] { return over; });
}

}  // namespace warder::connections
