// One HTTP request and its response over one connection: an easy handle of libcurl with everything it must not do on
// its own switched off. No redirects, cookies, proxies, .netrc, alternative services, resolving, decoding.
//
// A response may be complete before its request is. The exchange is over when both are, as Fetch has it (duplex "half":
// the whole request is sent before the response is processed), unless the server has ended it: "the server MUST read
// the entire request message body or close the connection after sending its response" (RFC 9112, section 9.3), and a
// client that sees it close stops sending (section 9.5). What has come of the response is there to be read meanwhile.
//
// libcurl's callbacks only move bytes into bounded buffers and say that something happened; the owner looks afterwards,
// from the loop. So nothing that reacts to a response ever runs inside libcurl.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "engine/broker/broker.h"
#include "engine/broker/curl_pool.h"
#include "engine/broker/outgoing.h"
#include "engine/broker/redirect.h"
#include "engine/broker/request_body.h"
#include "engine/broker/response_body.h"
#include "engine/broker/response_head.h"

namespace warder::broker {

// Of a connection that is open already. kNever: nor may any other transfer use this one's afterwards.
enum class Reuse { kAllowed, kForbidden, kNever };

class Transfer final : private CurlCompletion {
 public:
  // Starts. The addresses of `outgoing` are the only ones that it connects to or finds at the other end of a reused
  // connection. `body` is null for a request without one. `on_event` is called when any of the below has changed, at
  // times from inside libcurl: it may only schedule. All references must outlive the transfer.
  Transfer(CurlPool& pool, const BrokerOptions& options, const Hop& hop, Outgoing outgoing, Reuse reuse,
           RequestBody* body, std::function<void()> on_event);
  // Aborts what is under way; its connection is closed then.
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;
  Transfer(Transfer&&) = delete;
  Transfer& operator=(Transfer&&) = delete;

  const ResponseHeadReader& head() const { return head_; }
  // The response has a body that the caller gets to see (RFC 9110: not after HEAD, 204, 205, 304, or of length 0).
  bool has_response_body() const { return has_response_body_; }
  bool decoded() const { return decoded_; }
  ResponseBody& response_body() { return response_body_; }

  // The whole response has come and libcurl reads no more, but the request is still being sent.
  bool response_first() const { return response_complete_ && !done_; }
  // The upstream can have seen some of the request.
  bool may_have_sent() const { return connected_; }
  // Over: successfully if there is no failure.
  bool done() const { return done_; }
  const std::optional<CallFailure>& failure() const { return failure_; }
  // The failure is that the pool's connection led to an address that this transfer may not use. Nothing was sent; a
  // fresh connection will do.
  bool found_foreign_connection() const { return foreign_connection_; }

  // Goes on with what was paused, as far as there is room and there are bytes. Not from inside `on_event`.
  void Continue();

  // How long the upstream has kept us waiting: zero while it is the caller who does not send or take, and while
  // connecting.
  std::chrono::milliseconds UpstreamSilence() const;

 private:
  void SetUpForAll();
  void SetUpCallbacks();
  void SetUpTls();
  void SetUpRoute();
  void SetUpRequest();
  void SetUpBody();
  bool SendsBodyAtOnce() const;
  // Its easy handle is as good for another transfer: it was told nothing that SetUpForAll and ForgetRequest do not
  // know of, and no secret of the URL's, and its connection is not for it alone.
  bool IsPlain() const;
  void ForgetRequest();
  bool IsRepeatable() const;
  bool Judged(const std::string& address, int port) const;
  void Fail(CallFailure::Kind kind, std::string message);
  void OnCurlDone(CURLcode code) override;
  void OnCurlReads(curl_socket_t fd, bool reads) noexcept override;
  bool EndsWithConnection() const;
  bool HasWholeResponse(curl_socket_t fd) const;
  void LookForHangUp();
  void OnHeadComplete();

  static std::size_t OnHeader(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t OnWrite(char* data, std::size_t size, std::size_t count, void* self) noexcept;
  static std::size_t OnRead(char* out, std::size_t size, std::size_t count, void* self) noexcept;
  static int OnSeek(void* self, curl_off_t offset, int origin) noexcept;
  static int OnPrerequest(void* self, char* peer, char* local, int peer_port, int local_port) noexcept;
  static curl_socket_t OnOpenSocket(void* self, curlsocktype purpose, curl_sockaddr* address) noexcept;
  static int OnResolverStart(void* resolver, void* reserved, void* self) noexcept;

  CurlPool& pool_;
  const BrokerOptions& options_;
  const Hop& hop_;
  Outgoing outgoing_;
  RequestBody* const body_;
  const std::function<void()> on_event_;
  const Reuse reuse_;

  CurlStrings headers_;  // libcurl keeps pointers into these
  CurlStrings pins_;
  CurlStrings tunnel_;
  EasyHandle easy_;

  std::uint64_t pin_ = 0;                  // what the pool calls ours; 0: it had it already
  std::optional<TlsEnds::Watch> tls_end_;  // only where it says whether the body is whole
  ResponseHeadReader head_;
  ResponseBody response_body_;
  bool has_response_body_ = false;
  bool decoded_ = false;
  bool receive_paused_ = false;
  bool send_paused_ = false;
  bool connected_ = false;
  bool foreign_connection_ = false;
  bool response_complete_ = false;
  bool may_hang_up_ = false;                    // from here on nobody but hang_up_timer_ would notice
  curl_socket_t connection_ = CURL_SOCKET_BAD;  // once the response is complete; libcurl owns it
  bool done_ = false;
  std::optional<CallFailure> failure_;
  std::chrono::steady_clock::time_point last_activity_;
  LoopTimer hang_up_timer_;
};

}  // namespace warder::broker
