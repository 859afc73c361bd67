// Descriptors passed over the socket, in and out, and what else a socket can be asked for.
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace {

// A message with room for one descriptor.
struct Message {
  Message() {
    part = {&byte, 1};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
  }
  char byte = '\n';  // harmless before the report
  iovec part{};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
  mmsghdr several{};
  msghdr& header = several.msg_hdr;
};

void Attach(Message& message, int fd) {
  cmsghdr* rights = CMSG_FIRSTHDR(&message.header);
  rights->cmsg_level = SOL_SOCKET;
  rights->cmsg_type = SCM_RIGHTS;
  rights->cmsg_len = CMSG_LEN(sizeof fd);
  std::memcpy(CMSG_DATA(rights), &fd, sizeof fd);
}

// The runner has sent a descriptor along with one byte.
long Received(Message& message, long result) {
  if (result < 0) return result;
  const cmsghdr* rights = CMSG_FIRSTHDR(&message.header);
  if (rights == nullptr || rights->cmsg_type != SCM_RIGHTS) return -kNothing;
  return 0;
}

long Send(const World&) {
  Message message;
  Attach(message, 3);
  return Call(SYS_sendmsg, 3, &message.header, MSG_NOSIGNAL);
}

long SendSeveral(const World&) {
  Message message;
  Attach(message, 3);
  return Call(SYS_sendmmsg, 3, &message.several, 1, MSG_NOSIGNAL);
}

long Receive(const World&) {
  Message message;
  return Received(message, Call(SYS_recvmsg, 3, &message.header, 0));
}

long ReceiveSeveral(const World&) {
  Message message;
  return Received(message, Call(SYS_recvmmsg, 3, &message.several, 1, 0, 0));
}

long PeersProcess(const World&) {
  ucred peer{};
  socklen_t size = sizeof peer;
  const long result = Call(SYS_getsockopt, 3, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  if (result < 0) return result;
  return peer.pid > 0 ? peer.pid : -kNothing;
}

long Reconnect(const World& world) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, world.socket_path.data(), sizeof address.sun_path);
  return Call(SYS_connect, 3, &address, sizeof address);
}

}  // namespace

Group PassingProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  constexpr std::string_view kOwnSocket = "it is the cell's own socket, and nothing new is reached by it";
  constexpr std::string_view kDropped = "the engine reads without room for descriptors: the kernel drops them";
  return {
      "descriptors passed over the socket",
      {
          {.name = "send a descriptor", .attempt = Send, .without_filter = FilterOnly(kDropped)},
          {.name = "send a descriptor with sendmmsg", .attempt = SendSeveral, .without_filter = FilterOnly(kDropped)},
          {.name = "send with a bad pointer",
           .attempt = Raw(SYS_sendmsg, 3, kBadPointer, 0),
           .reached = {EFAULT},
           .without_filter = FilterOnly(kOwnSocket)},
          {.name = "receive a descriptor",
           .attempt = Receive,
           .without_filter = {{kNothing}},
           .alone = {{kRlimits, {kNothing}}},
           .sends_descriptor = true},
          {.name = "receive a descriptor with recvmmsg",
           .attempt = ReceiveSeveral,
           .without_filter = {{kNothing}},
           .alone = {{kRlimits, {kNothing}}},
           .sends_descriptor = true},
          {.name = "receive with a bad pointer",
           .attempt = Raw(SYS_recvmsg, 3, kBadPointer, 0),
           .reached = {EFAULT},
           .without_filter = FilterOnly(kOwnSocket)},
          {.name = "send to an address",
           .attempt = [](const World&) { return Call(SYS_sendto, 3, Scratch(), 0, MSG_NOSIGNAL, 0, 0); },
           .without_filter = FilterOnly(kOwnSocket)},
          {.name = "receive with an address",
           .attempt = [](const World&) { return Call(SYS_recvfrom, 3, Scratch(), 1, MSG_DONTWAIT, 0, 0); },
           .reached = {EAGAIN},
           .without_filter = FilterOnly(kOwnSocket)},
          {.name = "the process at the other end",
           .attempt = PeersProcess,
           .without_filter = {{kNothing}},
           .alone = {{kPid, {kNothing}}}},
          {.name = "have credentials passed",
           .attempt =
               [](const World&) {
                 Scratch()[0] = 1;
                 return Call(SYS_setsockopt, 3, SOL_SOCKET, SO_PASSCRED, Scratch(), 4);
               },
           .without_filter = FilterOnly(kOwnSocket)},
          {.name = "the address of the other end",
           .attempt = [](const World&) { return Call(SYS_getpeername, 3, Scratch(), Scratch() + 512); },
           .without_filter = FilterOnly(kOwnSocket)},
          {.name = "connect the socket elsewhere",
           .attempt = Reconnect,
           .reached = {EISCONN, EINVAL},
           .without_filter = {{ENOENT, ECONNREFUSED}},
           .alone = {{kRoot, {ENOENT}}}},
          {.name = "listen on the socket",
           .attempt = Raw(SYS_listen, 3, 1),
           .reached = {EINVAL},
           .without_filter = FilterOnly("a socket that is connected cannot listen")},
          {.name = "half of the socket closed",
           .attempt = Raw(SYS_shutdown, 3, SHUT_RD),
           .without_filter = FilterOnly(kOwnSocket)},
      }};
}

}  // namespace warder::hostile
