// Landlock alone: no filter, no namespace, no limit helps it.
#include "sandbox/jail/landlock.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/process.h"
#include "sandbox/jail/testing/child.h"

namespace warder::jail {
namespace {

using testing::InChild;
using testing::Say;

class LandlockTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto abi = LandlockAbi();
    if (!abi) GTEST_SKIP() << abi.error().message;
    abi_ = *abi;
  }
  // What `attempt` says unconfined, and confined.
  void ExpectDenied(const std::function<std::string()>& attempt, int error) const {
    EXPECT_EQ(InChild(attempt).said, "allowed");
    EXPECT_EQ(InChild([&] {
                if (const auto done = ForbidNewPrivileges(); !done) return Say(done);
                if (const auto done = DenyByLandlock(abi_); !done) return Say(done);
                return attempt();
              }).said,
              std::to_string(error));
  }
  int abi_ = 0;
};

std::string Allowed(bool done) { return done ? "allowed" : std::to_string(errno); }

TEST_F(LandlockTest, DeniesFiles) {
  ExpectDenied([] { return Allowed(static_cast<bool>(UniqueFd(open("/etc/passwd", O_RDONLY | O_CLOEXEC)))); }, EACCES);
  ExpectDenied([] { return Allowed(static_cast<bool>(UniqueFd(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC)))); },
               EACCES);
}

TEST_F(LandlockTest, DeniesTcp) {
  if (abi_ < 4) GTEST_SKIP() << "Landlock ABI " << abi_ << " does not know TCP";
  ExpectDenied(
      [] {
        const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        return Allowed(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
      },
      EACCES);
}

TEST_F(LandlockTest, DeniesAbstractSocketsBeyondIt) {
  if (abi_ < 6) GTEST_SKIP() << "Landlock ABI " << abi_ << " has no scopes";
  const UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "warder-test-" + std::to_string(getpid());
  std::memcpy(address.sun_path + 1, name.data(), name.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  ASSERT_EQ(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(listen(listener.get(), 8), 0);
  ExpectDenied(
      [&] {
        const UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        return Allowed(connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
      },
      EPERM);
}

TEST_F(LandlockTest, DeniesSignalsBeyondIt) {
  if (abi_ < 6) GTEST_SKIP() << "Landlock ABI " << abi_ << " has no scopes";
  const pid_t test = getpid();
  ExpectDenied([test] { return Allowed(kill(test, 0) == 0); }, EPERM);
}

TEST_F(LandlockTest, WorksWithEveryOlderAbi) {
  for (int abi = 1; abi <= abi_; ++abi) {
    EXPECT_EQ(InChild([abi] {
                if (const auto done = ForbidNewPrivileges(); !done) return Say(done);
                if (const auto done = DenyByLandlock(abi); !done) return Say(done);
                return Allowed(static_cast<bool>(UniqueFd(open("/etc/passwd", O_RDONLY | O_CLOEXEC))));
              }).said,
              std::to_string(EACCES))
        << abi;
  }
}

TEST_F(LandlockTest, NeedsNoNewPrivileges) {
  const auto end = InChild([this] {
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return std::string("cannot leave root");
    return Say(DenyByLandlock(abi_));
  });
  EXPECT_NE(end.said.find("landlock: landlock_restrict_self"), std::string::npos) << end.said;
  EXPECT_NE(end.said.find("--permit-degraded=landlock"), std::string::npos) << end.said;
}

TEST(Landlock, SaysWhatItCovers) {
  EXPECT_EQ(DescribeLandlock(1), "ABI 1: files");
  EXPECT_EQ(DescribeLandlock(4), "ABI 4: files, TCP ports");
  EXPECT_EQ(DescribeLandlock(7), "ABI 7: files, TCP ports, abstract sockets, signals");
}

}  // namespace
}  // namespace warder::jail
