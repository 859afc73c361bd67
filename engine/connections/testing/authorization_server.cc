#include "engine/connections/testing/authorization_server.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <future>
#include <memory>
#include <optional>
#include <utility>

namespace warder::connections::testing {
namespace {

using broker::testing::RawServer;
using broker::testing::Response;

// Of a body whose values need no escapes.
std::string Parameter(const std::string& body, const std::string& name) {
  const std::string text = "&" + body + "&";
  const std::size_t at = text.find("&" + name + "=");
  if (at == std::string::npos) return {};
  const std::size_t begin = at + name.size() + 2;
  return text.substr(begin, text.find('&', begin) - begin);
}

std::string Json(const std::string& body, const std::string& status = "200 OK", const std::string& headers = "") {
  return Response(body, "Content-Type: application/json\r\n" + headers, status);
}

}  // namespace

AuthorizationServer::AuthorizationServer() {
  server_.OnData([this](RawServer::Peer& peer) { OnData(peer); });
  thread_ = std::thread([this] { loop_.run(); });
}

AuthorizationServer::~AuthorizationServer() {
  loop_.stop();
  thread_.join();
}

void AuthorizationServer::Do(const std::function<void()>& what) {
  std::promise<void> done;
  boost::asio::post(loop_, [&] {
    what();
    done.set_value();
  });
  done.get_future().wait();
}

void AuthorizationServer::Behave(Manners manners) {
  Do([&] { manners_ = manners; });
}

AuthorizationServer::Seen AuthorizationServer::seen() {
  Seen seen;
  Do([&] { seen = seen_; });
  return seen;
}

std::string AuthorizationServer::FirstRefreshToken() {
  std::string token;
  Do([&] {
    token = NewToken("refresh");
    refresh_[token] = false;
  });
  return token;
}

bool AuthorizationServer::IsAccessToken(const std::string& token) {
  bool found = false;
  Do([&] { found = std::find(access_.begin(), access_.end(), token) != access_.end(); });
  return found;
}

bool AuthorizationServer::IsRefreshToken(const std::string& token) {
  bool found = false;
  Do([&] { found = refresh_.contains(token) && !refresh_.at(token); });
  return found;
}

std::string AuthorizationServer::NewToken(const std::string& kind) {
  return kind + "-" + kMark + "-" + std::to_string(++tokens_) + "-0123456789abcdef";
}

void AuthorizationServer::OnData(RawServer::Peer& peer) {
  while (const auto request = peer.TakeRequest()) {
    if (request->starts_with("POST /token")) ++seen_.token_requests;
    if (manners_.delay.count() == 0) {
      OnRequest(peer.shared_from_this(), *request);
      continue;
    }
    auto& timer = delays_.emplace_back(loop_, manners_.delay);
    timer.async_wait(
        [this, request = *request, held = peer.shared_from_this()](const boost::system::error_code& error) {
          if (!error) OnRequest(held, request);
        });
  }
}

void AuthorizationServer::OnRequest(const std::shared_ptr<RawServer::Peer>& peer, const std::string& request) {
  const std::string body = request.substr(request.find("\r\n\r\n") + 4);
  if (request.starts_with("POST /token ")) {
    seen_.forms.push_back(body);
    if (manners_.token == Manners::Token::kSilence) return;
    if (auto answer = TokenAnswer(body)) {
      peer->Send(*answer);
    } else {
      peer->Reset();
    }
    return;
  }
  if (request.starts_with("POST /revoke ")) {
    const std::string token = Parameter(body, "token");
    seen_.revoked.push_back(token);
    refresh_.erase(token);
    std::erase(access_, token);
    peer->Send(Json("{}"));
    return;
  }
  seen_.others.push_back(request.substr(0, request.find("\r\n")));
  if (request.starts_with("GET /.well-known/oauth-authorization-server ")) {
    peer->Send(Json(
        R"({"issuer":")" + origin_ + R"(","authorization_endpoint":")" + origin_ + R"(/authorize","token_endpoint":")" +
        origin_ + R"(/token","revocation_endpoint":")" + origin_ +
        R"(/revoke","response_types_supported":["code"],"code_challenge_methods_supported":["S256"],)"
        R"("token_endpoint_auth_methods_supported":["none","client_secret_basic","client_secret_post","private_key_jwt"],)"
        R"("grant_types_supported":["authorization_code","refresh_token","client_credentials",)"
        R"("urn:ietf:params:oauth:grant-type:jwt-bearer"]})"));
    return;
  }
  peer->Send(Response("", "", "404 Not Found"));
}

std::optional<std::string> AuthorizationServer::TokenAnswer(const std::string& body) {
  using Token = Manners::Token;
  const std::string grant = Parameter(body, "grant_type");
  const std::string given = Parameter(body, "refresh_token");
  if (manners_.token == Token::kDrop) return std::nullopt;
  if (manners_.token == Token::kBusy) return Json("{}", "503 Service Unavailable", "Retry-After: 60\r\n");
  if (manners_.token == Token::kGarbage) return Json("<html>" + std::string(kMark) + "</html>");
  if (manners_.token == Token::kForbidden) return Response("<h1>no</h1>", "", "403 Forbidden");
  if (manners_.token == Token::kInvalidGrant) return Json(R"({"error":"invalid_grant"})", "400 Bad Request");
  std::string more;
  if (grant == "refresh_token") {
    const auto found = refresh_.find(given);
    if (found != refresh_.end() && found->second) ++seen_.reuses;
    if (found == refresh_.end() || found->second) return Json(R"({"error":"invalid_grant"})", "400 Bad Request");
    found->second = manners_.rotates;
  }
  if (grant == "authorization_code" || (grant == "refresh_token" && manners_.rotates)) {
    const std::string next = NewToken("refresh");
    refresh_[next] = false;
    more = R"(,"refresh_token":")" + next + '"';
  }
  access_.push_back(NewToken("access"));
  if (manners_.token == Token::kDoAndDrop) return std::nullopt;
  return Json(R"({"token_type":"Bearer","access_token":")" + access_.back() + R"(","expires_in":)" +
              std::to_string(manners_.expires_in) + more + "}");
}

}  // namespace warder::connections::testing
