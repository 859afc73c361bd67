// A journal that was read: what was run, and everything that crossed the cell's socket while it ran, in order.
//
// Whoever holds a Tape knows that it makes sense: inputs and Start come first and make up the bundle that the header
// names, the clock never goes back, every reply is to a call that was under way, nothing follows the cell's last frame,
// which is there where the cell ended it. So what plays it never meets a frame that it does not expect.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/journal/header.h"
#include "engine/journal/record.h"
#include "sandbox/base/result.h"
#include "sandbox/proto/cell.pb.h"
#include "warder/engine.h"

namespace warder::journal {

// The call that a reply is to, or the timer that fires.
std::uint64_t CallOf(const proto::ToCell& frame);
// The call that a frame about state answers; 0: it is none.
std::uint64_t StateCallOf(const proto::ToCell& frame);

class Tape {
 public:
  // The error is one sentence that names the record, without the name of the file. A journal that is cut off behind
  // Start is read as far as it goes.
  static Result<Tape> Read(std::string text);

  const Header& header() const { return header_; }
  // Nothing: the journal is cut off.
  const std::optional<Ending>& ending() const { return ending_; }
  // Why the journal ends before the execution did, one clause; empty: it does not.
  const std::string& cut_off() const { return cut_off_; }

  // Whether anything of the bundle was ever run; if not, there is nothing below.
  bool ran() const { return bundle_ != nullptr; }
  const std::shared_ptr<const Bundle>& bundle() const { return bundle_; }
  const std::string& event() const { return event_; }
  const std::string& config() const { return config_; }
  const proto::Start& start() const { return start_; }

  // Every frame from the first input on; [first_reply(), size) come behind Start.
  std::size_t size() const { return frames_.size(); }
  std::size_t first_reply() const { return first_reply_; }
  RecordKind kind(std::size_t index) const { return frames_[index].kind; }
  // Of a kRequestBody: see request_digest.h.
  std::string_view payload(std::size_t index) const { return frames_[index].payload; }
  proto::ToCell ToCellAt(std::size_t index) const;
  proto::FromCell FromCellAt(std::size_t index) const;
  // What was committed, the last of each key, in the order of the keys.
  std::vector<StateItem> StateLeft() const;

 private:
  class Reader;

  std::shared_ptr<const std::string> text_;  // what the payloads are views of
  Header header_;
  std::optional<Ending> ending_;
  std::string cut_off_;
  std::shared_ptr<const Bundle> bundle_;
  std::string event_;
  std::string config_;
  proto::Start start_;
  std::vector<Record> frames_;
  std::size_t first_reply_ = 0;
};

}  // namespace warder::journal

namespace warder {

struct Script;

// What Recording::AsScript makes of an execution that ran.
Script ScriptOf(const journal::Tape& tape);

}  // namespace warder
