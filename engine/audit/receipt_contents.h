// What must stand in a receipt for it to be one (docs/receipt.md): a signature alone does not make it complete.
#pragma once

#include <string_view>

#include "sandbox/base/result.h"

namespace warder::audit {

inline constexpr int kReceiptVersion = 1;

// The error names the member that is missing or of another type. Members beyond the known ones are no error.
Result<void> CheckReceiptContents(std::string_view receipt);

}  // namespace warder::audit
