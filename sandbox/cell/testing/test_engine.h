// Plays the engine towards one cell, whether that is jailed or not: sends what a test tells it to, collects what comes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sandbox/base/unique_fd.h"
#include "sandbox/proto/cell.pb.h"
#include "sandbox/proto/frame.h"

namespace warder::cell {

// What a frame says, for a test's failure message.
std::string Describe(const proto::FromCell& frame);

class TestEngine {
 public:
  static constexpr std::uint64_t kEpochUs = 1'700'000'000'000'000;

  TestEngine();
  virtual ~TestEngine() = default;
  TestEngine(const TestEngine&) = delete;
  TestEngine& operator=(const TestEngine&) = delete;
  // Takes the engine's end of a cell's socket.
  void Attach(UniqueFd socket);
  // Says no more, and reads what the cell still says until it is gone.
  void Detach();

  // What Start will say, but for what the members below set.
  proto::Start start;
  std::uint64_t clock_us = kEpochUs;

  // Frames to the cell. Send stamps the clock.
  void Send(proto::ToCell frame);
  void SendRaw(const std::string& bytes);
  void AddInput(proto::Input::Kind kind, const std::string& name, const std::string& data);
  void SendStart();
  void FireTimer(std::uint64_t call, std::uint64_t after_us = 0);
  void RespondHead(std::uint64_t call, std::uint32_t status, bool body,
                   const std::vector<std::pair<std::string, std::string>>& headers = {});
  void RespondBody(std::uint64_t call, const std::string& data, bool last);

  // The next frame from the cell; nothing at end of stream. Aborts after 30 seconds of silence.
  std::optional<proto::FromCell> Receive();
  // Frames up to the last one, Result or Stopped, which is returned; logs, steps, responses and output are collected,
  // timers fire at once in the order of their expiry. Anything else is returned too.
  std::optional<proto::FromCell> RunToEnd();

  std::vector<proto::Log> logs;
  std::vector<proto::Step> steps;
  std::vector<proto::Respond> responses;
  std::string output;

 protected:
  // Waits until the cell waits for the engine, or has said something more.
  virtual void AwaitQuiet();
  bool HasSaidMore();
  // The cell has read every byte that was sent to it.
  bool HasHeardAll();

 private:
  UniqueFd socket_;
  proto::FrameReader reader_;
  std::multimap<std::uint64_t, std::uint64_t> timers_;  // calls by the time of their expiry
};

}  // namespace warder::cell
