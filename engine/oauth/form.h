// A body of application/x-www-form-urlencoded whose values are secrets.
#pragma once

#include <string_view>

#include "engine/base/secret.h"
#include "sandbox/base/wiped.h"

namespace warder::oauth {

class Form {
 public:
  void Add(std::string_view name, std::string_view value);
  Secret Finish() const { return Secret({text_.data(), text_.size()}); }

 private:
  void Append(std::string_view text) { text_.insert(text_.end(), text.begin(), text.end()); }

  WipedVector<char> text_;
};

}  // namespace warder::oauth
