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

std::string CertificateReason(CURL* easy, CURLINFO verdict_of) {
  long verdict = X509_V_OK;
  curl_easy_getinfo(easy, verdict_of, &verdict);
  // libcurl compares the names itself, before it asks OpenSSL for its verdict.
  if (verdict == X509_V_OK || verdict == X509_V_ERR_UNSPECIFIED) return "it is not for this host";
  return X509_verify_cert_error_string(verdict);
}

// Repeats neither the name of the file nor a byte of the key.
constexpr std::string_view kClientCertificate =
    "the client certificate of the policy and its private key cannot be used: they must be PEM, and belong together";

CallFailure Network(std::string message) { return {CallFailure::Kind::kNetwork, std::move(message)}; }

std::string HandshakeNeeds(const TlsRules& tls) {
  return std::string("(TLS ") + (tls.minimum == TlsRules::Version::k13 ? "1.3" : "1.2") +
         " or later and HTTP/1.1 are needed)";
}

// There is a proxy, and it has not opened its tunnel. `status`: what it answered instead; 0: nothing.
bool ProxyInTheWay(CURL* easy, const Outgoing& outgoing, long* status) {
  long connects = 0;  // 0: the tunnel of an earlier transfer
  curl_easy_getinfo(easy, CURLINFO_NUM_CONNECTS, &connects);
  curl_easy_getinfo(easy, CURLINFO_HTTP_CONNECTCODE, status);
  return outgoing.proxy.has_value() && connects > 0 && *status / 100 != 2;
}

CallFailure DescribeProxyFailure(CURL* easy, CURLcode code, const std::string& proxy, const std::string& peer,
                                 long status) {
  if (code == CURLE_PEER_FAILED_VERIFICATION) {
    return Network("the TLS certificate of " + proxy +
                   " is not trusted: " + CertificateReason(easy, CURLINFO_PROXY_SSL_VERIFYRESULT));
  }
  return Network(proxy + " did not open a tunnel to " + peer +
                 (status == 0 ? "" : ": it answered with status " + std::to_string(status)));
}

}  // namespace

CallFailure DescribeCurlFailure(CURL* easy, CURLcode code, const Origin& origin, const Outgoing& outgoing,
                                const BrokerOptions& options) {
  const std::string peer = origin.ToString();
  const std::string next = outgoing.proxy ? "the proxy " + outgoing.proxy->ToString() : peer;
  long status = 0;
  const bool connected = code != CURLE_COULDNT_CONNECT && code != CURLE_OPERATION_TIMEDOUT;
  if (connected && ProxyInTheWay(easy, outgoing, &status)) {
    return DescribeProxyFailure(easy, code, next, peer, status);
  }
  switch (code) {
    case CURLE_COULDNT_CONNECT:
      return Network("could not connect to " + next + ConnectReason(easy));
    case CURLE_OPERATION_TIMEDOUT:
      return {CallFailure::Kind::kTimeout, "no connection to " + peer + (outgoing.proxy ? " through " + next : "") +
                                               " within " + Milliseconds(options.connect_timeout)};
    case CURLE_PEER_FAILED_VERIFICATION:
      return Network("the TLS certificate of " + peer +
                     " is not trusted: " + CertificateReason(easy, CURLINFO_SSL_VERIFYRESULT));
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return Network("the TLS certificate of " + peer + " has a public key that the policy does not pin");
    case CURLE_SSL_CERTPROBLEM:
      return Network(std::string(kClientCertificate));
    case CURLE_SSL_CACERT_BADFILE:
      return Network("the file of trusted TLS authorities cannot be read");
    case CURLE_SSL_CONNECT_ERROR:
      return Network("the TLS handshake with " + peer + " failed " + HandshakeNeeds(outgoing.tls));
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
