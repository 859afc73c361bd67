#include "engine/oauth/failure.h"

#include <stdexcept>

namespace warder::oauth {

std::string_view NameOf(Problem problem) {
  switch (problem) {
    case Problem::kInvalidGrant:
      return "invalid_grant";
    case Problem::kInvalidClient:
      return "invalid_client";
    case Problem::kInvalidScope:
      return "invalid_scope";
    case Problem::kAccessDenied:
      return "access_denied";
    case Problem::kExpired:
      return "expired";
    case Problem::kPending:
      return "pending";
    case Problem::kSlowDown:
      return "slow_down";
    case Problem::kNotOurs:
      return "not_ours";
    case Problem::kTemporary:
      return "temporary";
    case Problem::kDeclined:
      return "declined";
    case Problem::kUnexplained:
      return "unexplained";
    case Problem::kUnreachable:
      return "unreachable";
    case Problem::kNoAnswer:
      return "no_answer";
    case Problem::kBadAnswer:
      return "bad_answer";
    case Problem::kBadRequest:
      break;
  }
  return "bad_request";
}

std::string_view NameOf(Fate fate) {
  switch (fate) {
    case Fate::kNotSent:
      return "not_sent";
    case Fate::kDeclined:
      return "declined";
    case Fate::kUnknown:
      break;
  }
  return "unknown";
}

void throw_exception_from_error(const Failure& failure, const boost::source_location& /*place*/) {
  throw std::logic_error("unchecked failure: " + failure.message);
}

}  // namespace warder::oauth
