// Request bytes between the caller and libcurl: counted against credit, held to the declared length, kept for a replay
// where that is possible.
//
// A body that is longer or shorter than it declared must never reach the wire as such: the next request on the
// connection would be read out of step. The first breach fails the call, and its connection is closed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/secret.h"
#include "sandbox/proto/frame.h"

namespace warder::broker {

class RequestBody {
 public:
  // `declared`: the exact length. Bodies that declare at most `replay_bytes` can be sent again.
  RequestBody(std::optional<std::uint64_t> declared, std::size_t replay_bytes)
      : declared_(declared), replayable_(declared && *declared <= replay_bytes) {}
  ~RequestBody() { WipeString(&data_); }
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;
  RequestBody(RequestBody&&) = delete;
  RequestBody& operator=(RequestBody&&) = delete;

  // Takes what the caller sends. The error, empty if none, says what is wrong with it.
  [[nodiscard]] std::string_view Append(std::string_view data, bool last);

  // Moves up to `size` bytes to `out`. 0: nothing is there now; if AtEnd() nothing will be.
  std::size_t Read(char* out, std::size_t size);
  // Read would give bytes, or the end.
  bool Readable() const { return last_ || read_ < data_.size(); }
  bool AtEnd() const { return last_ && read_ == data_.size(); }
  // Rewind would succeed.
  bool Rewindable() const { return replayable_ || consumed_ == 0; }
  // Starts over from the first byte; false: it is gone.
  [[nodiscard]] bool Rewind();
  // What comes from now on is dropped, and its credit given back: a redirect turned the request into a GET.
  void Discard();

  // Credit to give back to the caller, in useful portions.
  std::uint64_t TakeGrant();

  std::optional<std::uint64_t> declared() const { return declared_; }
  // All of it, once it has been appended, of a body that can be sent again; nothing before.
  std::optional<std::string_view> Whole() const {
    if (!replayable_ || discard_ || !last_) return std::nullopt;
    return data_;
  }
  // The same, as if it had been read. The view lasts until Discard.
  std::optional<std::string_view> ReadWhole();
  bool replayable() const { return replayable_; }

 private:
  static constexpr std::uint64_t kGrantBytes = proto::kInitialCredit / 4;

  std::optional<std::uint64_t> declared_;
  bool replayable_;
  bool discard_ = false;
  bool last_ = false;
  std::string data_;      // what was appended; only if replayable_ also what was read
  std::size_t read_ = 0;  // of data_
  std::uint64_t appended_ = 0;
  std::uint64_t consumed_ = 0;  // of appended_: read at least once, or dropped
  std::uint64_t granted_ = 0;   // of consumed_
};

}  // namespace warder::broker
