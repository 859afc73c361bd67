// The verdict: how an execution ended, derived from evidence.
//
// Evidence is what the engine itself saw (a deadline, a pidfd, a wait status) and what the cell said. The cell may lie:
// what it says can explain an end, or make its own run fail, never turn a limit or a violation into something better.
// PID 1 of a pid namespace shows some deaths under another signal, so no verdict hangs on the signal's number alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/execution/cell_process.h"
#include "sandbox/proto/cell.pb.h"
#include "warder/engine.h"

namespace warder::execution {

// The first thing that decided the end, as the engine saw it.
enum class Cause {
  kNone,        // nothing but the cell's death
  kResult,      // the cell sent Result
  kStopped,     // the cell stopped itself (a limit that it enforces)
  kViolation,   // the cell reported a system call that its filter stopped
  kLimit,       // the engine saw a limit reached
  kProtocol,    // the cell broke the rules of its socket
  kCancelled,   // the host asked
  kPosture,     // a layer of the cell's jail does not hold
  kDiverged,    // a replay or a script knows no further: it went another way
  kAsRecorded,  // a replay came to where the recorded execution was ended by something else than the cell
  kUnsendable,  // what the host, a recording or a script has given does not fit a frame
};

struct Evidence {
  Cause cause = Cause::kNone;
  proto::Result result;        // kResult
  proto::Stopped stopped;      // kStopped; with kLimit: the cell's answer to being asked, if one came
  proto::Violation violation;  // kViolation
  std::string limit;           // kLimit: name in LimitTable()
  std::uint64_t peak = 0;      // kLimit: what was reached, in the limit's unit
  std::string protocol_error;  // kProtocol: what the cell did
  std::string missing_layer;   // kPosture: its name; empty: the cell could not be looked at
  std::string posture_detail;  // kPosture: what was found instead
  std::string unsendable;      // kUnsendable: what does not fit, and why
  std::string output;          // what Output frames carried
  CellDeath death;
  bool ready = false;                  // the cell has said that it is behind its filter
  std::uint64_t data_limit_bytes = 0;  // RLIMIT_DATA of the cell
};

// One sentence for kUnsendable.
std::string DescribeUnsendable(const proto::ToCell& frame);

// Whether the cell ended as only one does that was broken, or has tried to be: by a signal that nobody sent it, or with
// a status that says so. Whatever it had said before.
bool DiedBadly(const CellDeath& death);

// Fills status, reason, output_json, error, limit and violation of `outcome`; reads its usage.
void Judge(const Evidence& evidence, const Limits& limits, Outcome* outcome);

}  // namespace warder::execution
