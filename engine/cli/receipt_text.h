// A receipt in words, for people.
#pragma once

#include <string>
#include <string_view>

#include "engine/cli/output.h"

namespace warder::cli {

// `receipt` is what audit::VerifyReceipt returned as valid.
std::string ReceiptText(std::string_view receipt, const Output& output);

}  // namespace warder::cli
