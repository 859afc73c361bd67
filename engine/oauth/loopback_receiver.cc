#include "engine/oauth/loopback_receiver.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <set>
#include <utility>

#include "engine/broker/loop_timer.h"
#include "engine/oauth/redirect_query.h"
#include "sandbox/base/wiped.h"

namespace warder::oauth {
namespace {

namespace http = boost::beast::http;
using boost::asio::ip::tcp;

constexpr std::chrono::milliseconds kAcceptAgain{100};
constexpr std::size_t kMaxHeaderBytes = kMaxRedirectQueryBytes + (std::size_t{8} << 10);

struct Page {
  http::status status;
  std::string_view text;
};

constexpr Page kReceived{http::status::ok, "Warder has received the answer. You can close this window.\n"};
constexpr Page kNotFound{http::status::not_found, "There is nothing here.\n"};
constexpr Page kNotGet{http::status::method_not_allowed, "Only GET is answered here.\n"};
constexpr Page kNotOurs{http::status::bad_request, "This is not an answer that Warder waits for.\n"};
constexpr Page kWrongHost{http::status::misdirected_request, "This is another host.\n"};

}  // namespace

class LoopbackReceiver::Impl : public std::enable_shared_from_this<LoopbackReceiver::Impl> {
 public:
  Impl(boost::asio::io_context& loop, LoopbackOptions options)
      : options_(std::move(options)), acceptor_(loop), accept_timer_(loop, [this] { Accept(); }), timer_(loop, [this] {
          Tell(Refused("nobody came back from the authorization server to " + redirect_uri_ +
                       " in time; begin the authorization again"));
        }) {}

