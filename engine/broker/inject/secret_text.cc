#include "engine/broker/inject/secret_text.h"

#include <algorithm>
#include <string>

#include "engine/broker/request_headers.h"

namespace warder::broker {
namespace {

Error Refuse(std::string_view field, std::string_view why) {
  return InvalidInput("the credential's field \"" + std::string(field) + "\" " + std::string(why));
}

Result<std::string_view> Find(const SecretFields& fields, std::string_view field) {
  const auto found = fields.find(field);
  if (found == fields.end()) return Refuse(field, "is missing");
  const std::string_view value = found->second.view();
  if (value.empty()) return Refuse(field, "is empty");
  if (value.size() > kMaxSecretBytes) {
    return Refuse(field, "has more than " + std::to_string(kMaxSecretBytes) + " bytes");
  }
  return value;
}

}  // namespace

Result<std::string_view> FieldText(const SecretFields& fields, std::string_view field) {
  auto value = Find(fields, field);
  if (!value || (IsFieldValue(*value) && value->find('\t') == std::string_view::npos)) return value;
  return Refuse(field, "holds a line break or another control character, or blanks around it; set it again without");
}

Result<std::string_view> FieldPem(const SecretFields& fields, std::string_view field) {
  auto value = Find(fields, field);
  if (!value) return value;
  const bool text = std::all_of(value->begin(), value->end(),
                                [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\n' || c == '\r' || c == '\t'; });
  if (text) return value;
  return Refuse(field, "is not text as PEM is (RFC 7468)");
}

}  // namespace warder::broker
