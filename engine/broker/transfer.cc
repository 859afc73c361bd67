#include "engine/broker/transfer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <utility>

#include "engine/broker/ascii.h"
#include "engine/broker/coarse_clock.h"
#include "engine/broker/curl_failure.h"

namespace warder::broker {
namespace {

// How often a connection is looked at whose server has answered before it has the whole request.
constexpr std::chrono::milliseconds kHangUpInterval{50};

// A body of up to so many bytes that is here as a whole leaves together with the request's head.
constexpr std::size_t kBodyAtOnceBytes = std::size_t{16} << 10;

bool HasHeader(const HeaderList& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& header) { return EqualsIgnoreCase(header.first, name); });
}

// Neither side has closed.
bool IsEstablished(curl_socket_t fd) {
  tcp_info info{};
  socklen_t size = sizeof(info);
  return ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_state == TCP_ESTABLISHED;
}

std::string_view WithoutZeros(std::string_view digits) {
  return digits.substr(std::min(digits.find_first_not_of('0'), digits.size() - 1));
}

}  // namespace

Transfer::Transfer(CurlPool& pool, const BrokerOptions& options, const Hop& hop, Outgoing outgoing, Reuse reuse,
                   RequestBody* body, std::function<void()> on_event)
    : pool_(pool),
      options_(options),
      hop_(hop),
      outgoing_(std::move(outgoing)),
      body_(body),
      on_event_(std::move(on_event)),
      reuse_(reuse),
      easy_(pool.TakeIdle()),
      head_(options),
      last_activity_(CoarseNow()),
      hang_up_timer_(pool.loop(), [this] { LookForHangUp(); }) {
  if (!easy_) SetUpForAll();
  SetUpCallbacks();
  SetUpTls();
  SetUpRoute();
  SetUpRequest();
  SetUpBody();
  curl_easy_setopt(easy_.get(), CURLOPT_FRESH_CONNECT, reuse == Reuse::kAllowed ? 0L : 1L);
  curl_easy_setopt(easy_.get(), CURLOPT_FORBID_REUSE, reuse == Reuse::kNever ? 1L : 0L);
  pool_.Add(easy_.get(), *this);
}

Transfer::~Transfer() {
  if (!done_) pool_.Remove(easy_.get());
  if (!done_ || failure_ || !IsPlain()) return;
  ForgetRequest();
  pool_.KeepIdle(std::move(easy_));
}

bool Transfer::IsPlain() const {
  const TlsRules& tls = outgoing_.tls;
  return reuse_ != Reuse::kNever && !outgoing_.proxy && outgoing_.client_key == nullptr && tls.ca_file.empty() &&
         tls.pins.empty() && outgoing_.target == hop_.url.target;
}

// What SetUp* set for this request alone, back to where it was.
void Transfer::ForgetRequest() {
  CURL* easy = easy_.get();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, nullptr);
  curl_easy_setopt(easy, CURLOPT_URL, nullptr);
  curl_easy_setopt(easy, CURLOPT_RESOLVE, nullptr);
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, nullptr);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, nullptr);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, nullptr);  // makes it a POST: before HTTPGET
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t{-1});
  curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, curl_off_t{-1});
  curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);  // nor HEAD, nor an upload
}

// The same for all transfers of a broker.
void Transfer::SetUpForAll() {
  easy_.reset(curl_easy_init());
  if (!easy_) throw std::bad_alloc();
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
  // libcurl 7.88 takes RST_STREAM and a connection that broke a rule of HTTP/2 for the end of a body, drops what came
  // right before a RST_STREAM, never notices a stream that ends while it sends, and lets a paused stream block others.
  // 8.14.1 still takes RST_STREAM(NO_ERROR) for the end of a body without Content-Length, and keeps up to 20 MiB of
  // each paused stream while another of its connection is read.
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, static_cast<long>(options_.connection_lifetime.count()));
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);  // each connection's peer shows its certificate
  if (!options_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, options_.ca_file.c_str());
  // With a folder libcurl would read the file for each connection anew.
  curl_easy_setopt(easy, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "warder");    // unless the request has its own
  curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 64L << 10);  // each read of a long body costs a turn of the loop
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, OnOpenSocket);
  curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, OnPrerequest);
  curl_easy_setopt(easy, CURLOPT_RESOLVER_START_FUNCTION, OnResolverStart);
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, OnWrite);
  curl_easy_setopt(easy, CURLOPT_READFUNCTION, OnRead);
  curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, OnSeek);
}

