// What becomes of executions when the kernel refuses the engine what it needs: descriptors, memory, room in a socket.
//
// This program's own versions of a few calls stand before the C library's, and fail where a test says so.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <string_view>
#include <thread>

#include "engine/execution/testcases/engine_fixture.h"
#include "sandbox/jail/cgroup.h"

namespace {

// How many more sockets of cells there are; less than 0: enough.
std::atomic<int> cell_sockets_left = -1;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
// What no loop can watch: how the names of such descriptors begin in /proc.
std::atomic<const char*> unwatchable = nullptr;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

// How many more packets with a descriptor the kernel has no room for.
std::atomic<int> refused_packets = 0;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

// While it is set, whoever wants to have something on a disk waits.
std::atomic<bool> slow_disk = false;      // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
std::atomic<bool> disk_was_used = false;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

// While it is set, whoever wants to put a process into a cgroup waits.
std::atomic<bool> slow_cgroups = false;        // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
std::atomic<bool> cgroup_was_entered = false;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

// Whether the death of the next cell that is watched is announced, once, while it lives.
std::atomic<bool> false_alarm = false;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
struct Watched {
  int epoll = -1;
  epoll_event event{};
} watched;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): of the loop's thread

constexpr const char* kPidfd = "anon_inode:[pidfd]";

std::string NameOf(int fd) {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), ignored).string();
}

bool CanBeWatched(int fd) {
  const char* const prefix = unwatchable;
  return prefix == nullptr || !NameOf(fd).starts_with(prefix);
}

template <typename Function>
Function* Real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int socketpair(int domain, int type, int protocol, int ends[2]) noexcept {
  static auto* const real = Real<int(int, int, int, int*)>("socketpair");
  if ((type & 0xf) == SOCK_STREAM && cell_sockets_left >= 0 && cell_sockets_left.fetch_sub(1) <= 0) {
    cell_sockets_left = 0;
    errno = EMFILE;
    return -1;
  }
  return real(domain, type, protocol, ends);
}

extern "C" int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept {
  static auto* const real = Real<int(int, int, int, epoll_event*)>("epoll_ctl");
  if (operation == EPOLL_CTL_ADD && !CanBeWatched(fd)) {
    errno = ENOSPC;
    return -1;
  }
  if (operation == EPOLL_CTL_ADD && false_alarm && NameOf(fd).starts_with(kPidfd)) watched = {epoll, *event};
  return real(epoll, operation, fd, event);
}

extern "C" int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
  static auto* const real = Real<int(int, epoll_event*, int, int)>("epoll_wait");
  int count = real(epoll, events, most, timeout);
  if (watched.epoll == epoll && count >= 0 && count < most && false_alarm.exchange(false)) {
    events[count] = watched.event;
    events[count++].events = EPOLLIN;
    watched.epoll = -1;
  }
  return count;
}

extern "C" int fsync(int fd) {
  static auto* const real = Real<int(int)>("fsync");
  disk_was_used = true;
  slow_disk.wait(true);
  return real(fd);
}

extern "C" ssize_t write(int fd, const void* data, std::size_t size) {
  static auto* const real = Real<ssize_t(int, const void*, std::size_t)>("write");
  if (slow_cgroups && NameOf(fd).ends_with("/cgroup.procs")) {
    cgroup_was_entered = true;
    slow_cgroups.wait(true);
  }
  return real(fd, data, size);
}

extern "C" ssize_t sendmsg(int socket, const msghdr* message, int flags) {
  static auto* const real = Real<ssize_t(int, const msghdr*, int)>("sendmsg");
  if (message->msg_controllen > 0 && refused_packets > 0) {
    --refused_packets;
    errno = ETOOMANYREFS;
    return -1;
  }
  return real(socket, message, flags);
}

