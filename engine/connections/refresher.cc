#include "engine/connections/refresher.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "engine/connections/grant_request.h"
#include "engine/connections/on_worker.h"
#include "engine/connections/refresh_lock.h"
#include "engine/connections/revoke.h"
#include "engine/oauth/token_request.h"

namespace warder::connections {
namespace {

using std::chrono::steady_clock;

// Whether the request may be sent once more although the first may have been answered.
bool Repeatable(const OAuthGrant& grant) {
  return !UsesRefreshToken(grant.kind) || grant.rotation == OAuthGrant::Rotation::kStays;
}

// What a failure makes of the connection; nothing: it may pass.
std::optional<State> Fatal(const oauth::Failure& failure, const OAuthGrant& grant) {
  switch (failure.problem) {
    case oauth::Problem::kInvalidGrant:
    case oauth::Problem::kInvalidClient:
    case oauth::Problem::kInvalidScope:
    case oauth::Problem::kAccessDenied:
    case oauth::Problem::kExpired:
    case oauth::Problem::kDeclined:
    case oauth::Problem::kBadRequest:
      return State::kNeedsReauth;
    default:  // kUnexplained among them: RFC 6749 section 5.2 has a code for every judgement of a grant
      break;
  }
  if (failure.fate == oauth::Fate::kUnknown && !Repeatable(grant)) return State::kInDoubt;
  return std::nullopt;
}

}  // namespace

class Refresher::Flight : public std::enable_shared_from_this<Flight> {
 public:
  Flight(Refresher& refresher, std::shared_ptr<ConnectionStore> store, std::string name)
      : refresher_(&refresher),
        store_(std::move(store)),
        name_(std::move(name)),
        loop_(refresher.loop_),
        workers_(refresher.workers_),
        state_(refresher.state_),
        options_(refresher.options_),
        exchange_(refresher.broker_, refresher.loop_, store_->tenant().text(), refresher.options_.exchange),
        timer_(refresher.loop_),
        give_up_(steady_clock::now() + refresher.options_.lock_wait) {}

  void Join(std::uint64_t seen, Done done) {
    seen_.insert(seen);
    waiting_.push_back(std::move(done));
  }

  void Lock() {
    Work([state = state_, store = store_, name = name_] { return RefreshLock::Try(state, store->tenant(), name); },
         &Flight::OnLock);
  }

  // Whether it may be written down that a request is about to be sent.
  bool begun() const { return begun_; }

  // The refresher goes: nobody is told anything any more.
  void Abandon() {
    refresher_ = nullptr;
    waiting_.clear();
    timer_.cancel();
    ticket_.reset();
  }

 private:
  // Runs `work` on the workers, then the member `next` with its result, unless all was given up meanwhile.
  template <typename Task, typename Answer>
  void Work(Task task, void (Flight::*next)(Answer)) {
    OnWorker(workers_, store_->tenant().text(), loop_, std::move(task),
             [self = shared_from_this(), next](Answer answer) {
               if (self->refresher_ != nullptr) ((*self).*next)(std::forward<Answer>(answer));
             });
  }

