#include "tests/e2e/oidc/oidc_server.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <stdexcept>

#include "engine/base/base64.h"

namespace warder::oauth::testing {
namespace {

constexpr int kStartMilliseconds = 30'000;
constexpr int kIssuerDescriptor = 3;
constexpr long kMaxRedirects = 20;

std::size_t Drop(char* /*data*/, std::size_t size, std::size_t count, void* /*unused*/) { return size * count; }

// The first line that comes through `fd`; empty: none came in time.
std::string ReadLine(int fd) {
  std::string line;
  pollfd ready{fd, POLLIN, 0};
  char byte = 0;
  while (::poll(&ready, 1, kStartMilliseconds) == 1 && ::read(fd, &byte, 1) == 1 && byte != '\n') line += byte;
  return byte == '\n' ? line : "";
}

std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> MakeBrowser() {
  std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> easy(curl_easy_init(), curl_easy_cleanup);
  curl_easy_setopt(easy.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_NOPROXY, "*");
  curl_easy_setopt(easy.get(), CURLOPT_COOKIEFILE, "");
  curl_easy_setopt(easy.get(), CURLOPT_TIMEOUT, 20L);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, Drop);
  return easy;
}

}  // namespace

OidcServer::OidcServer(const std::string& file, const std::string& config) {
  std::array<int, 2> in{};
  std::array<int, 2> out{};
  if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, STDERR_FILENO, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], kIssuerDescriptor);
  std::string node = "node";
  std::string script = file;
  std::string argument = config;
  const std::array<char*, 4> arguments = {node.data(), script.data(), argument.data(), nullptr};
  const int error = ::posix_spawnp(&child_, "node", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(in[0]);
  ::close(out[1]);
  input_ = in[1];
  if (error == 0) issuer_ = ReadLine(out[0]);
  ::close(out[0]);
  if (!issuer_.empty()) return;
  ::close(input_);
  if (error == 0) ::waitpid(child_, nullptr, 0);
  throw std::runtime_error("the OpenID provider did not start");
}

OidcServer::~OidcServer() {
  ::close(input_);
  ::waitpid(child_, nullptr, 0);
}

SigningKey SigningKey::Make() {
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  std::array<unsigned char, 65> point{};  // 4, x, y
  std::size_t size = 0;
  if (!key || !bio || PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1 ||
      EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size(), &size) != 1) {
    throw std::runtime_error("no key");
  }
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  SigningKey made;
  made.pem = Secret({text, static_cast<std::size_t>(length)});
  const std::string_view both(reinterpret_cast<const char*>(point.data()), point.size());
  made.public_jwk = R"({"kty":"EC","crv":"P-256","alg":"ES256","use":"sig","x":")" + Base64UrlOf(both.substr(1, 32)) +
                    R"(","y":")" + Base64UrlOf(both.substr(33)) + "\"}";
  return made;
}

long Browse(const std::string& url, const std::string& bearer) {
  const auto easy = MakeBrowser();
  curl_easy_setopt(easy.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.get(), CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(easy.get(), CURLOPT_MAXREDIRS, kMaxRedirects);
  if (!bearer.empty()) {
    curl_easy_setopt(easy.get(), CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BEARER));
    curl_easy_setopt(easy.get(), CURLOPT_XOAUTH2_BEARER, bearer.c_str());
  }
  long status = 0;
  if (curl_easy_perform(easy.get()) == CURLE_OK) curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  return status;
}

std::string BrowseUntil(const std::string& url, const std::string& end) {
  const auto easy = MakeBrowser();
  std::string at = url;
  for (long hop = 0; hop < kMaxRedirects; ++hop) {
    curl_easy_setopt(easy.get(), CURLOPT_URL, at.c_str());
    const char* next = nullptr;
    if (curl_easy_perform(easy.get()) != CURLE_OK ||
        curl_easy_getinfo(easy.get(), CURLINFO_REDIRECT_URL, &next) != CURLE_OK || next == nullptr) {
      return {};
    }
    at = next;
    if (at.starts_with(end)) return at;
  }
  return {};
}

}  // namespace warder::oauth::testing
