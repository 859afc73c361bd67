#include "engine/execution/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string>
#include <system_error>

namespace warder::execution {
namespace {

// For some 13,000 executions at once. More would cost those children of the host program who close all that they might
// have open.
constexpr rlim_t kMost = 65'536;
// Kept for zygotes, calls, and the files of tenants.
constexpr std::size_t kShareKept = 8;

std::atomic<std::size_t> claims = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): see the class

}  // namespace

void RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min(limit.rlim_max, kMost);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // up to the hard limit everybody may
}

DescriptorClaim::DescriptorClaim(int newest) {
  const std::size_t claimed = ++claims;
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const std::size_t taken = static_cast<std::size_t>(newest) + 1 + claimed * kForOneCell;
  if (taken <= limit.rlim_cur - limit.rlim_cur / kShareKept) return;
  --claims;
  throw std::system_error(EMFILE, std::generic_category(),
                          "this process may have " + std::to_string(limit.rlim_cur) +
                              " descriptors open, and an eighth of them is kept for executions that run already; run "
                              "fewer at once or raise the hard limit on open files (ulimit -Hn, LimitNOFILE=)");
}

DescriptorClaim::~DescriptorClaim() { --claims; }

}  // namespace warder::execution
