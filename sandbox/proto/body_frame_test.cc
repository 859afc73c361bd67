#include "sandbox/proto/body_frame.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "sandbox/proto/cell.pb.h"
#include "sandbox/proto/frame.h"

namespace warder::proto {
namespace {

constexpr BodyFrame kKinds[] = {BodyFrame::kResponseToCell, BodyFrame::kRequestFromCell};

std::string ByProtobuf(BodyFrame kind, const BodyHeader& header, const std::string& piece) {
  ToCell to_cell;
  FromCell from_cell;
  BodyChunk& chunk =
      kind == BodyFrame::kResponseToCell ? *to_cell.mutable_response_body() : *from_cell.mutable_request_body();
  to_cell.set_clock_us(header.clock_us);
  chunk.set_call(header.call);
  chunk.set_last(header.last);
  chunk.set_data(piece);
  std::string frame;
  EXPECT_TRUE(kind == BodyFrame::kResponseToCell ? AppendFrame(to_cell, &frame) : AppendFrame(from_cell, &frame));
  return frame;
}

std::vector<BodyHeader> Headers(BodyFrame kind) {
  std::vector<BodyHeader> headers;
  for (const std::uint64_t call : {std::uint64_t{1}, std::uint64_t{300}, std::numeric_limits<std::uint64_t>::max()}) {
    for (const std::size_t size :
         {std::size_t{0}, std::size_t{1}, std::size_t{127}, std::size_t{128}, kMaxBodyChunkBytes}) {
      for (const std::uint64_t clock : {std::uint64_t{0}, std::uint64_t{1'790'000'000'000'000}}) {
        headers.push_back({kind == BodyFrame::kResponseToCell ? clock : 0, call, size % 2 == 0, size});
      }
    }
  }
  return headers;
}

TEST(BodyFrameTest, WritesWhatProtobufWrites) {
  for (const BodyFrame kind : kKinds) {
    for (const BodyHeader& header : Headers(kind)) {
      const std::string piece(header.size, 'p');
      std::string frame;
      AppendBodyHeader(kind, header, &frame);
      EXPECT_EQ(frame + piece, ByProtobuf(kind, header, piece));
    }
  }
}

TEST(BodyFrameTest, ReadsWhatProtobufWritesAsSoonAsTheHeaderIsHere) {
  for (const BodyFrame kind : kKinds) {
    for (const BodyHeader& header : Headers(kind)) {
      const std::string frame = ByProtobuf(kind, header, std::string(header.size, 'p'));
      const std::string_view payload = std::string_view{frame}.substr(kFrameHeaderBytes);
      const std::size_t begin = payload.size() - header.size;
      for (std::size_t here = 0; here <= std::min(payload.size(), begin + 1); ++here) {
        const auto found = ReadBodyHeader(kind, payload.substr(0, here), payload.size());
        ASSERT_EQ(found.has_value(), here >= begin) << here;
        if (!found) continue;
        EXPECT_EQ(found->header, header);
        EXPECT_EQ(found->begin, begin);
      }
    }
  }
}

TEST(BodyFrameTest, LeavesOtherFramesToProtobuf) {
  FromCell credit;
  credit.mutable_response_credit()->set_call(7);
  EXPECT_FALSE(ReadBodyHeader(BodyFrame::kRequestFromCell, credit.SerializeAsString(), credit.ByteSizeLong()));

  // Fields twice, out of order, behind the chunk, or with a length that is not the frame's.
  const std::string odd[] = {std::string("\x1a\x03\x08\x01\x1a", 5),
                             std::string("\x1a\x05\x1a\x01p\x08\x01", 7),
                             std::string("\x1a\x05\x08\x01\x1a\x01p\x1a\x00", 9),
                             std::string("\x1a\x07\x08\x01\x08\x02\x1a\x01p", 9),
                             std::string("\x1a\x06\x08\x01\x1a\x02p", 7),
                             std::string("\x1a\x07\x08\x01\x10\x02\x1a\x01p", 9),
                             std::string("\x1a\x05\x08\x01\x1a\x01pp", 8),
                             std::string("\x1a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02\x08\x01", 13)};
  for (const std::string& payload : odd) {
    EXPECT_FALSE(ReadBodyHeader(BodyFrame::kRequestFromCell, payload, payload.size()))
        << testing::PrintToString(payload);
  }
}

}  // namespace
}  // namespace warder::proto
