#include "engine/broker/tls_ends.h"

namespace warder::broker {

TlsEnds::Watch::Watch(TlsEnds& ends, CURL* easy) : ends_(ends) {
  curl_tlssessioninfo* info = nullptr;
  if (curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &info) != CURLE_OK || info == nullptr) return;
  if (info->backend != CURLSSLBACKEND_OPENSSL || info->internals == nullptr) return;
  session_ = static_cast<const SSL*>(info->internals);
  ends_.watches_[session_] = this;
}

TlsEnds::Watch::~Watch() {
  const auto found = ends_.watches_.find(session_);
  if (found != ends_.watches_.end() && found->second == this) ends_.watches_.erase(found);
}

CURLcode TlsEnds::OnContext(CURL* /*easy*/, void* context, void* self) noexcept {
  auto* tls = static_cast<SSL_CTX*>(context);
  SSL_CTX_set_app_data(tls, self);
  SSL_CTX_set_info_callback(tls, OnInfo);
  return CURLE_OK;
}

void TlsEnds::OnInfo(const SSL* session, int where, int value) noexcept {
  constexpr int kDescription = 0xff;
  if ((where & SSL_CB_READ_ALERT) != SSL_CB_READ_ALERT || (value & kDescription) != SSL_AD_CLOSE_NOTIFY) return;
  auto* self = static_cast<TlsEnds*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  const auto found = self->watches_.find(session);
  if (found != self->watches_.end()) found->second->seen_ = true;
}

}  // namespace warder::broker
