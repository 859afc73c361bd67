// The text that an HmacInjection signs, as a template over the request. See HmacInjection for its language.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/broker/inject/sign.h"
#include "sandbox/base/result.h"

namespace warder::broker {

class MessageTemplate {
 public:
  static constexpr std::size_t kMaxBytes = 4096;

  enum class Part { kText, kMethod, kOrigin, kPath, kBody, kTimestamp, kNonce, kHeader };

  // The error names the column, in bytes from 1, and what stands there.
  static Result<MessageTemplate> Compile(std::string_view text);

  bool Uses(Part part) const;

  // Refused: a header that the request does not have exactly once, a body that is not at hand.
  Result<std::string> Render(const SigningRequest& request) const;

 private:
  struct Piece {
    Part part = Part::kText;
    std::string text;  // of kText, or the header's name in lower case
  };
  void AddText(std::string_view text);

  std::vector<Piece> pieces_;
};

// "1440938160": as {timestamp} and as the timestamp's header.
std::string TimestampOf(std::chrono::system_clock::time_point time);

}  // namespace warder::broker