  void OnLock(Result<std::optional<RefreshLock>> lock) {
    if (!lock) return Fail(lock.error());
    if (!*lock) {
      if (steady_clock::now() > give_up_) {
        return Fail(Internal("another process is refreshing the connection \"" + name_ + "\" and does not end"));
      }
      timer_.expires_after(options_.lock_pause);
      timer_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
        if (!error && self->refresher_ != nullptr) self->Lock();
      });
      return;
    }
    lock_ = std::move(*lock);
    options_.on_step("locked");
    Load();
  }

  void Load() {
    Work([store = store_, name = name_] { return store->Load(name); }, &Flight::OnLoaded);
  }

  void OnLoaded(Result<Snapshot> snapshot) {
    if (!snapshot) return Fail(snapshot.error());
    snapshot_ = std::move(*snapshot);
    options_.on_step("loaded");
    if (auto active = ConnectionStore::CheckActive(name_, snapshot_); !active) return Fail(active.error());
    if (!snapshot_.connection.oauth) return Fail(Refused("the connection \"" + name_ + "\" is no OAuth connection"));
    if (snapshot_.refresh_begun) return Orphan();
    if (!seen_.contains(snapshot_.token_generation)) return Succeed();  // somebody else has done it
    Work([store = store_, name = name_, snapshot = snapshot_] { return store->Fields(name, snapshot); },
         &Flight::OnFields);
  }

  // Who had begun is gone: we hold the lock.
  void Orphan() {
    std::optional<State> fatal;
    if (!Repeatable(*snapshot_.connection.oauth)) fatal = State::kInDoubt;
    after_failure_ = fatal ? nullptr : &Flight::Load;
    StoreFailure(fatal, "a refresh was cut off after it had begun, and its refresh token may be spent");
  }

  void OnFields(Result<SecretFields> fields) {
    if (!fields) return Fail(fields.error());
    const OAuthGrant& grant = *snapshot_.connection.oauth;
    auto request = TokenRequestFor(grant, *fields, std::chrono::system_clock::now());
    if (!request) {
      // As long as it is good for something, it is not taken away for having no successor.
      if (grant.access_expires && *grant.access_expires > ConnectionStore::Now()) {
        return Fail(Refused("the connection \"" + name_ + "\" cannot be refreshed: " + request.error().message));
      }
      StoreFailure(State::kNeedsReauth, request.error().message);
      return;
    }
    request_ = std::make_unique<oauth::TokenRequest>(std::move(*request));
    if (const auto refresh = fields->find(kRefreshToken); refresh != fields->end()) refresh_ = refresh->second.Copy();
    if (const auto secret = fields->find(kClientSecret); secret != fields->end()) secret_ = secret->second.Copy();
    begun_ = true;
    Work([store = store_, name = name_, snapshot = snapshot_] { return store->BeginRefresh(name, snapshot); },
         &Flight::OnBegun);
  }

  void OnBegun(const Result<void>& begun) {
    if (!begun) return Fail(begun.error());
    snapshot_.refresh_begun = true;
    options_.on_step("begun");
    ticket_ = oauth::RequestToken(exchange_, std::move(*request_),
                                  [self = shared_from_this()](oauth::Outcome<oauth::TokenSet> answer) {
                                    if (self->refresher_ != nullptr) self->OnAnswer(std::move(answer));
                                  });
    request_.reset();
  }

  void OnAnswer(oauth::Outcome<oauth::TokenSet> answer) {
    options_.on_step("answered");
    if (!answer) {
      const oauth::Failure& failure = answer.error();
      const bool unexplained = failure.problem == oauth::Problem::kUnexplained;
      pause_ = unexplained ? options_.unexplained_pause : options_.failure_pause;
      if (failure.retry_after) pause_ = std::max<std::chrono::milliseconds>(pause_, *failure.retry_after);
      pause_ = std::min<std::chrono::milliseconds>(pause_, options_.max_failure_pause);
      StoreFailure(Fatal(failure, *snapshot_.connection.oauth), failure.message);
      return;
    }
    const auto renewed = std::make_shared<ConnectionStore::Renewed>();
    renewed->access_token = std::move(answer->access_token);
    renewed->refresh_token = std::move(answer->refresh_token);
    renewed->lifetime = answer->lifetime;
    renewed->scope = std::move(answer->scope);
    renewed_ = renewed;
    store_tries_ = options_.store_tries;
    Store();
  }

  void Store() {
    --store_tries_;
    Work([store = store_, name = name_, snapshot = snapshot_,
          renewed = renewed_] { return store->EndRefresh(name, snapshot, *renewed); },
         &Flight::OnStored);
  }

  void OnStored(Result<Snapshot> stored) {
    options_.on_step("stored");
    if (stored) {
      snapshot_ = std::move(*stored);
      return Succeed();
    }
    error_ = stored.error();
    const bool may_pass = stored.error().kind == ErrorKind::kInternal;
    if (may_pass && store_tries_ > 0) {
      Again(&Flight::Store);
      return;
    }
    RevokeRenewed(may_pass);
  }

  // Runs `step` after a pause.
  void Again(void (Flight::*step)()) {
    timer_.expires_after(options_.store_pause);
    timer_.async_wait([self = shared_from_this(), step](const boost::system::error_code& error) {
      if (!error && self->refresher_ != nullptr) ((*self).*step)();
    });
  }

  // The connection was replaced, taken away or shredded while the request was under way, or the disk does not take what
  // it brought: that must not lie about unused and valid. `stays`: the connection is still there, with the refresh
  // token that it had; where the server has not given another one, that one goes on.
  void RevokeRenewed(bool stays) {
    const auto taken = std::make_shared<Taken>();
    taken->oauth = snapshot_.connection.oauth;
    taken->oauth->access_expires.reset();
    taken->fields.emplace(kAccessToken, renewed_->access_token.Copy());
    const auto& refresh = renewed_->refresh_token;
    if (refresh && !(stays && refresh->view() == refresh_.view()))
      taken->fields.emplace(kRefreshToken, refresh->Copy());
    if (!secret_.empty()) taken->fields.emplace(kClientSecret, secret_.Copy());
    taken_ = taken;
    Work([store = store_, name = name_, taken] { return store->revocations().KeepNew(name, taken.get()); },
         &Flight::OnKept);
  }

  // A tenant that is gone, or a disk that is full, does not keep it: then there is this one try.
  void OnKept(const Result<void>& /*kept*/) {
    ticket_ = Revoke(exchange_, workers_, store_, taken_, [self = shared_from_this()](const DisconnectResult&) {
      if (self->refresher_ != nullptr) self->Fail(self->error_);
    });
  }

  void StoreFailure(std::optional<State> fatal, const std::string& reason) {
    failure_ = Internal("the connection \"" + name_ + "\" was not refreshed: " + reason);
    if (fatal) {
      Snapshot ended = snapshot_;
      ended.connection.state = *fatal;
      ended.connection.reason = reason;
      failure_ = ConnectionStore::CheckActive(name_, ended).error();
    }
    fatal_ = fatal;
    reason_ = reason;
    store_tries_ = options_.store_tries;
    WriteFailure();
  }

  void WriteFailure() {
    --store_tries_;
    Work([store = store_, name = name_, snapshot = snapshot_, fatal = fatal_,
          reason = reason_] { return store->FailRefresh(name, snapshot, fatal, reason); },
         &Flight::OnFailureStored);
  }

  void OnFailureStored(const Result<void>& stored) {
    // Without it, whoever comes next takes what was not even sent for something that may have been done.
    if (!stored && stored.error().kind == ErrorKind::kInternal && store_tries_ > 0) {
      return Again(&Flight::WriteFailure);
    }
    if (!stored) return Fail(stored.error());
    if (const auto next = std::exchange(after_failure_, nullptr)) return (this->*next)();
    Fail(failure_);
  }

  void Succeed() { Land(snapshot_, std::nullopt); }
  void Fail(const Error& error) {
    std::optional<Pause> pause;
    if (pause_.count() > 0) pause = {steady_clock::now() + pause_, snapshot_.token_generation, error};
    Land(error, std::move(pause));
  }
  void Land(const Result<Snapshot>& result, std::optional<Pause> pause) {
    const auto self = shared_from_this();
    lock_.reset();
    ticket_.reset();
    const std::vector<Done> waiting = std::exchange(waiting_, {});
    std::exchange(refresher_, nullptr)->Land({store_->tenant().text(), name_}, std::move(pause));
    for (const Done& done : waiting) done(result);
  }

  Refresher* refresher_;  // null: landed, or abandoned
  const std::shared_ptr<ConnectionStore> store_;
  const std::string name_;
  std::set<std::uint64_t> seen_;  // by those who wait: the tokens that are not good any more
  boost::asio::io_context& loop_;
  Workers& workers_;
  const std::filesystem::path state_;
  const RefresherOptions options_;
  oauth::Exchange exchange_;
  boost::asio::steady_timer timer_;
  const steady_clock::time_point give_up_;
  std::vector<Done> waiting_;

  std::optional<RefreshLock> lock_;
  Snapshot snapshot_;
  bool begun_ = false;
  Secret refresh_, secret_;  // with which it was asked
  std::unique_ptr<oauth::TokenRequest> request_;
  oauth::Ticket ticket_;
  std::shared_ptr<const ConnectionStore::Renewed> renewed_;
  Error failure_, error_;
  std::optional<State> fatal_;
  std::string reason_;
  std::shared_ptr<Taken> taken_;
  std::chrono::milliseconds pause_{0};
  int store_tries_ = 0;  // that are left
  void (Flight::*after_failure_)() = nullptr;
};

