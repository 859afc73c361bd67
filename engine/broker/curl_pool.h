// The connections of one tenant: one libcurl multi handle, driven by the engine's loop.
//
// libcurl matches connections by host name alone, so whoever shares a multi handle shares connections: there is one
// pool per tenant and nothing is ever moved between two.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "engine/broker/broker_options.h"
#include "engine/broker/curl_handles.h"
#include "engine/broker/fd_watcher.h"
#include "engine/broker/loop_timer.h"
#include "engine/broker/pins.h"
#include "engine/broker/tls_ends.h"

namespace warder::broker {

// Told what becomes of an easy handle.
class CurlCompletion {
 public:
  // libcurl is done with it. Called from the loop, outside of all of libcurl's callbacks.
  virtual void OnCurlDone(CURLcode code) = 0;
  // Whether libcurl wants to read from its connection, `fd`. Called from inside libcurl.
  virtual void OnCurlReads(curl_socket_t fd, bool reads) noexcept = 0;

 protected:
  ~CurlCompletion() = default;
};

class CurlPool {
 public:
  // `open_connections` counts those of all pools; it outlives them, as `options` does.
  CurlPool(boost::asio::io_context& loop, const BrokerOptions& options, std::size_t& open_connections);
  ~CurlPool();  // every easy handle must have been removed; closes the connections
  CurlPool(const CurlPool&) = delete;
  CurlPool& operator=(const CurlPool&) = delete;
  CurlPool(CurlPool&&) = delete;
  CurlPool& operator=(CurlPool&&) = delete;

  // Takes a transfer; sets CURLOPT_PRIVATE and what libcurl keeps with a connection (how to close it, its TLS
  // context). Not from inside one of libcurl's callbacks, and neither is Remove.
  void Add(CURL* easy, CurlCompletion& completion);
  void Remove(CURL* easy);
  // Lets libcurl begin with what was added: connect, or send on a connection that is open. Not from inside one of its
  // callbacks; completions may be called, of other transfers too.
  void Begin() { Act(CURL_SOCKET_TIMEOUT, 0); }
  // A handle that was set up for all transfers and used by one that is over; null: there is none. Setting one up costs
  // about a tenth of a short call.
  EasyHandle TakeIdle();
  void KeepIdle(EasyHandle easy);
  // A transfer has opened a socket, which the pool will close.
  void NoteOpened() { ++open_connections_; }

  TlsEnds& tls_ends() { return tls_ends_; }
  Pins& pins() { return pins_; }
  boost::asio::io_context& loop() { return loop_; }

 private:
  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket_data) noexcept;
  static int OnTimer(CURLM* multi, long milliseconds, void* self) noexcept;
  static int OnCloseSocket(void* self, curl_socket_t fd) noexcept;
  void Act(curl_socket_t fd, int events);
  void BoundConnections();
  void SetTimer(std::chrono::steady_clock::time_point due);
  void OnTime();

  boost::asio::io_context& loop_;
  const BrokerOptions& options_;
  std::size_t& open_connections_;
  std::size_t transfers_ = 0;
  bool adding_ = false;
  TlsEnds tls_ends_;
  FdWatcher watcher_;
  LoopTimer timer_;
  // libcurl changes its mind with each request, mostly for a later time: the timer expires as it was set, and is set
  // again then.
  std::optional<std::chrono::steady_clock::time_point> due_;
  std::optional<std::chrono::steady_clock::time_point> set_;
  CURLM* multi_;
  std::vector<EasyHandle> idle_;
  Pins pins_;
};

}  // namespace warder::broker
