// The calls of one execution: HTTP calls and timers, from the cell's frame to whoever answers it (outside.h) and back.
//
// Everything a cell asks for comes through here, so this is where it is held to the protocol (numbers in sequence,
// bytes within credit) and to its budgets. A breach ends the execution; a budget that is used up ends it with the
// limit's name.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/broker/broker.h"
#include "engine/execution/outside.h"
#include "sandbox/proto/cell.pb.h"
#include "warder/engine.h"

namespace warder::execution {

// What the calls need of their execution.
class CallHost {
 public:
  // Sends a frame to the cell, with the clock set.
  virtual void SendToCell(proto::ToCell& frame) = 0;
  // The same for a piece of a response.
  virtual void SendBodyToCell(std::uint64_t call, std::string data, bool last) = 0;
  // Response body bytes that the cell can have seen so far.
  virtual std::uint64_t BodyBytesWritten() const = 0;
  virtual void EndByLimit(const std::string& limit, std::uint64_t peak) = 0;
  virtual void EndByProtocol(const std::string& what) = 0;
  virtual void Emit(Event event) = 0;
  // Whether the cell has told of a step of this number (0: always), to which a call is then counted.
  virtual bool CountCall(std::uint64_t step) = 0;
  // Whether anybody hears of events.
  virtual bool HasListener() const = 0;
  virtual std::chrono::microseconds SinceStart() const = 0;

 protected:
  ~CallHost() = default;
};

class Calls {
 public:
  // Both outlive this.
  Calls(Outside& outside, const Limits& limits, CallHost& host);
  ~Calls();
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;

  void OnHttpRequest(const proto::HttpRequest& request);
  void OnRequestBody(std::uint64_t call, std::string_view data, bool last);
  void OnResponseCredit(const proto::Credit& credit);
  void OnCancel(const proto::CancelCall& cancel);
  void OnTimer(const proto::TimerRequest& timer);

  // Whether it is the next number, which it is from then on; otherwise the execution ends.
  bool TakeNumber(std::uint64_t call);

  // The connection was taken away: what is under way through it fails.
  void LoseConnection(const std::string& name);

  // Aborts whatever is under way; nothing is sent or called afterwards.
  void AbortAll();

  // Every HTTP call so far, in the order of its number; complete after AbortAll.
  const std::vector<CallRecord>& records() const { return records_; }
  std::uint64_t request_bytes() const { return request_bytes_; }
  std::uint64_t response_bytes() const { return response_bytes_; }

 private:
  class HttpCall;
  struct Waiting {
    std::uint64_t call;
    broker::HttpRequest request;
    std::size_t bytes;
  };

  void Launch(std::uint64_t call, broker::HttpRequest request);
  void LaunchWaiting();
  void AddWaitingBytes(std::size_t bytes);
  void Finish(std::uint64_t call, const std::string& outcome, const std::string& message);
  CallRecord& Record(std::uint64_t call) { return records_[record_of_.at(call)]; }

  Outside& outside_;
  Limits limits_;
  CallHost& host_;
  std::uint64_t last_number_ = 0;
  // The last call's URL, and what CanonicalizeUrl made of it: many flows call one endpoint again and again.
  std::string last_url_;
  std::optional<broker::CanonicalUrl> last_canonical_;
  std::unordered_map<std::uint64_t, std::unique_ptr<HttpCall>> active_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Outside::Timer>> timers_;
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::vector<CallRecord> records_;
  std::unordered_map<std::uint64_t, std::size_t> record_of_;
  std::uint64_t request_bytes_ = 0;
  std::uint64_t response_bytes_ = 0;
  std::uint64_t granted_ = 0;  // response credit beyond the initial, over all calls
};

}  // namespace warder::execution
