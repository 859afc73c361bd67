#include "engine/store/tenant_id.h"

#include <algorithm>

#include "engine/base/text.h"

namespace warder::store {
namespace {

bool IsLetterOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool MayFollow(char c) { return IsLetterOrDigit(c) || c == '.' || c == '_' || c == '-'; }

}  // namespace

Result<TenantId> TenantId::Parse(std::string_view text) {
  const bool valid = !text.empty() && text.size() <= kMaxBytes && IsLetterOrDigit(text.front()) &&
                     std::all_of(text.begin(), text.end(), MayFollow);
  if (valid) return TenantId(text);
  return InvalidInput(
      "a tenant's name has 1 to 64 of the characters a-z, 0-9, '.', '_' and '-', and begins with a letter or a digit, "
      "and is not \"" +
      Truncate(text, kMaxBytes) + "\"");
}

}  // namespace warder::store
