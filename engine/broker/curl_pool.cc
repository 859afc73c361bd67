#include "engine/broker/curl_pool.h"

#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace warder::broker {
namespace {

using std::chrono::steady_clock;

void InitializeLibrary() {
  static const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (code != CURLE_OK) throw std::runtime_error("libcurl cannot be initialised");
}

CURLM* MakeMulti() {
  InitializeLibrary();
  CURLM* multi = curl_multi_init();
  if (multi == nullptr) throw std::bad_alloc();
  return multi;
}

}  // namespace

CurlPool::CurlPool(boost::asio::io_context& loop, const BrokerOptions& options, std::size_t& open_connections)
    : loop_(loop),
      options_(options),
      open_connections_(open_connections),
      watcher_(loop,
               [this](int fd, bool readable, bool writable) {
                 Act(fd, (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0));
               }),
      timer_(loop, [this] { OnTime(); }),
      multi_(MakeMulti()) {
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, OnSocket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, OnTimer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
}

CurlPool::~CurlPool() {
  // Closing connections still calls OnSocket and OnCloseSocket: the members they use are alive until the body ends.
  curl_multi_cleanup(multi_);
}

EasyHandle CurlPool::TakeIdle() {
  if (idle_.empty()) return nullptr;
  EasyHandle easy = std::move(idle_.back());
  idle_.pop_back();
  return easy;
}

void CurlPool::KeepIdle(EasyHandle easy) {
  if (idle_.size() < options_.max_transfers_per_tenant) idle_.push_back(std::move(easy));
}

void CurlPool::Add(CURL* easy, CurlCompletion& completion) {
  curl_easy_setopt(easy, CURLOPT_PRIVATE, &completion);
  // Beyond the life of the easy handle: the pool is alive as long as its connections.
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, OnCloseSocket);
  curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, this);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, TlsEnds::OnContext);
  curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, &tls_ends_);
  adding_ = true;
  const CURLMcode added = curl_multi_add_handle(multi_, easy);
  adding_ = false;
  if (added != CURLM_OK) throw std::bad_alloc();
  ++transfers_;
  BoundConnections();
}

void CurlPool::Remove(CURL* easy) {
  // Only a call from inside a callback can fail; going on would free what libcurl is using.
  if (curl_multi_remove_handle(multi_, easy) != CURLM_OK) std::abort();
  --transfers_;
  BoundConnections();
}

void CurlPool::BoundConnections() {
  // libcurl counts those that are in use, too, and closes one where a transfer ends and there are more.
  const bool many = open_connections_ >= options_.max_kept_connections;
  const std::size_t idle = many ? options_.idle_connections_per_pool : options_.max_transfers_per_tenant;
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(transfers_ + idle));
}

int CurlPool::OnSocket(CURL* easy, curl_socket_t fd, int what, void* self, void* /*socket_data*/) noexcept {
  const bool read = what == CURL_POLL_IN || what == CURL_POLL_INOUT;
  const bool write = what == CURL_POLL_OUT || what == CURL_POLL_INOUT;
  static_cast<CurlPool*>(self)->watcher_.Watch(fd, read, write);
  CurlCompletion* completion = nullptr;  // libcurl closes connections with a handle of its own, which has none
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &completion);
  if (completion != nullptr) completion->OnCurlReads(fd, read);
  return 0;
}

int CurlPool::OnTimer(CURLM* /*multi*/, long milliseconds, void* self) noexcept {
  auto& pool = *static_cast<CurlPool*>(self);
  if (milliseconds < 0) {
    pool.due_.reset();
  } else if (milliseconds > 0 || !pool.adding_) {  // else Begin follows
    pool.SetTimer(steady_clock::now() + std::chrono::milliseconds(milliseconds));
  }
  return 0;
}

void CurlPool::SetTimer(steady_clock::time_point due) {
  due_ = due;
  if (set_ && *set_ <= due) return;
  set_ = due;
  timer_.Start(std::chrono::ceil<std::chrono::microseconds>(due - steady_clock::now()));
}

void CurlPool::OnTime() {
  set_.reset();
  if (!due_) return;
  if (const auto due = *due_; steady_clock::now() < due) {
    SetTimer(due);
    return;
  }
  due_.reset();
  Act(CURL_SOCKET_TIMEOUT, 0);
}

int CurlPool::OnCloseSocket(void* self, curl_socket_t fd) noexcept {
  auto& pool = *static_cast<CurlPool*>(self);
  pool.watcher_.Forget(fd);
  --pool.open_connections_;
  return ::close(fd);
}

void CurlPool::Act(curl_socket_t fd, int events) {
  int running = 0;
  curl_multi_socket_action(multi_, fd, events, &running);
  int queued = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &queued)) {
    if (message->msg != CURLMSG_DONE) continue;
    CurlCompletion* completion = nullptr;
    const CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &completion);
    completion->OnCurlDone(code);  // removes the handle, which makes `message` dangle
  }
}

}  // namespace warder::broker
