// From errors as values to the exceptions of the public headers.
#pragma once

#include "sandbox/base/result.h"
#include "warder/engine.h"

namespace warder {

// What the caller gave, or may not have, is kInvalid; a fault of ours or of the system is kFault.
[[noreturn]] inline void ThrowEngineError(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kInvalidInput:
    case ErrorKind::kRefused:
      throw EngineError(Status::kInvalid, error.message);
    case ErrorKind::kUnenforceable:
      throw EngineError(Status::kUnenforceable, error.message, error.layer);
    case ErrorKind::kInternal:
      break;
  }
  throw EngineError(Status::kFault, error.message);
}

}  // namespace warder
