// One packet of the control socket: bytes, and at most one descriptor. Used by all three who speak on it: the engine,
// the launcher and the zygote. SOCK_SEQPACKET keeps the packets apart; see unix(7).
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "sandbox/base/unique_fd.h"

namespace google::protobuf {
class MessageLite;
}

namespace warder::zygote {

enum class Wait { kNo, kYes };

// Returns 0 or an errno: EAGAIN when `wait` is kNo and the queue is full, EPIPE when the peer is gone. `fd` of -1:
// none.
[[nodiscard]] int SendPacket(int socket, const google::protobuf::MessageLite& message, int fd, Wait wait);

struct Packet {
  enum class Kind {
    kMessage,
    kNothing,    // no packet is waiting
    kEnd,        // the peer is gone
    kMalformed,  // too long, or with more than one descriptor; what came with it has been closed
    kError,      // `error_number`
  };
  Kind kind = Kind::kNothing;
  std::string_view bytes;       // into the buffer of the PacketReader, until the next Receive
  UniqueFd fd;                  // closed on exec
  std::optional<ucred> sender;  // by the kernel, where the socket has SO_PASSCRED
  int error_number = 0;
};

class PacketReader {
 public:
  PacketReader();
  Packet Receive(int socket, Wait wait);

 private:
  std::string buffer_;
};

}  // namespace warder::zygote
