// How an exchange with an authorization server can fail, so that a caller can decide what to do without reading text.
//
// Two questions matter. What is wrong (Problem)? And may the server have acted (Fate)? A refresh token that rotates can
// be used once: after kUnknown nobody may send it again as if nothing had happened.
#pragma once

#include <boost/system/result.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace warder::oauth {

enum class Fate {
  kNotSent,   // no byte of the request has left: it can be made again
  kDeclined,  // the server answered that it did not do it
  kUnknown,   // the request has left, and no answer came that says what became of it
};

enum class Problem {
  kInvalidGrant,   // the code, refresh token or assertion is good for nothing (any more): a person must authorize anew
  kInvalidClient,  // the server does not accept this client, its authentication, or its use of this grant
  kInvalidScope,   // the scope is not one that it grants
  kAccessDenied,   // the person, or the server for them, said no
  kExpired,        // nobody answered in time: the pending authorization or the device code is too old
  kPending,        // of the device grant: the person has not decided yet
  kSlowDown,       // of the device grant: likewise, and it is asked too often
  kNotOurs,        // the answer belongs to another session, tenant, state or issuer, or was used before
  kTemporary,      // it cannot now: try later, not before Failure::retry_after
  kDeclined,       // it declined for another reason, which the message names
  kUnexplained,    // it declined without an error code of OAuth: nothing shows that it has judged the grant
  kUnreachable,    // no connection
  kNoAnswer,       // a connection, and no whole answer
  kBadAnswer,      // an answer that breaks a rule
  kBadRequest,     // our own side: a URL, client or value that cannot be used; nothing was sent
};

// "invalid_grant": for records and metrics.
std::string_view NameOf(Problem problem);
std::string_view NameOf(Fate fate);

struct Failure {
  Problem problem;
  Fate fate;
  // One sentence: what failed, where, which rule, what to do. No secret, and nothing a server wrote but an error code
  // of the safe alphabet.
  std::string message;
  // Of kTemporary and kUnexplained, where the server named a time.
  std::optional<std::chrono::seconds> retry_after = std::nullopt;
};

template <typename T>
using Outcome = boost::system::result<T, Failure>;

// Called by Outcome::value() on a failure; code that has not checked first has broken an invariant.
[[noreturn]] void throw_exception_from_error(const Failure& failure, const boost::source_location& place);

}  // namespace warder::oauth