void Transfer::SetUpCallbacks() {
  for (const CURLoption data : {CURLOPT_OPENSOCKETDATA, CURLOPT_PREREQDATA, CURLOPT_RESOLVER_START_DATA,
                                CURLOPT_HEADERDATA, CURLOPT_WRITEDATA, CURLOPT_READDATA, CURLOPT_SEEKDATA}) {
    curl_easy_setopt(easy_.get(), data, this);
  }
}

void Transfer::SetUpTls() {
  CURL* easy = easy_.get();
  const TlsRules& tls = outgoing_.tls;
  const bool newest = tls.minimum == TlsRules::Version::k13;
  curl_easy_setopt(easy, CURLOPT_SSLVERSION,
                   static_cast<long>(newest ? CURL_SSLVERSION_TLSv1_3 : CURL_SSLVERSION_TLSv1_2));
  if (!tls.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, tls.ca_file.c_str());
  if (!tls.pins.empty()) {
    std::string pins;
    for (const std::string& pin : tls.pins) pins.append(pins.empty() ? "" : ";").append(pin);
    curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, pins.c_str());
  }
  if (outgoing_.client_key == nullptr) return;
  curl_easy_setopt(easy, CURLOPT_SSLCERT, tls.client_certificate.c_str());
  curl_easy_setopt(easy, CURLOPT_SSLCERTTYPE, "PEM");
  const std::string_view key = outgoing_.client_key->view();
  curl_blob blob{const_cast<char*>(key.data()), key.size(), CURL_BLOB_COPY};  // libcurl copies, and does not write
  curl_easy_setopt(easy, CURLOPT_SSLKEY_BLOB, &blob);
  curl_easy_setopt(easy, CURLOPT_SSLKEYTYPE, "PEM");
}

void Transfer::SetUpRoute() {
  CURL* easy = easy_.get();
  const Origin& peer = outgoing_.proxy ? *outgoing_.proxy : hop_.url.origin;
  const AddressList& addresses = outgoing_.proxy ? outgoing_.proxy_addresses : outgoing_.addresses;
  if (outgoing_.proxy) {
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_PROXY, outgoing_.proxy->ToString().c_str());
    curl_easy_setopt(easy, CURLOPT_PROXYTYPE,
                     static_cast<long>(peer.scheme == "https" ? CURLPROXY_HTTPS : CURLPROXY_HTTP));
    curl_easy_setopt(easy, CURLOPT_PROXYPORT, static_cast<long>(peer.port));
    curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, 1L);
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(easy, CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    if (!options_.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, options_.ca_file.c_str());
    curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, nullptr);
    // The proxy is asked for an address that was judged: it has no name to resolve on its own.
    const auto& upstream = outgoing_.addresses.front();
    const std::string address = upstream.is_v6() ? "[" + upstream.to_string() + "]" : upstream.to_string();
    tunnel_.Add("::" + address + ":" + std::to_string(hop_.url.origin.port));
    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, tunnel_.get());
  }
  if (peer.host.find(':') != std::string::npos) return;  // IPv6: libcurl's syntax has no place for it, and needs none
  pin_ = pool_.pins().Pin(peer, addresses);
  if (pin_ == 0) return;
  std::string pin = peer.host + ":" + std::to_string(peer.port) + ":";
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const bool v6 = addresses[i].is_v6();
    pin += (i == 0 ? "" : ",") + (v6 ? "[" + addresses[i].to_string() + "]" : addresses[i].to_string());
  }
  pins_.Add(pin);
  curl_easy_setopt(easy, CURLOPT_RESOLVE, pins_.get());
}

