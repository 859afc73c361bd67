#include "sandbox/zygote/packet.h"

#include <google/protobuf/message_lite.h>
#include <poll.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "sandbox/proto/frame.h"

namespace warder::zygote {

namespace {

// Room for two descriptors, so that a second one is seen and closed instead of being cut off.
constexpr std::size_t kControlBytes = CMSG_SPACE(2 * sizeof(int)) + CMSG_SPACE(sizeof(ucred));

struct ControlBuffer {
  alignas(cmsghdr) char bytes[kControlBytes];
};

}  // namespace

int SendPacket(int socket, const google::protobuf::MessageLite& message, int fd, Wait wait) {
  std::string bytes;
  if (!message.SerializeToString(&bytes) || bytes.empty() || bytes.size() > proto::kMaxControlBytes) return EMSGSIZE;
  iovec data{bytes.data(), bytes.size()};
  ControlBuffer control{};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  if (fd >= 0) {
    header.msg_control = control.bytes;
    header.msg_controllen = CMSG_SPACE(sizeof fd);
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(item), &fd, sizeof fd);
  }
  const int flags = MSG_NOSIGNAL | (wait == Wait::kNo ? MSG_DONTWAIT : 0);
  for (;;) {
    if (sendmsg(socket, &header, flags) >= 0) return 0;
    // Too many descriptors of this user are under way: as a full queue, but without an event to wait for.
    const bool full = errno == ETOOMANYREFS;
    if (full && wait == Wait::kNo) return EAGAIN;
    if (full) {
      const timespec pause{0, 1'000'000};
      ppoll(nullptr, 0, &pause, nullptr);
    } else if (errno != EINTR) {
      return errno;
    }
  }
}

PacketReader::PacketReader() : buffer_(proto::kMaxControlBytes, '\0') {}

Packet PacketReader::Receive(int socket, Wait wait) {
  iovec data{buffer_.data(), buffer_.size()};
  ControlBuffer control{};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control.bytes;
  header.msg_controllen = sizeof control.bytes;
  const int flags = MSG_CMSG_CLOEXEC | (wait == Wait::kNo ? MSG_DONTWAIT : 0);
  const ssize_t received = recvmsg(socket, &header, flags);
  Packet packet;
  if (received < 0) {
    packet.error_number = errno;
    const bool nothing = errno == EAGAIN || errno == EINTR;
    packet.kind = nothing ? Packet::Kind::kNothing : Packet::Kind::kError;
    // A peer that died with packets of ours unread is as gone as one that closed.
    if (errno == ECONNRESET) packet.kind = Packet::Kind::kEnd;
    return packet;
  }
  bool malformed = (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET) continue;
    if (item->cmsg_type == SCM_CREDENTIALS && item->cmsg_len == CMSG_LEN(sizeof(ucred))) {
      std::memcpy(&packet.sender.emplace(), CMSG_DATA(item), sizeof(ucred));
    } else if (item->cmsg_type == SCM_RIGHTS) {
      const std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < count; ++i) {
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(item) + i * sizeof fd, sizeof fd);
        malformed = malformed || packet.fd;
        packet.fd.reset(fd);
      }
    }
  }
  if (malformed) {
    packet.fd.reset();
    packet.kind = Packet::Kind::kMalformed;
    return packet;
  }
  // We never send an empty packet, so that an empty one is the end.
  packet.kind = received == 0 ? Packet::Kind::kEnd : Packet::Kind::kMessage;
  packet.bytes = std::string_view{buffer_}.substr(0, static_cast<std::size_t>(received));
  return packet;
}

}  // namespace warder::zygote
