// Input files: read whole, but never more than a limit allows, whatever the file says about its size.
#pragma once

#include <cstdint>
#include <string>

#include "warder/limits.h"

namespace warder::cli {

// The limit that an input is held to, for reading and for the sentence that refuses it.
struct InputBound {
  const char* what;  // "event"
  std::uint64_t Limits::*limit;
  const char* remedy;  // "send less"
};

// Reads the file at `path`. Throws EngineError(kInvalid) with one sentence where that cannot be done, and where there
// is more than `limits` allows: a regular file is then not read at all, of a pipe one byte too many is taken.
std::string ReadInputFile(const InputBound& bound, const std::string& path, const Limits& limits);

// Reads a file that is no input of an execution, of at most `maximum` bytes; `what` is what messages call it. Throws
// EngineError(kInvalid).
std::string ReadSmallFile(const char* what, const std::string& path, std::uint64_t maximum);

// As ReadInputFile, from an open descriptor, which is borrowed; `name` is what messages call it.
std::string ReadInput(const InputBound& bound, int fd, const std::string& name, const Limits& limits);

}  // namespace warder::cli
