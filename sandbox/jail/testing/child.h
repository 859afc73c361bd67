// A test's body in a forked child: what it does to itself (namespaces, filters, limits) does not touch the test
// program.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace warder::jail::testing {

struct ChildEnd {
  std::string said;  // what the body returned, or wrote to descriptor 3
  int status = 0;    // as waitpid gives it; 0: the body came to its end
};

// Runs `body` in a child with descriptor 3, a socket as cells have it, as its only way out, which is what the filters
// allow. `before` gets the other end before the child starts, to have something wait there.
ChildEnd InChild(const std::function<std::string()>& body, const std::function<void(int)>& before = {});

// The same in a user namespace and a mount namespace of its own, where an ordinary user has rights too. Says "no user
// namespace" when this machine has none to give.
ChildEnd InNamespacedChild(const std::function<std::string()>& body);

// A kernel without one system call, for this process (a child: it is for good) and all it starts.
void PretendTheKernelHasNo(std::uint32_t number);
// The same for a call with this second argument only.
void PretendTheKernelHasNo(std::uint32_t number, std::uint32_t second_argument);

// "ok", or the error's layer and message.
template <typename Result>
std::string Say(const Result& result) {
  return result ? "ok" : std::string(result.error().layer) + ": " + result.error().message;
}

}  // namespace warder::jail::testing