void Transfer::SetUpRequest() {
  CURL* easy = easy_.get();
  std::string url = hop_.url.origin.ToString() + outgoing_.target;
  curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
  WipeString(&url);
  for (const auto& [name, value] : outgoing_.headers) {
    std::string line = name;
    line.reserve(name.size() + value.size() + 2);
    line.append(value.empty() ? ";" : ": ").append(value);
    headers_.Add(line);
    WipeString(&line);
  }
  headers_.Add("Accept-Encoding: " + std::string(AcceptedCodings()));
  // libcurl looks through this list some twenty times: only what matters stands in it.
  const bool at_once = SendsBodyAtOnce();
  if (body_ != nullptr && !at_once) headers_.Add("Expect:");
  // libcurl would take it for a form.
  if (at_once && !HasHeader(outgoing_.headers, "content-type")) headers_.Add("Content-Type:");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers_.get());
}

bool Transfer::SendsBodyAtOnce() const {
  const auto whole = body_ != nullptr ? body_->Whole() : std::nullopt;
  return whole && whole->size() <= kBodyAtOnceBytes;
}

void Transfer::SetUpBody() {
  CURL* easy = easy_.get();
  // POST and PUT without a body say so: Content-Length: 0 (RFC 9110 section 8.6).
  const bool sends = body_ != nullptr || hop_.method == "POST" || hop_.method == "PUT";
  if (hop_.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  const bool at_once = SendsBodyAtOnce();
  curl_easy_setopt(easy, at_once ? CURLOPT_POST : sends ? CURLOPT_UPLOAD : CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, hop_.method.c_str());
  if (!sends) return;
  if (at_once) {
    const std::string_view whole = *body_->ReadWhole();  // NOLINT(bugprone-unchecked-optional-access): SendsBodyAtOnce
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(whole.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, whole.data());
    return;
  }
  curl_off_t length = 0;
  if (body_ != nullptr) length = body_->declared() ? static_cast<curl_off_t>(*body_->declared()) : -1;
  curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, length);
}

void Transfer::Fail(CallFailure::Kind kind, std::string message) {
  if (!failure_) failure_ = CallFailure{kind, std::move(message)};
  on_event_();
}

void Transfer::OnCurlDone(CURLcode code) {
  // After a whole response nothing that happens to the rest of the request matters.
  const bool matters = code == CURLE_PARTIAL_FILE || !response_complete_;
  if (code != CURLE_OK && !failure_ && matters)
    failure_ = DescribeCurlFailure(easy_.get(), code, hop_.url.origin, outgoing_, options_);
  if (!failure_ && !head_.complete()) {
    failure_ = CallFailure{CallFailure::Kind::kNetwork,
                           hop_.url.origin.ToString() + " closed the connection without an answer"};
  }
  if (!failure_ && tls_end_ && !tls_end_->seen()) {
    failure_ =
        CallFailure{CallFailure::Kind::kNetwork,
                    hop_.url.origin.ToString() + " closed the connection before the response was known to be complete"};
  }
  done_ = true;  // what libcurl says from here on means nothing
  pool_.Remove(easy_.get());
  on_event_();
}

void Transfer::OnCurlReads(curl_socket_t fd, bool reads) noexcept {
  // libcurl reads from the first byte of a transfer to the last of its response, but for pauses of ours.
  if (reads || receive_paused_ || !head_.complete()) return;
  if (body_ == nullptr || done_ || failure_ || response_complete_) return;
  bool conflict = false;
  const bool libcurl_ends =
      head_.status() >= 300 || EndsWithConnection() || EqualsIgnoreCase(head_.Value("connection", &conflict), "close");
  if (!libcurl_ends && !HasWholeResponse(fd)) {
    if (body_->AtEnd()) return;  // libcurl looks itself
    Fail(CallFailure::Kind::kNetwork, hop_.url.origin.ToString() +
                                          " closed the connection before it had the request, and before the response "
                                          "was known to be complete");
    return;
  }
  response_complete_ = true;
  connection_ = fd;
  // After an error, and where the connection was to end with the response, libcurl sends no more, and ends when it may
  // go on (Continue).
  may_hang_up_ = !libcurl_ends;
  on_event_();
}

