// Errors as values.
//
// A function that can fail for a reason outside the program returns Result<T>: either a T or an Error that a person can
// act on. An Error says what was refused, where, and what to do. Faults of our own (broken invariants) abort instead.
#pragma once

#include <boost/system/result.hpp>
#include <stdexcept>
#include <string>
#include <utility>

namespace warder {

// What kind of thing went wrong; the command line turns it into an exit code.
enum class ErrorKind {
  kInvalidInput,   // the caller's input is at fault
  kUnenforceable,  // this machine cannot set up a layer of the jail that the policy asks for
  kRefused,        // policy says no
  kInternal,       // a fault of ours or of the system (out of descriptors, a helper died)
};

struct Error {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;  // one sentence, no secret in it
  std::string layer;    // for kUnenforceable: the layer's name as `warder doctor` prints it
};

template <typename T>
using Result = boost::system::result<T, Error>;

// Called by Result::value() on an error; code that has not checked first has broken an invariant.
[[noreturn]] inline void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("unchecked error: " + error.message);
}

inline Error InvalidInput(std::string message) { return {ErrorKind::kInvalidInput, std::move(message), {}}; }
inline Error Internal(std::string message) { return {ErrorKind::kInternal, std::move(message), {}}; }
inline Error Refused(std::string message) { return {ErrorKind::kRefused, std::move(message), {}}; }
inline Error Unenforceable(std::string layer, std::string message) {
  return {ErrorKind::kUnenforceable, std::move(message), std::move(layer)};
}

}  // namespace warder
