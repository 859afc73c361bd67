#include "sandbox/proto/frame.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sandbox/proto/cell.pb.h"

namespace warder::proto {
namespace {

FromCell CancelFrame(std::uint64_t call) {
  FromCell message;
  message.mutable_cancel_call()->set_call(call);
  return message;
}

std::string Encoded(const FromCell& message) {
  std::string out;
  EXPECT_TRUE(AppendFrame(message, &out));
  return out;
}

std::vector<std::uint64_t> CallsIn(FrameReader& reader) {
  std::vector<std::uint64_t> calls;
  while (const auto payload = reader.Next()) {
    FromCell message;
    EXPECT_TRUE(message.ParseFromArray(payload->data(), static_cast<int>(payload->size())));
    calls.push_back(message.cancel_call().call());
  }
  return calls;
}

TEST(FrameTest, SeveralFramesInOneReadComeOutInOrder) {
  const std::string bytes = Encoded(CancelFrame(1)) + Encoded(CancelFrame(2)) + Encoded(CancelFrame(300));
  FrameReader reader;
  ASSERT_TRUE(reader.Feed(bytes));
  EXPECT_EQ(CallsIn(reader), (std::vector<std::uint64_t>{1, 2, 300}));
  EXPECT_FALSE(reader.mid_frame());
}

TEST(FrameTest, FramesSplitAtEveryByteComeOutWhole) {
  const std::string bytes = Encoded(CancelFrame(7)) + Encoded(CancelFrame(8));
  FrameReader reader;
  std::vector<std::uint64_t> calls;
  for (const char& byte : bytes) {
    ASSERT_TRUE(reader.Feed({&byte, 1}));
    for (const auto call : CallsIn(reader)) calls.push_back(call);
  }
  EXPECT_EQ(calls, (std::vector<std::uint64_t>{7, 8}));
}

TEST(FrameTest, TruncatedFrameIsSeenAtEndOfStream) {
  const std::string bytes = Encoded(CancelFrame(7));
  FrameReader reader;
  ASSERT_TRUE(reader.Feed(std::span(bytes).first(bytes.size() - 1)));
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.mid_frame());
}

TEST(FrameTest, EmptyFrameBreaksTheStream) {
  FrameReader reader;
  EXPECT_FALSE(reader.Feed(std::string(4, '\0')));
  EXPECT_TRUE(reader.broken());
}

TEST(FrameTest, OversizedLengthBreaksTheStreamBeforeItsBytesAreTaken) {
  FrameReader reader;
  EXPECT_FALSE(reader.Feed(std::string("\x01\x00\x10\x00", 4)));  // 1 MiB + 1
  EXPECT_FALSE(reader.Feed(Encoded(CancelFrame(1))));
  EXPECT_FALSE(reader.Next());
}

TEST(FrameTest, OversizedLengthBehindAGoodFrameBreaksTheStream) {
  FrameReader reader;
  ASSERT_TRUE(reader.Feed(Encoded(CancelFrame(1)) + std::string("\xff\xff\xff\xff", 4)));
  EXPECT_TRUE(reader.Next());
  EXPECT_FALSE(reader.Next());
  EXPECT_TRUE(reader.broken());
}

TEST(FrameTest, MessageBeyondTheMaximumIsNotEncoded) {
  FromCell message;
  message.mutable_output()->set_data(std::string(kMaxFrameBytes, 'x'));
  std::string out = "kept";
  EXPECT_FALSE(AppendFrame(message, &out));
  EXPECT_EQ(out, "kept");
}

TEST(FrameTest, EmptyMessageIsNotEncoded) {
  std::string out;
  EXPECT_FALSE(AppendFrame(FromCell(), &out));
  EXPECT_TRUE(out.empty());
}

}  // namespace
}  // namespace warder::proto
