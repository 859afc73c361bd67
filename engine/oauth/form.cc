#include "engine/oauth/form.h"

#include "engine/broker/percent.h"

namespace warder::oauth {

void Form::Add(std::string_view name, std::string_view value) {
  std::string encoded = broker::PercentEncoded(value);
  const WipeAtEnd wipe(&encoded);
  if (!text_.empty()) Append("&");
  Append(broker::PercentEncoded(name));
  Append("=");
  Append(encoded);
}

}  // namespace warder::oauth
