// Asking for a server's metadata: the requests of Discover.
#include <utility>

#include "engine/oauth/metadata.h"

namespace warder::oauth {
namespace {

class Discovery final : public Operation {
 public:
  Discovery(Exchange& exchange, std::string issuer, std::vector<std::string> urls,
            std::function<void(Outcome<ServerMetadata>)> done)
      : exchange_(exchange), issuer_(std::move(issuer)), urls_(std::move(urls)), done_(std::move(done)) {}

  void Ask() {
    ticket_ = exchange_.Start({"the metadata of " + issuer_, urls_[asked_++], std::nullopt, Secret()},
                              [this](Outcome<Answer> answer) { Hear(std::move(answer)); });
  }

 private:
  void Hear(Outcome<Answer> answer) {
    if (!answer) return Tell(answer.error());
    const bool absent = answer->status >= 400 && answer->status < 500;
    if (absent && asked_ < urls_.size()) return Ask();
    const std::string where = "the metadata of " + issuer_;
    if (answer->status != 200 || !answer->json) {
      const std::string why = answer->status == 200
                                  ? answer->json_error
                                  : "was not given: the answer has the status " + std::to_string(answer->status);
      return Tell(Failure{Problem::kBadAnswer, Fate::kDeclined,
                          where + " " + why + "; where a server publishes none, name its endpoints instead"});
    }
    auto metadata = ReadMetadata(issuer_, *answer->json);
    if (!metadata) {
      return Tell(Failure{Problem::kBadAnswer, Fate::kDeclined, where + " " + metadata.error().message});
    }
    Tell(std::move(*metadata));
  }

  void Tell(Outcome<ServerMetadata> outcome) {
    const auto done = std::exchange(done_, nullptr);
    done(std::move(outcome));  // `this` may be gone
  }

  Exchange& exchange_;
  const std::string issuer_;
  const std::vector<std::string> urls_;
  std::size_t asked_ = 0;
  std::function<void(Outcome<ServerMetadata>)> done_;
  Ticket ticket_;
};

}  // namespace

Ticket Discover(Exchange& exchange, std::string issuer, std::function<void(Outcome<ServerMetadata>)> done) {
  auto urls = MetadataUrls(issuer);
  if (!urls) {
    return FailSoon<ServerMetadata>(exchange.loop(), {Problem::kBadRequest, Fate::kNotSent, urls.error().message},
                                    std::move(done));
  }
  auto discovery = std::make_unique<Discovery>(exchange, std::move(issuer), std::move(*urls), std::move(done));
  discovery->Ask();
  return discovery;
}

}  // namespace warder::oauth
