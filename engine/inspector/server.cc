#include "engine/inspector/server.h"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/json.hpp>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "engine/base/text.h"
#include "engine/inspector/request_check.h"

namespace warder::inspector {
namespace {

namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::asio::ip::tcp;
using Request = http::request<http::empty_body>;

constexpr std::size_t kMaxHeaderBytes = std::size_t{8} << 10;
constexpr std::chrono::milliseconds kAcceptAgain{100};  // where there are no descriptors left, most likely

struct Answer {
  http::status status = http::status::ok;
  std::string body;
  const char* type = "text/plain; charset=utf-8";
};

// The one value of a header; nothing: there is none, or more than one.
std::optional<std::string> OneOf(const Request& request, http::field field) {
  const auto range = request.equal_range(field);
  if (range.first == range.second || std::next(range.first) != range.second) return std::nullopt;
  return std::string(range.first->value());
}

}  // namespace

class Server::Impl : public std::enable_shared_from_this<Server::Impl> {
 public:
  Impl(boost::asio::io_context& loop, ServerOptions options)
      : options_(std::move(options)), acceptor_(loop), again_(loop), token_(RandomId()) {}

  Result<void> Listen() {
    boost::system::error_code error;
    const tcp::endpoint endpoint(boost::asio::ip::address_v4::loopback(), options_.port);
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(static_cast<int>(options_.max_connections), error);
    if (error) {
      return InvalidInput("no debugger can be waited for on 127.0.0.1:" + std::to_string(options_.port) + ": " +
                          error.message() + "; another port is needed, and 0 stands for any free one");
    }
    url_ = "ws://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) + "/" + token_;
    return {};
  }

  const std::string& url() const { return url_; }
  int descriptor() { return acceptor_.native_handle(); }

  void Open(ServerHandlers handlers) {
    handlers_ = std::move(handlers);
    Accept();
  }

  void Send(std::string message) {
    if (debugger_) debugger_->Send(std::move(message));
  }

  void SendAway() {
    const auto leaving = debugger_;
    if (leaving) Ended(leaving);
  }

  void Close() {
    handlers_ = {};
    again_.cancel();
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (const auto& visitor : std::exchange(visitors_, {})) visitor->Close();
    if (debugger_) std::exchange(debugger_, nullptr)->Close();
  }

 private:
  // A connection that has not become a debugger: one request, one answer.
  class Visitor : public std::enable_shared_from_this<Visitor> {
   public:
    Visitor(std::weak_ptr<Impl> server, tcp::socket socket)
        : server_(std::move(server)), stream_(std::move(socket)), buffer_(kMaxHeaderBytes) {
      parser_.header_limit(kMaxHeaderBytes);
      parser_.body_limit(std::uint64_t{0});
    }

    void Start(std::chrono::milliseconds timeout) {
      stream_.expires_after(timeout);
      http::async_read(stream_, buffer_, parser_,
                       [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                         if (error) return self->End();
                         if (const auto server = self->server_.lock()) server->Judge(self);
                       });
    }

    const Request& request() const { return parser_.get(); }
    boost::beast::tcp_stream TakeStream() { return std::move(stream_); }

    void Say(Answer answer) {
      response_.result(answer.status);
      response_.set(http::field::content_type, answer.type);
      response_.set(http::field::cache_control, "no-store");
      response_.set("X-Content-Type-Options", "nosniff");
      response_.keep_alive(false);
      response_.body() = std::move(answer.body);
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
      if (const auto server = server_.lock()) server->visitors_.erase(shared_from_this());
    }

    const std::weak_ptr<Impl> server_;
    boost::beast::tcp_stream stream_;
    boost::beast::flat_buffer buffer_;
    http::request_parser<http::empty_body> parser_;
    http::response<http::string_body> response_;
  };

  class Debugger : public std::enable_shared_from_this<Debugger> {
   public:
    Debugger(std::weak_ptr<Impl> server, boost::beast::tcp_stream stream, const ServerOptions& options)
        : server_(std::move(server)), stream_(std::move(stream)), max_queued_bytes_(options.max_queued_bytes) {
      stream_.next_layer().expires_never();  // it has its own
      // A person may think for hours; somebody who is not there any more does not answer a ping.
      stream_.set_option(websocket::stream_base::timeout{options.request_timeout, std::chrono::minutes(1), true});
      stream_.read_message_max(options.max_message_bytes);
      stream_.text(true);
      stream_.auto_fragment(false);  // not every debugger can put a message together
    }

    void Start(const Request& request) {
      stream_.async_accept(request, [self = shared_from_this()](boost::system::error_code error) {
        const auto server = self->server_.lock();
        if (!server || server->debugger_ != self) return;
        if (error) return server->Ended(self);
        self->attached_ = true;
        if (server->handlers_.on_attached) server->handlers_.on_attached(true);
        self->Read();
      });
    }

    bool attached() const { return attached_; }

    void Send(std::string message) {
      if (!attached_) return;
      queued_bytes_ += message.size();
      queue_.push_back(std::move(message));
      if (queued_bytes_ > max_queued_bytes_) {
        if (const auto server = server_.lock()) server->Ended(shared_from_this());
        return;
      }
      if (queue_.size() == 1) Write();
    }

    void Close() {
      boost::system::error_code ignored;
      stream_.next_layer().socket().shutdown(tcp::socket::shutdown_send, ignored);
      stream_.next_layer().close();
    }

