// The connections of one tenant: one libcurl multi handle, driven by the engine's loop.
//
// libcurl matches connections by host name alone, so whoever shares a multi handle shares connections: there is one
// pool per tenant and nothing is ever moved between two.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <vector>

#include "engine/broker/broker_options.h"
#include "engine/broker/curl_handles.h"
#include "engine/broker/fd_watcher.h"
#include "engine/broker/loop_timer.h"
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

  // Starts a transfer; sets CURLOPT_PRIVATE and what libcurl keeps with a connection (how to close it, its TLS
  // context). Not from inside one of libcurl's callbacks, and neither is Remove.
  void Add(CURL* easy, CurlCompletion& completion);
  void Remove(CURL* easy);
  // A handle that was set up for all transfers and used by one that is over; null: there is none. Setting one up costs
  // about a tenth of a short call.
  EasyHandle TakeIdle();
  void KeepIdle(EasyHandle easy);
  // A transfer has opened a socket, which the pool will close.
  void NoteOpened() { ++open_connections_; }

  TlsEnds& tls_ends() { return tls_ends_; }
  boost::asio::io_context& loop() { return loop_; }

 private:
  static int OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* socket_data) noexcept;
  static int OnTimer(CURLM* multi, long milliseconds, void* self) noexcept;
  static int OnCloseSocket(void* self, curl_socket_t fd) noexcept;
  void Act(curl_socket_t fd, int events);
  void BoundConnections();

  boost::asio::io_context& loop_;
  const BrokerOptions& options_;
  std::size_t& open_connections_;
  std::size_t transfers_ = 0;
  TlsEnds tls_ends_;
  FdWatcher watcher_;
  LoopTimer timer_;
  CURLM* multi_;
  std::vector<EasyHandle> idle_;
};

}  // namespace warder::broker
