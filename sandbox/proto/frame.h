// Frames on the cell's socket: a 4-byte little-endian length, then that many bytes of one protobuf message.
//
// FrameReader is the one bounded decoder of both sides. It never holds more than one frame and a read's worth of bytes,
// and it never recovers: after the first error the stream is dead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace google::protobuf {
class MessageLite;
}

namespace warder::proto {

// The longest message on the socket. Inputs, outputs and bodies that are longer travel in pieces.
inline constexpr std::size_t kMaxFrameBytes = std::size_t{1} << 20;
// The longest `data` of a BodyChunk, Input or Output.
inline constexpr std::size_t kMaxBodyChunkBytes = std::size_t{256} << 10;
// Body bytes that may be sent on a fresh call before the receiver grants more.
inline constexpr std::uint64_t kInitialCredit = std::uint64_t{512} << 10;
// What an entry of the log takes of its limit beside its text: entries without text must not be free.
inline constexpr std::uint64_t kLogEntryBytes = 64;
// The longest message of a debugger, and the longest that V8's inspector sends one: the source of a bundle as large as
// may be, in JSON.
inline constexpr std::size_t kMaxDebuggerMessageBytes = std::size_t{2} << 20;
inline constexpr std::size_t kMaxInspectorMessageBytes = std::size_t{64} << 20;
// What a cell may say of what has run in it.
inline constexpr std::size_t kMaxCoverageBytes = std::size_t{32} << 20;
// The longest packet on the control socket.
inline constexpr std::size_t kMaxControlBytes = std::size_t{64} << 10;
inline constexpr std::size_t kFrameHeaderBytes = 4;

// Serialises `message` with its length in front, appended to `out`. Returns false, and leaves `out` as it was, when the
// message is empty or longer than kMaxFrameBytes: the caller has to split it.
[[nodiscard]] bool AppendFrame(const google::protobuf::MessageLite& message, std::string* out);
// Appends the length that stands before a message.
void AppendFrameLength(std::size_t length, std::string* out);

// Reads one message. False: the bytes are not one. Whoever sent them must not get a line of its choice onto stderr, so
// the first call switches protobuf's log off, for the whole process.
[[nodiscard]] bool ParseMessage(std::string_view bytes, google::protobuf::MessageLite* message);

class FrameReader {
 public:
  // Takes bytes as they come from the socket. Returns false once the stream is broken (a length of 0 or beyond
  // kMaxFrameBytes); then nothing more is ever returned.
  bool Feed(std::span<const char> bytes);

  // The next whole frame's payload, or nothing when more bytes are needed. The view lasts until the next call of any
  // member.
  std::optional<std::string_view> Next();

  // A frame of which not all has come: how long its payload will be, and how it begins. The view lasts as Next()'s.
  struct Unfinished {
    std::size_t length;
    std::string_view begin;
  };
  std::optional<Unfinished> NextUnfinished() const;
  // The caller has taken what has come of that frame, and reads the rest of it.
  void TakeUnfinished() { consumed_ = buffer_.size(); }

  bool broken() const { return broken_; }
  // Bytes of an unfinished frame are waiting: at end of stream this is a truncated frame.
  bool mid_frame() const { return buffer_.size() > consumed_; }

 private:
  std::optional<std::size_t> NextLength() const;

  std::string buffer_;
  std::size_t consumed_ = 0;
  bool broken_ = false;
};

}  // namespace warder::proto
