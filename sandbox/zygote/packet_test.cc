#include "sandbox/zygote/packet.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "sandbox/proto/control.pb.h"
#include "sandbox/proto/frame.h"
#include "sandbox/zygote/launch_report.h"
#include "sandbox/zygote/testcases/harness.h"

namespace warder::zygote {
namespace {

class PacketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()), 0);
    ours_.reset(ends[0]);
    theirs_.reset(ends[1]);
  }

  // Raw, with `count` copies of a descriptor.
  void SendRaw(const std::string& bytes, int count) {
    iovec data{const_cast<char*>(bytes.data()), bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(8 * sizeof(int))> control{};
    msghdr header{};
    header.msg_iov = &data;
    header.msg_iovlen = 1;
    if (count > 0) {
      header.msg_control = control.data();
      header.msg_controllen = CMSG_SPACE(static_cast<std::size_t>(count) * sizeof(int));
      cmsghdr* item = CMSG_FIRSTHDR(&header);
      item->cmsg_level = SOL_SOCKET;
      item->cmsg_type = SCM_RIGHTS;
      item->cmsg_len = CMSG_LEN(static_cast<std::size_t>(count) * sizeof(int));
      for (int i = 0; i < count; ++i) {
        const int fd = theirs_.get();
        std::memcpy(CMSG_DATA(item) + static_cast<std::size_t>(i) * sizeof fd, &fd, sizeof fd);
      }
    }
    ASSERT_EQ(sendmsg(theirs_.get(), &header, 0), static_cast<ssize_t>(bytes.size()));
  }

  UniqueFd ours_;
  UniqueFd theirs_;
  PacketReader reader_;
};

proto::FromZygote Message() {
  proto::FromZygote message;
  message.mutable_spawned()->set_id(7);
  return message;
}

TEST_F(PacketTest, CarriesBytesAndOneDescriptor) {
  ASSERT_EQ(SendPacket(theirs_.get(), Message(), theirs_.get(), Wait::kNo), 0);
  const Packet packet = reader_.Receive(ours_.get(), Wait::kNo);
  EXPECT_EQ(packet.kind, Packet::Kind::kMessage);
  EXPECT_EQ(packet.bytes, Message().SerializeAsString());
  ASSERT_TRUE(packet.fd);
  EXPECT_EQ(fcntl(packet.fd.get(), F_GETFD), FD_CLOEXEC);
}

TEST_F(PacketTest, SaysWhoSent) {
  const int on = 1;
  ASSERT_EQ(setsockopt(ours_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
  ASSERT_EQ(SendPacket(theirs_.get(), Message(), theirs_.get(), Wait::kNo), 0);
  const Packet packet = reader_.Receive(ours_.get(), Wait::kNo);
  ASSERT_TRUE(packet.sender);
  EXPECT_EQ(packet.sender->pid, getpid());
  EXPECT_TRUE(packet.fd);
}

TEST_F(PacketTest, MoreThanOneDescriptorIsMalformedAndClosed) {
  const auto before = testcases::OpenDescriptorsOfSelf();
  for (const int count : {2, 3, 8}) {
    SendRaw("x", count);
    EXPECT_EQ(reader_.Receive(ours_.get(), Wait::kNo).kind, Packet::Kind::kMalformed);
    EXPECT_EQ(testcases::OpenDescriptorsOfSelf(), before) << count;
  }
}

TEST_F(PacketTest, TooLongIsMalformedAndNotSent) {
  SendRaw(std::string(proto::kMaxControlBytes + 1, 'x'), 0);
  EXPECT_EQ(reader_.Receive(ours_.get(), Wait::kNo).kind, Packet::Kind::kMalformed);
  proto::FromZygote message;
  message.mutable_ready()->set_v8_version(std::string(proto::kMaxControlBytes, 'x'));
  EXPECT_EQ(SendPacket(theirs_.get(), message, -1, Wait::kNo), EMSGSIZE);
  EXPECT_EQ(SendPacket(theirs_.get(), proto::FromZygote(), -1, Wait::kNo), EMSGSIZE);
}

TEST_F(PacketTest, NothingTheEndAndErrorsAreToldApart) {
  EXPECT_EQ(reader_.Receive(ours_.get(), Wait::kNo).kind, Packet::Kind::kNothing);
  ASSERT_EQ(SendPacket(theirs_.get(), Message(), -1, Wait::kNo), 0);
  theirs_.reset();
  EXPECT_EQ(reader_.Receive(ours_.get(), Wait::kYes).kind, Packet::Kind::kMessage);
  EXPECT_EQ(reader_.Receive(ours_.get(), Wait::kYes).kind, Packet::Kind::kEnd);
  EXPECT_EQ(SendPacket(ours_.get(), Message(), -1, Wait::kNo), EPIPE);
  EXPECT_EQ(reader_.Receive(-1, Wait::kNo).kind, Packet::Kind::kError);
}

TEST(LaunchReport, SurvivesTheExec) {
  jail::LayerLog log({"landlock"});
  log.Enforced(jail::layer::kUid, "host uid 5");
  log.Add({"time-namespace", false, "too old"});
  auto pipe = WriteLaunchReport({StartMode::kWarm, CellProfile::kJit, log});
  ASSERT_TRUE(pipe);
  const auto read = ReadLaunchReport(std::move(*pipe));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->start_mode, StartMode::kWarm);
  EXPECT_EQ(read->profile, CellProfile::kJit);
  EXPECT_EQ(read->log.permitted(), log.permitted());
  ASSERT_EQ(read->log.states().size(), 2U);
  EXPECT_EQ(read->log.states()[0].detail, "host uid 5");
  EXPECT_FALSE(read->log.states()[1].enforced);
}

TEST(LaunchReport, AnythingElseIsRefused) {
  EXPECT_FALSE(ReadLaunchReport(UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC))));
  EXPECT_FALSE(ReadLaunchReport(UniqueFd(open("/", O_RDONLY | O_CLOEXEC))));
  EXPECT_FALSE(ReadLaunchReport(UniqueFd()));
}

}  // namespace
}  // namespace warder::zygote
