// Gets the next access token of a connection, once for everybody who asks at the same time.
//
//   locked -> loaded -> (somebody else has done it) | begun -> sent -> answered -> stored
//
// In one process, all who ask for a connection wait for one flight; between processes, one holds the connection's lock.
// Before the request is sent, the vault holds that it is about to be; so whoever comes after a crash knows that the
// refresh token may be spent. It is then not sent again, unless this server was seen to leave refresh tokens as they
// are: the connection is in doubt, and says so. A server takes the second use of a rotated refresh token for theft, and
// revokes everything.
//
// Of the loop's thread; the vault is asked on the workers'.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/broker/broker.h"
#include "engine/connections/connection_store.h"
#include "engine/connections/workers.h"
#include "engine/oauth/exchange.h"

namespace warder::connections {

struct RefresherOptions {
  oauth::ExchangeOptions exchange;
  std::chrono::milliseconds lock_wait{45'000};  // for another process that is at it; longer than an exchange takes
  std::chrono::milliseconds lock_pause{20};     // between two tries
  // After a failure that may pass, nobody asks the server again for so long, or what it asked for, if more.
  std::chrono::milliseconds failure_pause{1'000};
  // The same after an answer that explains nothing: whoever gave it (a proxy, another server) may do so for long.
  std::chrono::milliseconds unexplained_pause{60'000};
  std::chrono::seconds max_failure_pause{300};
  // What the server has given is not given up because the disk is full for a moment.
  int store_tries = 5;
  std::chrono::milliseconds store_pause{500};
  // How long Drain waits.
  std::chrono::milliseconds drain{5'000};
  // Told where a refresh stands ("locked", "loaded", "begun", "answered", "stored"); for tests, which kill it there.
  std::function<void(std::string_view)> on_step = [](std::string_view) {};
};

class Refresher {
 public:
  using Done = std::function<void(Result<Snapshot>)>;

  // `broker` and `workers` outlive it. What is under way when it goes is given up; the vault holds how far it came.
  Refresher(boost::asio::io_context& loop, broker::Broker& broker, Workers& workers, std::filesystem::path state,
            RefresherOptions options = {});
  ~Refresher();
  Refresher(const Refresher&) = delete;
  Refresher& operator=(const Refresher&) = delete;
  Refresher(Refresher&&) = delete;
  Refresher& operator=(Refresher&&) = delete;

  // `seen`: the generation of the access token that is not good any more. `done` is called once, from the loop, never
  // from inside, with the connection as it is when another access token is there. Refused: a person has to do
  // something; kInternal: it may work later.
  void Refresh(const std::shared_ptr<ConnectionStore>& store, const std::string& name, std::uint64_t seen, Done done);

  // Before it goes: nothing is begun any more, and what was begun has RefresherOptions::drain to end, so that a
  // shutdown leaves no connection in doubt. `done` is called once, from the loop, never from inside.
  void Drain(std::function<void()> done);

 private:
  class Flight;
  using Key = std::pair<std::string, std::string>;  // tenant, connection
  struct Pause {
    std::chrono::steady_clock::time_point until;
    std::uint64_t generation = 0;  // of the access token that was not renewed: another one has nothing to do with it
    Error error;
  };

  void Land(const Key& key, std::optional<Pause> pause);

  boost::asio::io_context& loop_;
  broker::Broker& broker_;
  Workers& workers_;
  const std::filesystem::path state_;
  const RefresherOptions options_;
  std::map<Key, std::shared_ptr<Flight>> flights_;
  std::map<Key, Pause> pauses_;
  boost::asio::steady_timer drain_timer_;
  std::function<void()> on_drained_;
  bool draining_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace warder::connections
