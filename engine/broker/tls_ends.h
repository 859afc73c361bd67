// Whether a TLS connection was ended by the peer's word (close_notify) or just ended.
//
// A body without a length ends with its connection. Under TLS only close_notify says so: a bare end of the stream is
// something that anyone on the path can make, and libcurl 7.88 takes it for the real one.
#pragma once

#include <curl/curl.h>
#include <openssl/ssl.h>

#include <map>

namespace warder::broker {

class TlsEnds {
 public:
  // Follows the connection that `easy` is using; to be made inside one of its callbacks.
  class Watch {
   public:
    Watch(TlsEnds& ends, CURL* easy);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;
    Watch(Watch&&) = delete;
    Watch& operator=(Watch&&) = delete;

    // The peer has sent close_notify.
    bool seen() const { return seen_; }

   private:
    friend class TlsEnds;
    TlsEnds& ends_;
    const SSL* session_ = nullptr;  // compared, never used: libcurl owns it
    bool seen_ = false;
  };

  // CURLOPT_SSL_CTX_FUNCTION with a TlsEnds, which must outlive the connections, as CURLOPT_SSL_CTX_DATA.
  static CURLcode OnContext(CURL* easy, void* context, void* self) noexcept;

 private:
  static void OnInfo(const SSL* session, int where, int value) noexcept;

  std::map<const SSL*, Watch*> watches_;
};

}  // namespace warder::broker
