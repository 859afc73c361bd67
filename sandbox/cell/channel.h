// The cell's end of the socket: whole frames in, whole frames out, blocking.
//
// A cell that cannot speak to its engine has nothing left to do: a closed socket, a broken stream or a failed write
// ends the process here, with one of ExitStatus.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "sandbox/proto/body_frame.h"
#include "sandbox/proto/cell.pb.h"
#include "sandbox/proto/frame.h"

namespace warder::cell {

// How a cell's process ends when it ends by itself.
enum ExitStatus : int {
  kFinished = 0,     // Result, Stopped or Violation was sent
  kEngineGone = 64,  // the socket was closed
  kBadFrame = 65,    // the engine sent what the protocol does not allow now
  kFault = 70,       // a broken invariant of ours
};

[[noreturn]] void Exit(ExitStatus status);

class Channel {
 public:
  // Does not own `fd`: the socket lives as long as the process.
  explicit Channel(int fd) : fd_(fd) {}

  // Called right before and right after each read(2), so that a signal that comes in between is known to have
  // interrupted nothing else.
  void OnWait(void (*begin)(), void (*end)()) {
    begin_wait_ = begin;
    end_wait_ = end;
  }

  // Says where the `size` bytes of a piece of a response go; null: nowhere, they are dropped.
  using BeginBody = std::function<char*(const proto::BodyHeader&)>;

  // The next frame; blocks. A piece of a response is returned as its header when all its bytes are where `begin` said;
  // those of a long one come there right from the socket. Any other frame goes to `frame`.
  std::optional<proto::BodyHeader> Receive(proto::ToCell* frame, const BeginBody& begin);

  // The next frame of a debugger; blocks. Those of any other kind are kept, in order, for Receive.
  void ReceiveDebugger(proto::ToCell* frame);

  // At once, with all that was queued before.
  void Send(const proto::FromCell& frame);
  // With what else the script causes until the cell waits for the engine: at the latest then, or when it is much.
  void Queue(const proto::FromCell& frame);

 private:
  static std::optional<proto::BodyHeader> Take(std::string_view payload, proto::ToCell* frame, const BeginBody& begin);
  void Append(const proto::FromCell& frame);
  // Of the piece that the reader has the beginning of.
  void ReceiveRest(const proto::FoundBody& found, std::string_view here, char* to);
  // Blocks for at most `size` bytes; 0: a signal came.
  std::size_t Read(char* to, std::size_t size);
  void ReadSome();
  void Flush();

  int fd_;
  void (*begin_wait_)() = [] {};
  void (*end_wait_)() = [] {};
  proto::FrameReader reader_;
  std::list<std::string> kept_;  // payloads that came before the debugger's; as many as calls have credit for
  std::string out_;
  std::unique_ptr<char[]> in_ = std::make_unique<char[]>(kReadBytes);
  bool in_a_long_body_ = false;

  static constexpr std::size_t kReadBytes = std::size_t{64} << 10;
  // So much of a piece that has not come yet is worth a system call of its own. The rest of a shorter one comes with
  // whatever is behind it.
  static constexpr std::size_t kLongRestBytes = std::size_t{16} << 10;
  // Behind a long piece often comes another: of that the header is read, and little more that would have to be moved.
  static constexpr std::size_t kReadBehindLongBytes = 256;
  // A system call costs about as much as encoding a few frames, and the engine can work on these meanwhile.
  static constexpr std::size_t kQueueBytes = std::size_t{16} << 10;
};

}  // namespace warder::cell
