// libFuzzer: whatever a cell writes on its socket goes through FrameReader and the FromCell decoder.
//
// The first byte of the input says how the rest is cut into reads, so that every way a frame can be split is met. What
// is checked beyond "does not crash": the frames do not depend on the cuts, their sizes stay within bounds, a broken
// stream stays broken, what was decoded survives encoding again, and the two readers of body frames agree.
#include <google/protobuf/stubs/logging.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "sandbox/proto/body_frame.h"
#include "sandbox/proto/cell.pb.h"
#include "sandbox/proto/frame.h"

namespace {

using warder::proto::AppendFrame;
using warder::proto::BodyFrame;
using warder::proto::FrameReader;
using warder::proto::FromCell;
using warder::proto::kMaxFrameBytes;
using warder::proto::ReadBodyHeader;

void Require(bool holds) {
  if (!holds) std::abort();
}

struct Stream {
  std::vector<std::string> frames;
  bool broken = false;
  bool mid_frame = false;
  bool operator==(const Stream&) const = default;
};

Stream Read(std::span<const char> bytes, std::size_t step) {
  FrameReader reader;
  Stream stream;
  while (!bytes.empty()) {
    const std::size_t count = std::min(step, bytes.size());
    const bool fed = reader.Feed(bytes.first(count));
    bytes = bytes.subspan(count);
    while (const auto payload = reader.Next()) {
      Require(!payload->empty() && payload->size() <= kMaxFrameBytes);
      stream.frames.emplace_back(*payload);
    }
    if (!fed || reader.broken()) break;
  }
  stream.broken = reader.broken();
  if (stream.broken) {
    const char more[] = {1, 0, 0, 0, 'x'};
    Require(!reader.Feed(more));
    Require(!reader.Next());
  } else {
    stream.mid_frame = reader.mid_frame();
  }
  return stream;
}

// Where body_frame.h reads a frame, protobuf reads the same.
void DecodeBody(const std::string& payload) {
  const auto found = ReadBodyHeader(BodyFrame::kRequestFromCell, payload, payload.size());
  if (!found) return;
  Require(found->begin + found->header.size == payload.size());
  FromCell message;
  Require(message.ParseFromString(payload) && message.has_request_body());
  const auto& chunk = message.request_body();
  Require(chunk.call() == found->header.call && chunk.last() == found->header.last);
  Require(chunk.data() == payload.substr(found->begin));
}

void Decode(const std::string& payload) {
  DecodeBody(payload);
  FromCell message;
  if (!message.ParseFromString(payload) || message.ByteSizeLong() == 0) return;
  std::string frame;
  if (!AppendFrame(message, &frame)) return;
  FrameReader reader;
  Require(reader.Feed(frame));
  const auto again = reader.Next();
  Require(again.has_value());
  FromCell copy;
  Require(copy.ParseFromArray(again->data(), static_cast<int>(again->size())));
  Require(copy.frame_case() == message.frame_case());
  Require(copy.SerializeAsString() == message.SerializeAsString());
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  google::protobuf::SetLogHandler(nullptr);  // a line for every text that is not UTF-8 would hide what matters
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t step = std::size_t{1} + data[0];
  const std::span bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Stream whole = Read(bytes, std::max<std::size_t>(bytes.size(), 1));
  const Stream cut = Read(bytes, step);
  Require(whole.frames == cut.frames && whole.broken == cut.broken && whole.mid_frame == cut.mid_frame);
  for (const std::string& payload : whole.frames) Decode(payload);
  return 0;
}