  Result<void> Listen() {
    boost::system::error_code error;
    const tcp::endpoint endpoint(boost::asio::ip::address_v4::loopback(), options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(static_cast<int>(options_.max_connections), error);
    if (error) {
      return Internal("cannot listen on 127.0.0.1 for the answer of the authorization server: " + error.message());
    }
    host_ = "127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    redirect_uri_ = "http://" + host_ + options_.path;
    return {};
  }

  void Receive(Secret state, std::function<void(Result<Secret>)> done) {
    state_ = std::move(state);
    done_ = std::move(done);
    timer_.Start(options_.timeout);
    Accept();
  }

  void Close() {
    done_ = nullptr;
    timer_.Stop();
    accept_timer_.Stop();
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (const auto& connection : std::exchange(connections_, {})) connection->Close();
  }

  const std::string& redirect_uri() const { return redirect_uri_; }

 private:
  using Allocator = WipingAllocator<char>;

  // One connection: one request, one page. What it reads is wiped.
  class Connection : public std::enable_shared_from_this<Connection> {
   public:
    Connection(std::weak_ptr<Impl> receiver, tcp::socket socket)
        : receiver_(std::move(receiver)),
          stream_(std::move(socket)),
          buffer_(kMaxHeaderBytes),
          parser_(std::piecewise_construct, std::make_tuple(), std::make_tuple(Allocator())) {
      parser_.header_limit(kMaxHeaderBytes);
      parser_.body_limit(std::uint64_t{0});
    }

    void Start(std::chrono::milliseconds timeout) {
      stream_.expires_after(timeout);
      http::async_read_header(stream_, buffer_, parser_,
                              [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                                if (error) return self->End();
                                if (const auto receiver = self->receiver_.lock()) receiver->Judge(self);
                              });
    }

    const auto& request() const { return parser_.get(); }

    void Answer(const Page& page) {
      response_.result(page.status);
      response_.set(http::field::content_type, "text/plain; charset=utf-8");
      response_.set(http::field::cache_control, "no-store");
      response_.set("Referrer-Policy", "no-referrer");
      response_.set("X-Content-Type-Options", "nosniff");
      response_.set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'");
      response_.keep_alive(false);
      response_.body() = page.text;
      response_.prepare_payload();
      http::async_write(stream_, response_, [self = shared_from_this()](boost::system::error_code, std::size_t) {
        boost::system::error_code ignored;
        self->stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
        self->End();
      });
    }

    void Close() { stream_.close(); }

   private:
    void End() {
      Close();
      if (const auto receiver = receiver_.lock()) receiver->Ended(shared_from_this());
    }

    const std::weak_ptr<Impl> receiver_;
    boost::beast::tcp_stream stream_;
    boost::beast::basic_flat_buffer<Allocator> buffer_;
    http::request_parser<http::empty_body, Allocator> parser_;
    http::response<http::string_body> response_;
  };

  void Accept() {
    acceptor_.async_accept([weak = weak_from_this()](boost::system::error_code error, tcp::socket socket) {
      const auto self = weak.lock();
      if (!self || !self->acceptor_.is_open()) return;
      if (error) return self->accept_timer_.Start(kAcceptAgain);  // out of descriptors, most likely
      if (self->connections_.size() < self->options_.max_connections) {
        const auto connection = std::make_shared<Connection>(self, std::move(socket));
        self->connections_.insert(connection);
        connection->Start(self->options_.connection_timeout);
      }
      self->Accept();
    });
  }

  void Judge(const std::shared_ptr<Connection>& connection) {
    const auto& request = connection->request();
    const std::string_view target(request.target().data(), request.target().size());
    const std::size_t mark = std::min(target.find('?'), target.size());
    const auto host = request.equal_range(http::field::host);
    // A page of another site whose name was made to lead here (DNS rebinding) names that site.
    if (host.first == host.second || std::next(host.first) != host.second || host.first->value() != host_) {
      return connection->Answer(kWrongHost);
    }
    if (target.substr(0, mark) != options_.path) return connection->Answer(kNotFound);
    if (request.method() != http::verb::get) return connection->Answer(kNotGet);
    const std::string_view query = target.substr(std::min(mark + 1, target.size()));
    const auto read = RedirectQuery::Parse(query);
    if (!read || !read->HasState(state_) || received_) return connection->Answer(kNotOurs);
    received_.emplace(query);
    receiving_ = connection;
    connection->Answer(kReceived);
  }

  void Ended(const std::shared_ptr<Connection>& connection) {
    connections_.erase(connection);
    if (connection != receiving_) return;
    receiving_ = nullptr;
    Tell(std::move(*received_));
  }

  void Tell(Result<Secret> query) {
    const auto self = shared_from_this();
    const auto done = std::exchange(done_, nullptr);
    Close();
    if (done) done(std::move(query));
  }

  const LoopbackOptions options_;
  tcp::acceptor acceptor_;
  std::string host_;
  std::string redirect_uri_;
  Secret state_;
  std::function<void(Result<Secret>)> done_;
  std::set<std::shared_ptr<Connection>> connections_;
  std::optional<Secret> received_;
  std::shared_ptr<Connection> receiving_;  // the one that brought it, until its page is out
  broker::LoopTimer accept_timer_;
  broker::LoopTimer timer_;
};

Result<std::unique_ptr<LoopbackReceiver>> LoopbackReceiver::Listen(boost::asio::io_context& loop,
                                                                   LoopbackOptions options) {
  auto impl = std::make_shared<Impl>(loop, std::move(options));
  if (auto listening = impl->Listen(); !listening) return listening.error();
  return std::unique_ptr<LoopbackReceiver>(new LoopbackReceiver(std::move(impl)));
}

LoopbackReceiver::LoopbackReceiver(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
LoopbackReceiver::~LoopbackReceiver() { impl_->Close(); }

const std::string& LoopbackReceiver::redirect_uri() const { return impl_->redirect_uri(); }

void LoopbackReceiver::Receive(const Secret& state, std::function<void(Result<Secret>)> done) {
  impl_->Receive(state.Copy(), std::move(done));
}

}  // namespace warder::oauth
