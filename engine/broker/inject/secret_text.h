// A credential's fields, as they may be used.
//
// A secret is typed or pasted by a person: a line break in it would end the header it is put into (CWE-113), and a
// blank around it makes a key that no one can see to be wrong. It is looked at before it goes anywhere, a key of a hash
// as well; the errors name the field, never what it holds.
#pragma once

#include <string_view>

#include "engine/base/secret.h"
#include "sandbox/base/result.h"

namespace warder::broker {

inline constexpr std::size_t kMaxSecretBytes = std::size_t{16} << 10;

// The field's value: 1 to kMaxSecretBytes bytes, no control characters, no blanks around it. Valid as long as `fields`.
Result<std::string_view> FieldText(const SecretFields& fields, std::string_view field);

// The same for a key in PEM, which has lines.
Result<std::string_view> FieldPem(const SecretFields& fields, std::string_view field);

}  // namespace warder::broker
