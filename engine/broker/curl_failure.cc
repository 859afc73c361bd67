#include "engine/broker/curl_failure.h"

#include <openssl/x509_vfy.h>

#include <cerrno>
#include <system_error>

namespace warder::broker {
namespace {

std::string Milliseconds(std::chrono::milliseconds time) { return std::to_string(time.count()) + " ms"; }

std::string ConnectReason(CURL* easy) {
  long error = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
  if (error == 0) return {};
  return ": " + std::system_category().message(static_cast<int>(error));
}

std::string CertificateReason(CURL* easy) {
  long verdict = X509_V_OK;
  curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
  // libcurl compares the names itself, before it asks OpenSSL for its verdict.
  if (verdict == X509_V_OK || verdict == X509_V_ERR_UNSPECIFIED) return "it is not for this host";
  return X509_verify_cert_error_string(verdict);
}

CallFailure Network(std::string message) { return {CallFailure::Kind::kNetwork, std::move(message)}; }

}  // namespace

CallFailure DescribeCurlFailure(CURL* easy, CURLcode code, const Origin& origin, const BrokerOptions& options) {
  const std::string peer = origin.ToString();
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return Network("could not connect to " + peer + ConnectReason(easy));
    case CURLE_OPERATION_TIMEDOUT:
      return {CallFailure::Kind::kTimeout,
              "no connection to " + peer + " within " + Milliseconds(options.connect_timeout)};
    case CURLE_PEER_FAILED_VERIFICATION:
      return Network("the TLS certificate of " + peer + " is not trusted: " + CertificateReason(easy));
    case CURLE_SSL_CACERT_BADFILE:
      return Network("the file of trusted TLS authorities cannot be read");
    case CURLE_SSL_CONNECT_ERROR:
      return Network("the TLS handshake with " + peer + " failed (TLS 1.2 or later and HTTP/1.1 are needed)");
    case CURLE_GOT_NOTHING:
      return Network(peer + " closed the connection without an answer");
    case CURLE_PARTIAL_FILE:
      return Network(peer + " closed the connection before the response was complete");
    case CURLE_RECV_ERROR:
      return Network("the connection to " + peer + " broke before the response was complete");
    case CURLE_SEND_ERROR:
      return Network("the connection to " + peer + " broke while the request was sent");
    case CURLE_SEND_FAIL_REWIND:
      return Network("the connection to " + peer +
                     " broke while the request was sent, and its body cannot be sent again");
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
      return Network(peer + " sent something that is not a valid HTTP response");
    case CURLE_OUT_OF_MEMORY:
      return Network("out of memory while talking to " + peer);
    default:
      return Network("the transfer with " + peer + " failed (libcurl error " + std::to_string(code) + ")");
  }
}

}  // namespace warder::broker
