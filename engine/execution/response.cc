#include "engine/execution/response.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "sandbox/proto/step_limits.h"

namespace warder::execution {
namespace {

constexpr std::size_t kMaxNameBytes = 128;
constexpr std::size_t kMaxValueBytes = 4096;

// They belong to the connection that the answer goes out on, or to the platform's own origin.
constexpr std::array<std::string_view, 9> kOwned = {"connection", "content-length",    "keep-alive", "set-cookie", "te",
                                                    "trailer",    "transfer-encoding", "upgrade",    "host"};

// RFC 9110, section 5.1, in lower case.
bool IsName(std::string_view name) {
  constexpr std::string_view kPunctuation = "!#$%&'*+-.^_`|~";
  return !name.empty() && name.size() <= kMaxNameBytes && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
           (c != '\0' && kPunctuation.find(c) != std::string_view::npos);
  });
}

bool IsValue(std::string_view value) {
  return value.size() <= kMaxValueBytes &&
         std::all_of(value.begin(), value.end(), [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7f); });
}

}  // namespace

const char* TakeResponse(const proto::Respond& respond, WebhookResponse* response) {
  if (respond.status() < 200 || respond.status() > 599) return "a response with a status that is none";
  if (respond.headers_size() > proto::kMaxRespondHeaders) return "a response with too many headers";
  if (respond.body().size() > proto::kMaxRespondBodyBytes) return "a response with too long a body";
  for (const proto::Header& header : respond.headers()) {
    const bool owned =
        std::find(kOwned.begin(), kOwned.end(), header.name()) != kOwned.end() || header.name().starts_with("proxy-");
    if (!IsName(header.name()) || owned || !IsValue(header.value())) return "a response with a header that is none";
    response->headers.emplace_back(header.name(), header.value());
  }
  response->status = static_cast<int>(respond.status());
  response->body = respond.body();
  return nullptr;
}

}  // namespace warder::execution
