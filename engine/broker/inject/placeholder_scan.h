// Looks for placeholders in a request's body as it streams by.
#pragma once

#include <string>
#include <string_view>

#include "engine/broker/inject/placeholder.h"

namespace warder::broker {

// Finds a placeholder wherever the chunks are cut, in any case, as it stands and percent-encoded once (a form's body).
class PlaceholderScan {
 public:
  // `placeholders` outlives the scan.
  explicit PlaceholderScan(const Placeholders& placeholders) : placeholders_(placeholders) {}

  // The first placeholder that ends in `chunk`; nullptr: none does.
  const Placeholder* Feed(std::string_view chunk);

 private:
  // The end of what was seen, one byte shorter than a placeholder, and what follows.
  const Placeholder* Look(std::string_view chunk, std::string* tail) const;
  std::string Unescaped(std::string_view chunk);

  const Placeholders& placeholders_;
  std::string tail_;
  bool escaped_ = false;  // a "%" was seen: from there on the decoded text is another one
  std::string escape_;    // an escape that the last chunk began
  std::string decoded_tail_;
};

}  // namespace warder::broker
