#include "engine/broker/inject/message_template.h"

#include <algorithm>
#include <array>
#include <utility>

#include "engine/broker/ascii.h"

namespace warder::broker {
namespace {

using Part = MessageTemplate::Part;

constexpr std::array<std::pair<std::string_view, Part>, 6> kParts = {{{"method", Part::kMethod},
                                                                      {"origin", Part::kOrigin},
                                                                      {"path", Part::kPath},
                                                                      {"body", Part::kBody},
                                                                      {"timestamp", Part::kTimestamp},
                                                                      {"nonce", Part::kNonce}}};
constexpr std::string_view kHeaderStem = "header:";
constexpr std::string_view kKnown =
    "there are {method}, {origin}, {path}, {body}, {timestamp}, {nonce} and {header:NAME}";

Error At(std::size_t offset, const std::string& what) {
  return InvalidInput("the message template is wrong at column " + std::to_string(offset + 1) + ": " + what);
}

// Cut short, and without what a terminal would obey.
std::string Shown(std::string_view text) {
  constexpr std::size_t kMaxShown = 40;
  std::string shown(text.substr(0, kMaxShown));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < 0x20 || c == 0x7f; }, '?');
  return "\"{" + shown + (text.size() > kMaxShown ? "..." : "}") + "\"";
}

}  // namespace

void MessageTemplate::AddText(std::string_view text) {
  if (pieces_.empty() || pieces_.back().part != Part::kText) pieces_.push_back({});
  pieces_.back().text += text;
}

Result<MessageTemplate> MessageTemplate::Compile(std::string_view text) {
  if (text.empty()) return InvalidInput("the message template is empty: nothing of the request would be signed");
  if (text.size() > kMaxBytes) {
    return InvalidInput("the message template has more than " + std::to_string(kMaxBytes) + " bytes");
  }
  MessageTemplate compiled;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    const char next = at + 1 < text.size() ? text[at + 1] : '\0';
    if (c == '\\') {
      if (next != 'n' && next != '\\') return At(at, R"(a backslash stands only in \n and \\)");
      compiled.AddText(next == 'n' ? "\n" : "\\");
      ++at;
    } else if ((c == '{' || c == '}') && next == c) {
      compiled.AddText({&c, 1});
      ++at;
    } else if (c == '}') {
      return At(at, R"(a "}" without its "{"; a brace of the text is written "}}")");
    } else if (c == '{') {
      const std::size_t end = text.find('}', at);
      if (end == std::string_view::npos) {
        return At(at, R"(a "{" without its "}"; a brace of the text is written "{{")");
      }
      const std::string_view name = text.substr(at + 1, end - at - 1);
      const auto* const known =
          std::find_if(kParts.begin(), kParts.end(), [&](const auto& part) { return part.first == name; });
      if (known != kParts.end()) {
        compiled.pieces_.push_back({known->second, {}});
      } else if (name.starts_with(kHeaderStem) && IsToken(name.substr(kHeaderStem.size()))) {
        const std::string header = LowerCase(name.substr(kHeaderStem.size()));
        if (FindRefusal(header) != nullptr) return At(at, Shown(name) + " names a header that a script cannot set");
        compiled.pieces_.push_back({Part::kHeader, header});
      } else {
        return At(at, Shown(name) + " is no placeholder; " + std::string(kKnown));
      }
      at = end;
    } else {
      compiled.AddText({&c, 1});
    }
  }
  return compiled;
}

bool MessageTemplate::Uses(Part part) const {
  return std::any_of(pieces_.begin(), pieces_.end(), [&](const Piece& piece) { return piece.part == part; });
}

Result<std::string> MessageTemplate::Render(const SigningRequest& request) const {
  std::string message;
  for (const Piece& piece : pieces_) {
    switch (piece.part) {
      case Part::kText:
        message += piece.text;
        break;
      case Part::kMethod:
        message += request.method;
        break;
      case Part::kOrigin:
        message += request.url.origin.ToString();
        break;
      case Part::kPath:
        message += request.url.target;
        break;
      case Part::kBody:
        if (!request.body) return Refused("the connection signs the request's body, which is not at hand as a whole");
        message += *request.body;
        break;
      case Part::kTimestamp:
        message += TimestampOf(request.now);
        break;
      case Part::kNonce:
        message += request.nonce;
        break;
      case Part::kHeader: {
        const auto named = [&](const auto& header) { return EqualsIgnoreCase(header.first, piece.text); };
        const auto found = std::find_if(request.headers.begin(), request.headers.end(), named);
        if (found == request.headers.end() || std::count_if(found, request.headers.end(), named) != 1) {
          return Refused("the connection signs the header " + piece.text + ", which the request must have once");
        }
        message += found->second;
        break;
      }
    }
  }
  return message;
}

std::string TimestampOf(std::chrono::system_clock::time_point time) {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
}

}  // namespace warder::broker
