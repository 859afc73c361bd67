#include "engine/connections/disconnect.h"

#include <utility>

#include "engine/connections/grant_request.h"
#include "engine/connections/on_worker.h"
#include "engine/oauth/revocation.h"

namespace warder::connections {
namespace {

using Taken = ConnectionStore::Taken;

// What is sent to the server is of the same moment as where it is sent to.
Result<std::shared_ptr<Taken>> Take(ConnectionStore& store, const std::string& name,
                                    const std::optional<std::string>& ended) {
  auto taken = ended ? store.End(name, *ended) : store.Remove(name);
  if (!taken) return taken.error();
  return std::make_shared<Taken>(std::move(*taken));
}

Secret Field(const SecretFields& fields, std::string_view name) {
  const auto found = fields.find(name);
  return found == fields.end() ? Secret() : found->second.Copy();
}

}  // namespace

void RevokeAtServer(const std::shared_ptr<oauth::Exchange>& exchange, const Taken& taken,
                    std::function<void(Result<Disconnected>)> done) {
  if (!taken.oauth || taken.oauth->server.revocation_endpoint.empty()) {
    done(Disconnected{});
    return;
  }
  // Its own end holds it until then.
  const auto ticket = std::make_shared<oauth::Ticket>();
  *ticket = oauth::RevokeBoth(
      *exchange, std::make_shared<const oauth::Provider>(ProviderOf(*taken.oauth, taken.fields)),
      Field(taken.fields, kRefreshToken), Field(taken.fields, kAccessToken),
      [exchange, ticket, done = std::move(done)](const oauth::Outcome<void>& revoked) {
        const oauth::Ticket last = std::move(*ticket);
        using AtServer = Disconnected::AtServer;
        done(revoked ? Disconnected{AtServer::kRevoked, {}} : Disconnected{AtServer::kFailed, revoked.error().message});
      });
}

void Disconnect(std::shared_ptr<oauth::Exchange> exchange, boost::asio::thread_pool& worker,
                std::shared_ptr<ConnectionStore> store, const std::string& name, std::optional<std::string> ended,
                std::function<void(Result<Disconnected>)> done) {
  boost::asio::io_context& loop = exchange->loop();
  OnWorker(
      worker, loop, [store = std::move(store), name, ended = std::move(ended)] { return Take(*store, name, ended); },
      [exchange = std::move(exchange), done = std::move(done)](Result<std::shared_ptr<Taken>> taken) {
        if (taken) {
          RevokeAtServer(exchange, **taken, done);
        } else {
          done(taken.error());
        }
      });
}

}  // namespace warder::connections
