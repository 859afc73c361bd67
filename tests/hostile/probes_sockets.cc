// Sockets: the network, the host's abstract and named sockets, and families that are mostly attack surface.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace {

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

long ConnectTcp(const World& world) {
  const long fd = Call(SYS_socket, AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = Loopback(world.tcp_port);
  return fd < 0 ? fd : Call(SYS_connect, fd, &address, sizeof address);
}

long BindTcp(const World&) {
  const long fd = Call(SYS_socket, AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = Loopback(0);
  return fd < 0 ? fd : Call(SYS_bind, fd, &address, sizeof address);
}

long SendUdp(const World& world) {
  const long fd = Call(SYS_socket, AF_INET, SOCK_DGRAM, 0);
  const sockaddr_in address = Loopback(world.tcp_port);
  return fd < 0 ? fd : Call(SYS_sendto, fd, "x", 1, MSG_NOSIGNAL, &address, sizeof address);
}

long ConnectUnix(const char* name, std::size_t length) {
  const long fd = Call(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name, length);
  return fd < 0 ? fd : Call(SYS_connect, fd, &address, offsetof(sockaddr_un, sun_path) + length);
}

long ConnectAbstract(const World& world) {
  const std::size_t length = std::strlen(world.abstract_name.data());
  char name[sizeof world.abstract_name + 1] = {};
  std::memcpy(name + 1, world.abstract_name.data(), length);
  return ConnectUnix(name, length + 1);
}

}  // namespace

Group SocketProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  const std::vector<Alone> limit = {{kRlimits, {EMFILE}}};
  const std::vector<Alone> capabilities = {{kCapabilities, {EPERM}}};
  const auto socket = [](int family, int type, int protocol) { return Raw(SYS_socket, family, type, protocol); };
  return {"sockets",
          {
              {.name = "a TCP socket",
               .attempt = socket(AF_INET, SOCK_STREAM, 0),
               .without_filter = {{EMFILE}},
               .alone = limit},
              {.name = "a UDP socket",
               .attempt = socket(AF_INET6, SOCK_DGRAM, 0),
               .without_filter = {{EMFILE}},
               .alone = limit},
              {.name = "a unix socket",
               .attempt = socket(AF_UNIX, SOCK_STREAM, 0),
               .without_filter = {{EMFILE}},
               .alone = limit},
              {.name = "a netlink socket",
               .attempt = socket(AF_NETLINK, SOCK_RAW, 0),
               .without_filter = {{EMFILE}},
               .alone = limit},
              {.name = "a pair of sockets",
               .attempt = [](const World&) { return Call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, Scratch()); },
               .without_filter = {{EMFILE}},
               .alone = limit},
              {.name = "a raw socket",
               .attempt = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP),
               .base = Base::kOwnNamespaces,
               .without_filter = {{EPERM}},
               .alone = capabilities},
              {.name = "a packet socket",
               .attempt = socket(AF_PACKET, SOCK_RAW, 0),
               .base = Base::kOwnNamespaces,
               .without_filter = {{EPERM}},
               .alone = capabilities},
              {.name = "a netfilter socket",
               .attempt = socket(AF_NETLINK, SOCK_RAW, 12),
               .reached = {EPROTONOSUPPORT},
               .without_filter = {{EMFILE, EPROTONOSUPPORT}},
               .alone = {}},
              {.name = "a socket of the virtual machine",
               .attempt = socket(AF_VSOCK, SOCK_STREAM, 0),
               .without_filter = {{EMFILE}},
               .alone = limit,
               .missing =
                   [](const World&) {
                     const long fd = syscall(SYS_socket, AF_VSOCK, SOCK_STREAM, 0);
                     if (fd >= 0) close(static_cast<int>(fd));
                     return std::string(fd < 0 ? "this kernel has no AF_VSOCK" : "");
                   }},
              {.name = "a socket of the kernel's ciphers",
               .attempt = socket(AF_ALG, SOCK_SEQPACKET, 0),
               .reached = {EAFNOSUPPORT},
               .without_filter = FilterOnly("a kernel that has none offers nothing to attack")},
              {.name = "connect to the host by TCP",
               .attempt = ConnectTcp,
               .without_filter = {{EMFILE}},
               .alone = {{kNetwork, {ENETUNREACH}}, {kLandlock, {EACCES}}, {kRlimits, {EMFILE}}}},
              {.name = "listen for TCP",
               .attempt = BindTcp,
               .without_filter = {{EMFILE}},
               .alone = {{kLandlock, {EACCES}}, {kRlimits, {EMFILE}}}},
              {.name = "send by UDP",
               .attempt = SendUdp,
               .without_filter = {{EMFILE}},
               .alone = {{kNetwork, {ENETUNREACH}}, {kRlimits, {EMFILE}}}},
              {.name = "connect to an abstract socket of the host",
               .attempt = ConnectAbstract,
               .without_filter = {{EMFILE}},
               .alone = {{kNetwork, {ECONNREFUSED}}, {kLandlock, {EPERM}}, {kRlimits, {EMFILE}}}},
              {.name = "connect to a named socket of the host",
               .attempt =
                   [](const World& world) {
                     return ConnectUnix(world.socket_path.data(), std::strlen(world.socket_path.data()) + 1);
                   },
               .without_filter = {{EMFILE}},
               .alone = {{kRoot, {ENOENT}}, {kRlimits, {EMFILE}}}},
              {.name = "a socket with a bad pointer",
               .attempt = Raw(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, kBadPointer),
               .reached = {EFAULT},
               .without_filter = {{EMFILE, EFAULT}},
               .alone = {}},
          }};
}

}  // namespace warder::hostile
