// The name of a tenant, checked once, so that whatever takes a TenantId may put it into a file name or a query.
#pragma once

#include <compare>
#include <string>
#include <string_view>

#include "sandbox/base/result.h"

namespace warder::store {

class TenantId {
 public:
  static constexpr std::size_t kMaxBytes = 64;

  // [a-z0-9][a-z0-9._-]{0,63}: no folder, no hidden file, no two spellings on a file system that folds case.
  static Result<TenantId> Parse(std::string_view text);

  const std::string& text() const { return text_; }
  auto operator<=>(const TenantId&) const = default;

 private:
  explicit TenantId(std::string_view text) : text_(text) {}

  std::string text_;
};

}  // namespace warder::store