bool Transfer::EndsWithConnection() const {
  bool conflict = false;
  return head_.Value("content-length", &conflict).empty() && head_.Value("transfer-encoding", &conflict).empty();
}

// libcurl also stops reading at the end of the stream, and looks whether that came too early only when all is sent.
bool Transfer::HasWholeResponse(curl_socket_t fd) const {
  if (!has_response_body_) return true;
  bool conflict = false;
  const std::string_view length = head_.Value("content-length", &conflict);
  if (!length.empty()) return std::to_string(response_body_.wire_bytes()) == WithoutZeros(length);
  // libcurl keeps to itself whether it has seen the last chunk or the end of the stream. Only when both come at once,
  // and the server has not said that it would close, a whole response cannot be told from one that was cut off.
  return IsEstablished(fd);
}

// libcurl does not look at a connection that it neither reads nor, while the caller has nothing to send, writes.
void Transfer::LookForHangUp() {
  if (done_ || failure_) return;
  if (IsEstablished(connection_)) {
    hang_up_timer_.Start(kHangUpInterval);
    return;
  }
  OnCurlDone(CURLE_OK);  // the connection goes with the handle
}

void Transfer::Continue() {
  if (done_ || failure_) return;
  // Most transfers are done before this is called.
  if (std::exchange(may_hang_up_, false)) hang_up_timer_.Start(kHangUpInterval);
  const bool receive = receive_paused_ && response_body_.HasRoom();
  // After an error response, or a whole one that says "Connection: close", libcurl sends no more of the body, but does
  // not end as long as sending is paused.
  const bool given_up = head_.complete() && (head_.status() >= 300 || response_complete_);
  const bool send = send_paused_ && body_ != nullptr && (body_->Readable() || given_up);
  if (!receive && !send) return;
  last_activity_ = CoarseNow();
  if (receive) receive_paused_ = false;
  if (send) send_paused_ = false;
  curl_easy_pause(easy_.get(), (receive_paused_ ? CURLPAUSE_RECV : 0) | (send_paused_ ? CURLPAUSE_SEND : 0));
}

std::chrono::milliseconds Transfer::UpstreamSilence() const {
  if (done_ || !connected_ || receive_paused_ || send_paused_) return {};
  return std::chrono::duration_cast<std::chrono::milliseconds>(CoarseNow() - last_activity_);
}

bool Transfer::IsRepeatable() const { return hop_.method != "POST" && hop_.method != "PATCH"; }

bool Transfer::Judged(const std::string& address, int port) const {
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(address, error);
  const Origin& peer = outgoing_.proxy ? *outgoing_.proxy : hop_.url.origin;
  const AddressList& judged = outgoing_.proxy ? outgoing_.proxy_addresses : outgoing_.addresses;
  return !error && port == peer.port && std::find(judged.begin(), judged.end(), parsed) != judged.end();
}

void Transfer::OnHeadComplete() {
  bool conflict = false;
  const std::string_view length = head_.Value("content-length", &conflict);
  const int status = head_.status();
  has_response_body_ = hop_.method != "HEAD" && status != 204 && status != 205 && status != 304 &&
                       (length.empty() || length.find_first_not_of('0') != std::string_view::npos);
  if (!has_response_body_) return;
  if (EndsWithConnection() && hop_.url.origin.scheme == "https") tls_end_.emplace(pool_.tls_ends(), easy_.get());
  auto decoder = MakeContentDecoder(head_.Value("content-encoding", &conflict));
  if (conflict || !decoder) {
    Fail(CallFailure::Kind::kNetwork,
         hop_.url.origin.ToString() +
             " answered with a content encoding that was not asked for (gzip, br and zstd are)");
    return;
  }
  decoded_ = *decoder != nullptr;
  response_body_.SetDecoder(std::move(*decoder));
}

}  // namespace warder::broker
