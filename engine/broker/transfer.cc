#include "engine/broker/transfer.h"

#include <algorithm>

#include "engine/broker/curl_failure.h"

namespace warder::broker {
namespace {

using std::chrono::steady_clock;

bool HasHeader(const HeaderList& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& header) { return EqualsIgnoreCase(header.first, name); });
}

}  // namespace

Transfer::Transfer(CurlPool& pool, const BrokerOptions& options, const Hop& hop, AddressList addresses,
                   Connection connection, RequestBody* body, std::function<void()> on_event)
    : pool_(pool),
      options_(options),
      hop_(hop),
      addresses_(std::move(addresses)),
      body_(body),
      on_event_(std::move(on_event)),
      easy_(curl_easy_init()),
      head_(options),
      last_activity_(steady_clock::now()) {
  if (!easy_) throw std::bad_alloc();
  SetUpSafety();
  SetUpRequest();
  SetUpBody();
  curl_easy_setopt(easy_.get(), CURLOPT_FRESH_CONNECT, connection == Connection::kFresh ? 1L : 0L);
  pool_.Add(easy_.get(), *this);
}

Transfer::~Transfer() {
  if (!done_) pool_.Remove(easy_.get());
}

void Transfer::SetUpSafety() {
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");  // also switches the environment's proxies off
  curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  curl_easy_setopt(easy, CURLOPT_HSTS_CTRL, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_CONTENT_DECODING, 0L);
  // HTTP/2 of libcurl 7.88 lets a paused stream block the others of its connection; 1.1 until there is a way around.
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  curl_easy_setopt(easy, CURLOPT_CAPATH,
                   nullptr);  // with a folder libcurl would read the file for each connection anew
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, static_cast<long>(options_.connection_lifetime.count()));
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, OnOpenSocket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, OnPrerequest);
  curl_easy_setopt(easy, CURLOPT_PREREQDATA, this);
  curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, OnResolverStart);
  curl_easy_setopt(easy, CURLOPT_RESOLVER_START_DATA, this);
  if (hop_.url.host_kind != HostKind::kIpv6) {  // libcurl's syntax has no place for these, and needs none
    std::string pin = hop_.url.origin.host + ":" + std::to_string(hop_.url.origin.port) + ":";
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
      const bool v6 = addresses_[i].is_v6();
      pin += (i == 0 ? "" : ",") + (v6 ? "[" + addresses_[i].to_string() + "]" : addresses_[i].to_string());
    }
    pins_.Add(pin);
    curl_easy_setopt(easy, CURLOPT_RESOLVE, pins_.get());
  }
}

void Transfer::SetUpRequest() {
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_URL, hop_.url.ToString().c_str());
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 64L << 10);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnWrite);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, this);
  for (const auto& [name, value] : hop_.headers) headers_.Add(value.empty() ? name + ";" : name + ": " + value);
  if (!HasHeader(hop_.headers, "user-agent")) headers_.Add("User-Agent: warder");
  headers_.Add("Accept-Encoding: " + std::string(AcceptedCodings()));
  headers_.Add("Expect:");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
}

void Transfer::SetUpBody() {
  CURL* easy = easy_.get();
  // POST and PUT without a body say so: Content-Length: 0 (RFC 9110 section 8.6).
  const bool sends = body_ != nullptr || hop_.method == "POST" || hop_.method == "PUT";
  if (hop_.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  curl_easy_setopt(easy, sends ? CURLOPT_UPLOAD : CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, hop_.method.c_str());
  if (!sends) return;
  curl_off_t length = 0;
  if (body_ != nullptr) length = body_->declared() ? static_cast<curl_off_t>(*body_->declared()) : -1;
  curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, length);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, OnRead);
  curl_easy_setopt(easy, CURLOPT_READDATA, this);
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, OnSeek);
  curl_easy_setopt(easy, CURLOPT_SEEKDATA, this);
}

void Transfer::Fail(CallFailure::Kind kind, std::string message) {
  if (!failure_) failure_ = CallFailure{kind, std::move(message)};
  on_event_();
}

void Transfer::OnCurlDone(CURLcode code) {
  if (code != CURLE_OK && !failure_) failure_ = DescribeCurlFailure(easy_.get(), code, hop_.url.origin, options_);
  if (!failure_ && !head_.complete()) {
    failure_ = CallFailure{CallFailure::Kind::kNetwork,
                           hop_.url.origin.ToString() + " closed the connection without an answer"};
  }
  if (!failure_ && tls_end_ && !tls_end_->seen()) {
    failure_ =
        CallFailure{CallFailure::Kind::kNetwork,
                    hop_.url.origin.ToString() + " closed the connection before the response was known to be complete"};
  }
  pool_.Remove(easy_.get());
  done_ = true;
  on_event_();
}

void Transfer::Continue() {
  if (done_ || failure_) return;
  const bool receive = receive_paused_ && response_body_.HasRoom();
  // After an error response libcurl sends no more of the body, but does not end as long as sending is paused.
  const bool given_up = head_.complete() && head_.status() >= 300;
  const bool send = send_paused_ && body_ != nullptr && (body_->Readable() || given_up);
  if (!receive && !send) return;
  last_activity_ = steady_clock::now();
  if (receive) receive_paused_ = false;
  if (send) send_paused_ = false;
  curl_easy_pause(easy_.get(), (receive_paused_ ? CURLPAUSE_RECV : 0) | (send_paused_ ? CURLPAUSE_SEND : 0));
}

std::chrono::milliseconds Transfer::UpstreamSilence() const {
  if (done_ || !connected_ || receive_paused_ || send_paused_) return {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - last_activity_);
}

bool Transfer::IsRepeatable() const { return hop_.method != "POST" && hop_.method != "PATCH"; }

bool Transfer::Judged(const std::string& address, int port) const {
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(address, error);
  return !error && port == hop_.url.origin.port &&
         std::find(addresses_.begin(), addresses_.end(), parsed) != addresses_.end();
}

void Transfer::OnHeadComplete() {
  bool conflict = false;
  const std::string_view length = head_.Value("content-length", &conflict);
  const int status = head_.status();
  has_response_body_ = hop_.method != "HEAD" && status != 204 && status != 205 && status != 304 &&
                       (length.empty() || length.find_first_not_of('0') != std::string_view::npos);
  if (!has_response_body_) return;
  const bool ends_with_connection = length.empty() && head_.Value("transfer-encoding", &conflict).empty();
  if (ends_with_connection && hop_.url.origin.scheme == "https") tls_end_.emplace(pool_.tls_ends(), easy_.get());
  auto decoder = MakeContentDecoder(head_.Value("content-encoding", &conflict));
  if (conflict || !decoder) {
    Fail(CallFailure::Kind::kNetwork,
         hop_.url.origin.ToString() + " answered with a content encoding that was not asked for (gzip and br are)");
    return;
  }
  decoded_ = *decoder != nullptr;
  response_body_.SetDecoder(std::move(*decoder));
}

}  // namespace warder::broker
