#include "engine/broker/resolver.h"

#include <ares.h>
#include <netinet/in.h>

#include <array>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstring>
#include <map>

#include "engine/broker/fd_watcher.h"
#include "engine/broker/loop_timer.h"

namespace warder::broker {
namespace {

namespace ip = boost::asio::ip;

constexpr int kTryMilliseconds = 2'000;  // for the first answer of a server; c-ares doubles it when it asks again
constexpr int kTries = 2;                // per server

std::string Describe(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
      return "does not exist";
    case ARES_ENODATA:
      return "has no address";
    case ARES_ETIMEOUT:
      return "was not answered by the DNS server in time";
    case ARES_ECONNREFUSED:
      return "could not be looked up: no DNS server can be reached";
    case ARES_ESERVFAIL:
      return "could not be looked up: the DNS server failed";
    case ARES_EREFUSED:
      return "could not be looked up: the DNS server refused";
    case ARES_ENOMEM:
      return "could not be looked up: out of memory";
    default:
      return "could not be looked up: the DNS answer was malformed";
  }
}

Result<Resolver::Addresses> Collect(const ares_addrinfo* info) {
  Resolver::Addresses addresses;
  for (const ares_addrinfo_node* node = info == nullptr ? nullptr : info->nodes; node != nullptr;
       node = node->ai_next) {
    if (addresses.size() == Resolver::kMaxAddresses) return Internal("has more addresses than a name may have");
    if (node->ai_family == AF_INET) {
      sockaddr_in address{};
      std::memcpy(&address, node->ai_addr, sizeof(address));
      addresses.emplace_back(ip::address_v4(ntohl(address.sin_addr.s_addr)));
    } else if (node->ai_family == AF_INET6) {
      sockaddr_in6 address{};
      std::memcpy(&address, node->ai_addr, sizeof(address));
      ip::address_v6::bytes_type bytes{};
      std::memcpy(bytes.data(), &address.sin6_addr, bytes.size());
      addresses.emplace_back(ip::address_v6(bytes, address.sin6_scope_id));
    }
  }
  if (addresses.empty()) return Internal(Describe(ARES_ENODATA));
  return addresses;
}

// The library's global state, once per process.
void InitializeLibrary() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  if (status != ARES_SUCCESS) throw std::runtime_error("c-ares cannot be initialised");
}

}  // namespace

class Resolver::Channel {
 public:
  Channel(boost::asio::io_context& loop, const std::string& servers)
      : loop_(loop),
        timer_(loop, [this] { Process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }),
        watcher_(loop, [this](int fd, bool readable, bool writable) {
          Process(readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
        }) {
    InitializeLibrary();
    ares_options options{};
    options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    options.timeout = kTryMilliseconds;
    options.tries = kTries;
    options.ndomains = 0;
    std::array<char, 3> lookups = {'f', 'b', '\0'};
    options.lookups = lookups.data();
    options.sock_state_cb = OnSocketState;
    options.sock_state_cb_data = this;
    const int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_DOMAINS | ARES_OPT_LOOKUPS |
                     ARES_OPT_SOCK_STATE_CB | ARES_OPT_NOROTATE;
    if (ares_init_options(&channel_, &options, mask) != ARES_SUCCESS) {
      throw std::runtime_error("the DNS resolver cannot be initialised");
    }
    if (!servers.empty() && ares_set_servers_ports_csv(channel_, servers.c_str()) != ARES_SUCCESS) {
      ares_destroy(channel_);
      throw std::invalid_argument("the list of DNS servers is malformed");
    }
  }

  ~Channel() {
    closing_ = true;
    ares_destroy(channel_);  // answers every lookup with ARES_EDESTRUCTION
  }

  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  Channel(Channel&&) = delete;
  Channel& operator=(Channel&&) = delete;

  Ticket Resolve(const std::string& name, Callback callback) {
    auto waiter = std::make_shared<Waiter>(Waiter{std::move(callback)});
    const auto [lookup, started] = lookups_.try_emplace(name);
    lookup->second.waiters.push_back(waiter);
    if (started) {
      lookup->second.channel = this;
      lookup->second.name = name;
      ares_addrinfo_hints hints{};
      hints.ai_family = AF_UNSPEC;
      hints.ai_socktype = SOCK_STREAM;
      hints.ai_flags = ARES_AI_NOSORT;
      ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, OnAnswer, &lookup->second);  // may answer at once
      Rearm();
    } else {
      Forget(lookup->second);
    }
    return waiter;
  }

 private:
  struct Waiter {
    Callback callback;
  };
  struct Lookup {
    Channel* channel = nullptr;
    std::string name;
    std::vector<std::weak_ptr<Waiter>> waiters;
  };

  static void OnSocketState(void* self, ares_socket_t fd, int readable, int writable) {
    FdWatcher& watcher = static_cast<Channel*>(self)->watcher_;
    if (readable == 0 && writable == 0) {
      watcher.Forget(fd);  // c-ares closes it next
    } else {
      watcher.Watch(fd, readable != 0, writable != 0);
    }
  }

  static void OnAnswer(void* argument, int status, int /*timeouts*/, ares_addrinfo* info) {
    auto& lookup = *static_cast<Lookup*>(argument);
    const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owner(info, ares_freeaddrinfo);
    Channel& channel = *lookup.channel;
    if (channel.closing_) return;
    const Result<Addresses> answer =
        status == ARES_SUCCESS ? Collect(info) : Result<Addresses>(Internal(Describe(status)));
    for (const auto& waiter : lookup.waiters) {
      boost::asio::post(channel.loop_, [waiter, answer] {
        if (const auto waiting = waiter.lock()) waiting->callback(answer);
      });
    }
    channel.lookups_.erase(std::string(lookup.name));
  }

  // Drops those that went away, so that starting and cancelling calls does not make the list grow.
  static void Forget(Lookup& lookup) {
    std::erase_if(lookup.waiters, [](const auto& waiter) { return waiter.expired(); });
  }

  void Process(ares_socket_t readable, ares_socket_t writable) {
    ares_process_fd(channel_, readable, writable);
    Rearm();
  }

  void Rearm() {
    timeval time{};
    if (ares_timeout(channel_, nullptr, &time) == nullptr) {
      timer_.Stop();
      return;
    }
    timer_.Start(std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec));
  }

  boost::asio::io_context& loop_;
  LoopTimer timer_;
  FdWatcher watcher_;
  ares_channel channel_ = nullptr;
  std::map<std::string, Lookup> lookups_;
  bool closing_ = false;
};

Resolver::Resolver(boost::asio::io_context& loop, const std::string& servers)
    : channel_(std::make_unique<Channel>(loop, servers)) {}
Resolver::~Resolver() = default;

Resolver::Ticket Resolver::Resolve(const std::string& name, Callback callback) {
  return channel_->Resolve(name, std::move(callback));
}

}  // namespace warder::broker
