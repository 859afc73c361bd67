#include "engine/broker/testing/private_network.h"

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>

#include "sandbox/base/unique_fd.h"

namespace warder::broker::testing {
namespace {

// linux/ipv6.h declares it, and clashes with netinet/in.h.
struct In6Ifreq {
  in6_addr address;
  std::uint32_t prefix_bits;
  int index;
};

std::string Failed(const std::string& what) { return what + ": " + std::strerror(errno); }

ifreq Named(const char* name) {
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  return request;
}

void SetAddress(ifreq* request, const char* text) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  ::inet_pton(AF_INET, text, &address.sin_addr);
  std::memcpy(&request->ifr_addr, &address, sizeof(address));
}

std::string AddV4(int socket, const char* label, const char* address) {
  ifreq request = Named(label);
  SetAddress(&request, address);
  if (::ioctl(socket, SIOCSIFADDR, &request) != 0) return Failed("SIOCSIFADDR");
  SetAddress(&request, "255.255.255.255");
  if (::ioctl(socket, SIOCSIFNETMASK, &request) != 0) return Failed("SIOCSIFNETMASK");
  return {};
}

std::string AddV6(const char* address) {
  const UniqueFd socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  In6Ifreq request{};
  ::inet_pton(AF_INET6, address, &request.address);
  request.prefix_bits = 128;
  request.index = static_cast<int>(::if_nametoindex("lo"));
  if (::ioctl(socket.get(), SIOCSIFADDR, &request) != 0) return Failed("SIOCSIFADDR (IPv6)");
  // The kernel gives the address out a moment later, from a work queue.
  sockaddr_in6 bound{};
  bound.sin6_family = AF_INET6;
  bound.sin6_addr = request.address;
  for (int tries = 0; tries < 2'000; ++tries) {
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&bound), sizeof(bound)) == 0) return {};
    ::poll(nullptr, 0, 1);
  }
  return Failed("bind (IPv6)");
}

std::string Enter() {
  const auto uid = ::getuid();
  if (::unshare(CLONE_NEWNET) != 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0) return Failed("unshare");
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
  }
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq up = Named("lo");
  up.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &up) != 0) return Failed("SIOCSIFFLAGS");
  if (auto error = AddV4(socket.get(), "lo:1", kPublic4); !error.empty()) return error;
  if (auto error = AddV4(socket.get(), "lo:2", kOtherPublic4); !error.empty()) return error;
  if (auto error = AddV4(socket.get(), "lo:3", kPrivate4); !error.empty()) return error;
  return AddV6(kPublic6);
}

// As `ip route add local default dev lo`.
std::string AddLocalDefaultRoute(unsigned char family) {
  struct Request {
    nlmsghdr header;
    rtmsg route;
    rtattr attribute;
    std::uint32_t interface;
  };
  Request request{};
  request.header = {.nlmsg_len = sizeof(request),
                    .nlmsg_type = RTM_NEWROUTE,
                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK};
  request.route.rtm_family = family;
  request.route.rtm_table = RT_TABLE_LOCAL;
  request.route.rtm_protocol = RTPROT_BOOT;
  request.route.rtm_scope = RT_SCOPE_HOST;
  request.route.rtm_type = RTN_LOCAL;
  request.attribute = {.rta_len = RTA_LENGTH(sizeof(request.interface)), .rta_type = RTA_OIF};
  request.interface = ::if_nametoindex("lo");
  const UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  struct Answer {
    nlmsghdr header;
    nlmsgerr verdict;
  };
  Answer answer{};
  if (::send(socket.get(), &request, sizeof(request), 0) != sizeof(request) ||
      ::recv(socket.get(), &answer, sizeof(answer), 0) < static_cast<ssize_t>(sizeof(answer))) {
    return Failed("RTM_NEWROUTE");
  }
  errno = -answer.verdict.error;
  return errno == 0 ? "" : Failed("RTM_NEWROUTE");
}

}  // namespace

const std::string& EnterPrivateNetwork() {
  static const std::string error = Enter();
  return error;
}

std::string LeadEveryAddressHere() {
  static const std::string error = [] {
    std::string failed = AddLocalDefaultRoute(AF_INET);
    return failed.empty() ? AddLocalDefaultRoute(AF_INET6) : failed;
  }();
  return error;
}

}  // namespace warder::broker::testing
