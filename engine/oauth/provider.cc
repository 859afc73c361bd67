#include "engine/oauth/provider.h"

#include "engine/broker/inject/jws.h"
#include "engine/oauth/members.h"

namespace warder::oauth {
namespace {

constexpr std::size_t kMaxClientBytes = 512;
constexpr std::size_t kMaxSecretBytes = std::size_t{16} << 10;

Result<void> CheckClient(const ClientRegistration& client) {
  // RFC 6749 appendix A.1 also allows blanks, which nobody uses and everybody reads in another way.
  if (client.id.empty() || client.id.size() > kMaxClientBytes || !IsVisible(client.id)) {
    return InvalidInput("the client id must be 1 to " + std::to_string(kMaxClientBytes) + " visible ASCII characters");
  }
  const bool needs_secret = client.authentication != ClientAuthentication::kNone;
  if (needs_secret == client.secret.empty()) {
    return InvalidInput(std::string(needs_secret ? "a client that authenticates with " : "a client of ") +
                        std::string(NameOf(client.authentication)) +
                        (needs_secret ? " needs its secret or key" : " has no secret: name how it authenticates"));
  }
  if (client.secret.view().size() > kMaxSecretBytes) {
    return InvalidInput("the client's secret has more than " + std::to_string(kMaxSecretBytes) + " bytes");
  }
  if (client.authentication == ClientAuthentication::kPrivateKeyJwt && !broker::HasPemKey(client.algorithm)) {
    return InvalidInput("private_key_jwt is signed with RS256, ES256 or EdDSA, not with a shared secret");
  }
  return {};
}

}  // namespace

std::string_view NameOf(ClientAuthentication authentication) {
  switch (authentication) {
    case ClientAuthentication::kNone:
      return "none";
    case ClientAuthentication::kSecretBasic:
      return "client_secret_basic";
    case ClientAuthentication::kSecretPost:
      return "client_secret_post";
    case ClientAuthentication::kPrivateKeyJwt:
      break;
  }
  return "private_key_jwt";
}

Result<void> CheckProvider(const Provider& provider, ClientNeed need) {
  if (auto checked = CheckMetadata(provider.server); !checked) return checked;
  const ClientRegistration& client = provider.client;
  if (need == ClientNeed::kOptional && client.id.empty()) {
    if (client.authentication == ClientAuthentication::kNone && client.secret.empty()) return {};
    return InvalidInput("a client that authenticates has an id; name it");
  }
  if (auto checked = CheckClient(provider.client); !checked) return checked;
  const auto& taken = provider.server.token_auth_methods;
  const std::string_view name = NameOf(provider.client.authentication);
  if (!taken.empty() && taken.find(name) == taken.end()) {
    return InvalidInput("the authorization server " + provider.server.issuer +
                        " takes no client that authenticates with " + std::string(name) +
                        " (token_endpoint_auth_methods_supported); register the client in another way");
  }
  return {};
}

}  // namespace warder::oauth
