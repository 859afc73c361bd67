#include "warder/engine.h"

namespace warder {

const char* StatusName(Status status) {
  switch (status) {
    case Status::kSucceeded:
      return "succeeded";
    case Status::kFailed:
      return "failed";
    case Status::kInvalid:
      return "invalid";
    case Status::kLimit:
      return "limit";
    case Status::kViolation:
      return "violation";
    case Status::kUnenforceable:
      return "unenforceable";
    case Status::kCancelled:
      return "cancelled";
    case Status::kFault:
      break;
  }
  return "fault";
}

}  // namespace warder
