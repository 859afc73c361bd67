#include "engine/execution/undertaker.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace warder::execution {

void Undertaker::Bury(zygote::Zygote zygote, std::function<void(const std::string& end)> done) {
  ++busy_;
  boost::asio::post(pool_, [this, zygote = std::move(zygote), done = std::move(done)]() mutable {
    std::string end;
    {
      zygote::Zygote ending = std::move(zygote);  // what it has open is closed before anybody hears of it
      end = ending.Finish();
    }
    boost::asio::post(loop_, [this, done = std::move(done), end] {
      --busy_;
      done(end);
    });
  });
}

}  // namespace warder::execution