   private:
    void Read() {
      stream_.async_read(buffer_, [self = shared_from_this()](boost::system::error_code error, std::size_t) {
        const auto server = self->server_.lock();
        if (!server || server->debugger_ != self) return;
        if (error || !self->stream_.got_text()) return server->Ended(self);
        std::string message = boost::beast::buffers_to_string(self->buffer_.data());
        self->buffer_.consume(self->buffer_.size());
        if (server->handlers_.on_message) server->handlers_.on_message(std::move(message));
        if (server->debugger_ == self) self->Read();
      });
    }

    void Write() {
      stream_.async_write(boost::asio::buffer(queue_.front()),
                          [self = shared_from_this()](boost::system::error_code error, std::size_t) {
                            const auto server = self->server_.lock();
                            if (!server || server->debugger_ != self) return;
                            if (error) return server->Ended(self);
                            self->queued_bytes_ -= self->queue_.front().size();
                            self->queue_.pop_front();
                            if (!self->queue_.empty()) self->Write();
                          });
    }

    const std::weak_ptr<Impl> server_;
    websocket::stream<boost::beast::tcp_stream> stream_;
    const std::size_t max_queued_bytes_;
    boost::beast::flat_buffer buffer_;
    std::deque<std::string> queue_;
    std::size_t queued_bytes_ = 0;
    bool attached_ = false;
  };

  void Accept() {
    acceptor_.async_accept([weak = weak_from_this()](boost::system::error_code error, tcp::socket socket) {
      const auto self = weak.lock();
      if (!self || !self->acceptor_.is_open()) return;
      if (error) {
        self->again_.expires_after(kAcceptAgain);
        self->again_.async_wait([weak](boost::system::error_code cancelled) {
          const auto later = weak.lock();
          if (later && !cancelled && later->acceptor_.is_open()) later->Accept();
        });
        return;
      }
      if (self->visitors_.size() < self->options_.max_connections) {
        const auto visitor = std::make_shared<Visitor>(self, std::move(socket));
        self->visitors_.insert(visitor);
        visitor->Start(self->options_.request_timeout);
      }
      self->Accept();
    });
  }

  void Judge(const std::shared_ptr<Visitor>& visitor) {
    const Request& request = visitor->request();
    const auto host = OneOf(request, http::field::host);
    if (!host || !IsLocalHost(*host)) {
      return visitor->Say({http::status::misdirected_request, "The Host must be localhost or an IP address.\n"});
    }
    if (request.count(http::field::origin) > 0) {
      const auto origin = OneOf(request, http::field::origin);
      if (!origin || !IsDevTools(*origin)) {
        return visitor->Say({http::status::forbidden, "Web pages cannot debug this.\n"});
      }
    }
    if (request.method() != http::verb::get) {
      return visitor->Say({http::status::method_not_allowed, "Only GET is answered here.\n"});
    }
    const std::string_view target(request.target().data(), request.target().size());
    if (!websocket::is_upgrade(request)) return visitor->Say(Page(target, *host));
    if (target != "/" + token_) return visitor->Say({http::status::not_found, "There is nothing to debug here.\n"});
    if (debugger_) return visitor->Say({http::status::conflict, "There is a debugger already.\n"});
    debugger_ = std::make_shared<Debugger>(weak_from_this(), visitor->TakeStream(), options_);
    debugger_->Start(request);
    visitors_.erase(visitor);
  }

  Answer Page(std::string_view target, const std::string& host) const {
    namespace json = boost::json;
    constexpr const char* kJson = "application/json; charset=utf-8";
    if (target == "/json/version") {
      return {http::status::ok,
              json::serialize(json::object{{"Browser", options_.product}, {"Protocol-Version", "1.3"}}), kJson};
    }
    if (target != "/json" && target != "/json/list") return {http::status::not_found, "There is nothing here.\n"};
    // By the name under which it was reached, which a tunnel may have changed.
    const std::string place = host + "/" + token_;
    const json::object debuggee{
        {"description", "an execution of Warder"},
        {"devtoolsFrontendUrl", "devtools://devtools/bundled/js_app.html?experiments=true&v8only=true&ws=" + place},
        {"id", token_},
        {"title", options_.title},
        {"type", "node"},  // by which DevTools knows what it is: no page
        {"url", options_.title},
        {"webSocketDebuggerUrl", "ws://" + place}};
    return {http::status::ok, json::serialize(json::array{debuggee}), kJson};
  }

  void Ended(const std::shared_ptr<Debugger>& debugger) {
    if (debugger_ != debugger) return;
    debugger_ = nullptr;
    debugger->Close();
    if (debugger->attached() && handlers_.on_attached) handlers_.on_attached(false);
  }

  const ServerOptions options_;
  tcp::acceptor acceptor_;
  boost::asio::steady_timer again_;
  const std::string token_;
  std::string url_;
  ServerHandlers handlers_;
  std::set<std::shared_ptr<Visitor>> visitors_;
  std::shared_ptr<Debugger> debugger_;
};

Result<std::unique_ptr<Server>> Server::Listen(boost::asio::io_context& loop, ServerOptions options) {
  auto impl = std::make_shared<Impl>(loop, std::move(options));
  if (auto listening = impl->Listen(); !listening) return listening.error();
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { impl_->Close(); }

const std::string& Server::url() const { return impl_->url(); }
int Server::descriptor() const { return impl_->descriptor(); }
void Server::Open(ServerHandlers handlers) { impl_->Open(std::move(handlers)); }
void Server::Send(std::string message) { impl_->Send(std::move(message)); }
void Server::SendAway() { impl_->SendAway(); }

}  // namespace warder::inspector
