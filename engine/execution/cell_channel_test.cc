// The engine's end of a cell's socket, with a socket that a test writes to.
#include "engine/execution/cell_channel.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/post.hpp>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "engine/execution/holdings.h"

namespace warder::execution {
namespace {

class CellChannelTest : public testing::Test {
 protected:
  struct Cell {
    std::shared_ptr<CellChannel> channel;
    UniqueFd end;
  };

  Cell Make() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    const int room = 1 << 20;
    EXPECT_EQ(::setsockopt(ends[1], SOL_SOCKET, SO_SNDBUF, &room, sizeof room), 0);
    return {std::make_shared<CellChannel>(loop_, UniqueFd(ends[0])), UniqueFd(ends[1])};
  }

  // Without waiting: all of it must fit into the socket.
  static void Say(const Cell& cell, const proto::FromCell& frame, int times = 1) {
    std::string bytes;
    for (int i = 0; i < times; ++i) ASSERT_TRUE(proto::AppendFrame(frame, &bytes));
    ASSERT_EQ(::send(cell.end.get(), bytes.data(), bytes.size(), MSG_DONTWAIT), static_cast<ssize_t>(bytes.size()));
  }

  static proto::FromCell Log(std::size_t bytes) {
    proto::FromCell frame;
    frame.mutable_log()->set_message(std::string(bytes, 'x'));
    return frame;
  }

  // With as many descriptors as one message may carry (unix(7), SCM_RIGHTS).
  static void SayWithDescriptors(const Cell& cell, const proto::FromCell& frame) {
    constexpr std::size_t kMost = 253;
    std::string bytes;
    ASSERT_TRUE(proto::AppendFrame(frame, &bytes));
    const UniqueFd sent(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    alignas(cmsghdr) std::array<char, CMSG_SPACE(kMost * sizeof(int))> control{};
    iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(kMost * sizeof(int));
    const std::vector<int> descriptors(kMost, sent.get());
    std::memcpy(CMSG_DATA(header), descriptors.data(), kMost * sizeof(int));
    ASSERT_EQ(::sendmsg(cell.end.get(), &message, MSG_DONTWAIT), static_cast<ssize_t>(bytes.size()));
  }

  boost::asio::io_context loop_{1};
};

// More than one read's worth, and the news of the death comes while the first of it is being handled.
TEST_F(CellChannelTest, WhatADeadCellHasSaidIsHeardToTheEnd) {
  constexpr int kFrames = 48;
  Cell cell = Make();
  Say(cell, Log(4'000), kFrames);
  cell.end.reset();
  int heard = 0;
  std::optional<std::string> closed;
  cell.channel->Open({
      .on_frame =
          [&](const proto::FromCell&) {
            if (heard++ == 0) boost::asio::post(loop_, [&] { cell.channel->Drain(); });
          },
      .on_request_body = {},
      .on_closed = [&](const std::string& error) { closed = error; },
  });
  loop_.run();
  EXPECT_EQ(heard, kFrames);
  EXPECT_EQ(closed, "");
}

// By turns and not by time: whoever floods has one, then its neighbours have theirs.
TEST_F(CellChannelTest, AFloodDoesNotKeepANeighbourWaiting) {
  constexpr int kFlood = 20'000;
  constexpr int kAnswers = 5;
  Cell flooding = Make();
  Cell honest = Make();
  proto::FromCell nothing;
  nothing.mutable_cancel_call()->set_call(1);
  Say(flooding, nothing, kFlood);
  int flooded = 0;
  int turns = 0;
  int longest = 0;
  int answered = 0;
  flooding.channel->Open({.on_frame = [&](const proto::FromCell&) { ++flooded; },
                          .on_request_body = {},
                          .on_closed = [](const std::string&) {}});
  honest.channel->Open({.on_frame =
                            [&](const proto::FromCell&) {
                              longest = std::max(longest, std::exchange(turns, 0));
                              if (++answered < kAnswers) Say(honest, Log(10));
                            },
                        .on_request_body = {},
                        .on_closed = [](const std::string&) {}});
  Say(honest, Log(10));
  while (answered < kAnswers) {
    loop_.run_one();
    ++turns;
  }
  EXPECT_LT(flooded, kFlood) << "the flood was over before";
  EXPECT_LE(longest, 4);
}

TEST_F(CellChannelTest, WhatFitsNoFrameIsNotSentAndBreaksNothing) {
  Cell cell = Make();
  cell.channel->Open({.on_frame = {}, .on_request_body = {}, .on_closed = [](const std::string&) {}});
  proto::ToCell frame;
  frame.mutable_input()->set_name(std::string(proto::kMaxFrameBytes, 'n'));
  EXPECT_FALSE(cell.channel->Send(frame));
  frame.mutable_input()->set_name("short");
  EXPECT_TRUE(cell.channel->Send(frame));
  loop_.run_one();
  std::string bytes(100, '\0');
  const ssize_t got = ::recv(cell.end.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  EXPECT_EQ(got, static_cast<ssize_t>(proto::kFrameHeaderBytes + frame.ByteSizeLong()));
}

// A cell's filter refuses sendmsg; this is what holds where it does not.
TEST_F(CellChannelTest, DescriptorsThatComeWithAFrameAreNotTaken) {
  Cell cell = Make();
  SayWithDescriptors(cell, Log(10));
  const auto before = CountOpenDescriptors();
  ASSERT_TRUE(before);
  int heard = 0;
  cell.channel->Open({.on_frame = [&](const proto::FromCell&) { ++heard; },
                      .on_request_body = {},
                      .on_closed = [](const std::string&) {}});
  while (heard == 0) loop_.run_one();
  EXPECT_EQ(CountOpenDescriptors(), before);
}

// The control: whoever offers room for them is given them.
TEST_F(CellChannelTest, DescriptorsReachAReaderThatAsksForThem) {
  int ends[2] = {-1, -1};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const UniqueFd reader(ends[0]);
  const Cell cell{nullptr, UniqueFd(ends[1])};
  SayWithDescriptors(cell, Log(10));
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  std::string bytes(100, '\0');
  iovec part{.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ASSERT_GT(::recvmsg(reader.get(), &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC), 0);
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  ASSERT_NE(header, nullptr);
  int got = -1;
  std::memcpy(&got, CMSG_DATA(header), sizeof got);
  const UniqueFd received(got);
  EXPECT_GE(::fcntl(received.get(), F_GETFD), 0);
}

}  // namespace
}  // namespace warder::execution