Refresher::Refresher(boost::asio::io_context& loop, broker::Broker& broker, Workers& workers,
                     std::filesystem::path state, RefresherOptions options)
    : loop_(loop),
      broker_(broker),
      workers_(workers),
      state_(std::move(state)),
      options_(std::move(options)),
      drain_timer_(loop) {}

Refresher::~Refresher() {
  for (const auto& [key, flight] : flights_) flight->Abandon();
}

void Refresher::Refresh(const std::shared_ptr<ConnectionStore>& store, const std::string& name, std::uint64_t seen,
                        Done done) {
  if (draining_) {
    boost::asio::post(loop_, [done = std::move(done)] { done(Internal("the engine is shutting down")); });
    return;
  }
  const Key key{store->tenant().text(), name};
  const auto now = steady_clock::now();
  std::erase_if(pauses_, [&](const auto& each) { return each.second.until <= now; });
  if (const auto pause = pauses_.find(key); pause != pauses_.end() && pause->second.generation == seen) {
    boost::asio::post(loop_, [done = std::move(done), error = pause->second.error] { done(error); });
    return;
  }
  auto& flight = flights_[key];
  const bool begun = flight != nullptr;
  if (!begun) flight = std::make_shared<Flight>(*this, store, name);
  flight->Join(seen, std::move(done));
  if (!begun) flight->Lock();
}

void Refresher::Drain(std::function<void()> done) {
  draining_ = true;
  on_drained_ = std::move(done);
  std::erase_if(flights_, [](const auto& each) {
    if (each.second->begun()) return false;
    each.second->Abandon();
    return true;
  });
  drain_timer_.expires_after(flights_.empty() ? std::chrono::milliseconds(0) : options_.drain);
  drain_timer_.async_wait([this, alive = std::weak_ptr(alive_)](const boost::system::error_code&) {
    if (!alive.expired()) std::exchange(on_drained_, nullptr)();
  });
}

void Refresher::Land(const Key& key, std::optional<Pause> pause) {
  flights_.erase(key);
  if (pause) pauses_[key] = std::move(*pause);
  if (draining_ && flights_.empty()) drain_timer_.cancel();
}

}  // namespace warder::connections