namespace warder::execution {
namespace {

using testing::HasSubstr;

class KernelFaultsTest : public EngineTest {
 protected:
  // What fails once fails for the execution that is under test, and for no cell that is made ahead.
  KernelFaultsTest() {
    options_.pooled_cells = 0;
    cgroup_was_entered = false;
  }
  void TearDown() override {
    cell_sockets_left = -1;
    unwatchable = nullptr;
    slow_disk = false;
    slow_disk.notify_all();
    slow_cgroups = false;
    slow_cgroups.notify_all();
  }
};

TEST_F(KernelFaultsTest, WithoutADescriptorThereIsNoCell) {
  engine();
  cell_sockets_left = 0;
  const Outcome outcome = Run("succeed");
  EXPECT_EQ(outcome.status, Status::kFault);
  EXPECT_THAT(outcome.reason, HasSubstr("cannot make a cell's socket"));
  cell_sockets_left = -1;
  EXPECT_EQ(Run("succeed").status, Status::kSucceeded);
}

// The zygote dies before it has made the cell; there is another zygote, and no descriptor for another cell.
TEST_F(KernelFaultsTest, WithoutADescriptorALostZygoteIsAFault) {
  engine();
  const pid_t zygote = OnlyChild();
  ASSERT_EQ(::kill(zygote, SIGSTOP), 0);
  cell_sockets_left = 1;
  const Execution waiting = engine().Start(Request("succeed"));
  while (cell_sockets_left != 0) std::this_thread::yield();
  ASSERT_EQ(::kill(zygote, SIGKILL), 0);
  EXPECT_EQ(waiting.Wait().status, Status::kFault);
  EXPECT_THAT(waiting.Wait().reason, HasSubstr("the zygote was lost"));
  cell_sockets_left = -1;
  EXPECT_EQ(Run("succeed").status, Status::kSucceeded);
}

// Another process of the same user can do that, so it says nothing of the zygote, and nothing of its cells.
TEST_F(KernelFaultsTest, WithoutRoomForADescriptorAnExecutionWaits) {
  const Execution neighbour = engine().Start(Request("wait"));
  const pid_t zygote = OnlyChild();
  refused_packets = 3;
  EXPECT_EQ(Run("succeed").status, Status::kSucceeded);
  EXPECT_EQ(refused_packets, 0);
  EXPECT_EQ(OnlyChild(), zygote);
  EXPECT_EQ(neighbour.WaitFor(std::chrono::milliseconds(0)), nullptr);
  neighbour.Cancel();
  EXPECT_EQ(neighbour.Wait().status, Status::kCancelled);
}

TEST_F(KernelFaultsTest, ASocketThatCannotBeWatchedIsAFault) {
  engine();
  unwatchable = "socket:";
  const Outcome outcome = Run("succeed");
  EXPECT_EQ(outcome.status, Status::kFault);
  EXPECT_THAT(outcome.reason, HasSubstr("cannot watch a cell's socket: No space left on device"));
  EXPECT_THROW(engine().Diagnose(CellProfile::kJitless), EngineError);
  unwatchable = nullptr;
  EXPECT_EQ(Run("succeed").status, Status::kSucceeded);
}

TEST_F(KernelFaultsTest, ACellWhoseDeathCannotBeWatchedForIsEnded) {
  engine();
  unwatchable = kPidfd;
  const Outcome outcome = Run("succeed");
  EXPECT_EQ(outcome.status, Status::kFault);
  EXPECT_THAT(outcome.reason, HasSubstr("the cell's death could not be watched for: No space left on device"));
  EXPECT_THAT(outcome.receipt_json, HasSubstr(R"("dead":true,"reaped":true)"));
  unwatchable = nullptr;
  EXPECT_EQ(Run("succeed").status, Status::kSucceeded);
}

// The loop may hand on what it has heard of a descriptor that was closed, and whose place another has taken.
TEST_F(KernelFaultsTest, ADeathThatIsAnnouncedFalselyIsNone) {
  engine();
  false_alarm = true;
  const Outcome outcome = Run("succeed");
  EXPECT_FALSE(false_alarm);
  EXPECT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
  EXPECT_THAT(outcome.receipt_json, testing::Not(HasSubstr("lost-")));
}

TEST_F(KernelFaultsTest, WhereTheBrokerCannotWatchItsSocketsACallFails) {
  const Upstream upstream("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  engine();
  unwatchable = "anon_inode:[eventpoll]";
  const Outcome outcome = RunWith("fetch", upstream);
  EXPECT_EQ(outcome.status, Status::kSucceeded) << outcome.reason;
  EXPECT_EQ(outcome.calls.at(0).outcome, "network");
  unwatchable = nullptr;
  EXPECT_EQ(RunWith("fetch", upstream).output_json, R"("200:0")");
}

// Only the execution whose journal it is waits for it.
TEST_F(KernelFaultsTest, ASlowDiskHoldsNobodyElseUp) {
  engine();
  slow_disk = true;
  ExecutionRequest recorded = Request("succeed");
  recorded.record = scratch_ / "slow.journal";
  const Execution waits = engine().Start(recorded);
  while (!disk_was_used) std::this_thread::yield();
  const Execution neighbour = engine().Start(Request("succeed"));
  const Outcome* const outcome = neighbour.WaitFor(std::chrono::seconds(20));
  EXPECT_TRUE(outcome != nullptr && outcome->status == Status::kSucceeded);
  EXPECT_EQ(waits.WaitFor(std::chrono::milliseconds(0)), nullptr);
  EXPECT_FALSE(std::filesystem::exists(recorded.record));
  slow_disk = false;
  slow_disk.notify_all();
  EXPECT_EQ(waits.Wait().status, Status::kSucceeded) << waits.Wait().reason;
  EXPECT_TRUE(std::filesystem::exists(recorded.record));
  EXPECT_THAT(waits.Wait().receipt_json, HasSubstr(R"("made":)"));
}

// Only the cell that is put there waits for it.
TEST_F(KernelFaultsTest, ASlowCgroupHoldsNobodyElseUp) {
  if (!jail::CgroupTree::OpenOwn().state().enforced) GTEST_SKIP() << "this user may not make cgroups";
  std::atomic<bool> begun = false;
  const Execution neighbour = engine().Start(Request("wait"), [&](const Event&) { begun = true; });
  while (!begun) std::this_thread::yield();
  slow_cgroups = true;
  const Execution waits = engine().Start(Request("succeed"));
  while (!cgroup_was_entered) std::this_thread::yield();
  neighbour.Cancel();
  const Outcome* const outcome = neighbour.WaitFor(std::chrono::seconds(20));
  EXPECT_TRUE(outcome != nullptr && outcome->status == Status::kCancelled);
  EXPECT_EQ(waits.WaitFor(std::chrono::milliseconds(0)), nullptr);
  slow_cgroups = false;
  slow_cgroups.notify_all();
  EXPECT_EQ(waits.Wait().status, Status::kSucceeded) << waits.Wait().reason;
  EXPECT_THAT(waits.Wait().receipt_json, HasSubstr(R"("cgroup":"removed")"));
}

TEST_F(KernelFaultsTest, ACellThatDiesOnItsWayIntoItsCgroupIsOver) {
  if (!jail::CgroupTree::OpenOwn().state().enforced) GTEST_SKIP() << "this user may not make cgroups";
  engine();
  slow_cgroups = true;
  const Execution dies = engine().Start(Request("succeed"));
  while (!cgroup_was_entered) std::this_thread::yield();
  dies.Cancel();
  slow_cgroups = false;
  slow_cgroups.notify_all();
  EXPECT_EQ(dies.Wait().status, Status::kCancelled);
  EXPECT_THAT(dies.Wait().receipt_json, HasSubstr(R"("dead":true,"reaped":true)"));
  EXPECT_THAT(dies.Wait().receipt_json, HasSubstr(R"("cgroup":"removed")"));
}

TEST_F(KernelFaultsTest, AZygoteThatCannotBeWatchedIsNoEngine) {
  unwatchable = "socket:";
  EXPECT_THROW(engine(), EngineError);
}

}  // namespace
}  // namespace warder::execution
