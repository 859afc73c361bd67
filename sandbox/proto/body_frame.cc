#include "sandbox/proto/body_frame.h"

#include "sandbox/proto/frame.h"

namespace warder::proto {
namespace {

// Protobuf's wire format: a field begins with its number and how its value is spelled. Zeros are left out.
constexpr char kNumber = 0;
constexpr char kBytes = 2;
constexpr char Tag(int field, char spelling) { return static_cast<char>(field << 3 | spelling); }

// As in cell.proto.
constexpr char kClock = Tag(1, kNumber);
constexpr char kCall = Tag(1, kNumber);
constexpr char kLast = Tag(2, kNumber);
constexpr char kData = Tag(3, kBytes);

constexpr char ChunkTag(BodyFrame kind) { return Tag(kind == BodyFrame::kResponseToCell ? 5 : 3, kBytes); }

void Append(std::uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

void AppendField(char tag, std::uint64_t value, std::string* out) {
  if (value == 0) return;
  out->push_back(tag);
  Append(value, out);
}

bool Take(std::string_view* in, std::uint64_t* value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64 && !in->empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in->front());
    in->remove_prefix(1);
    if (shift == 63 && byte > 1) return false;
    *value |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

// Takes the field if it stands here; false: it does, and is not whole.
bool TakeField(char tag, std::string_view* in, std::uint64_t* value) {
  if (in->empty() || in->front() != tag) return true;
  in->remove_prefix(1);
  return Take(in, value);
}

}  // namespace

void AppendBodyHeader(BodyFrame kind, const BodyHeader& header, std::string* out) {
  std::string chunk;
  AppendField(kCall, header.call, &chunk);
  AppendField(kLast, header.last ? 1 : 0, &chunk);
  AppendField(kData, header.size, &chunk);
  std::string front;
  if (kind == BodyFrame::kResponseToCell) AppendField(kClock, header.clock_us, &front);
  front.push_back(ChunkTag(kind));
  Append(chunk.size() + header.size, &front);
  AppendFrameLength(front.size() + chunk.size() + header.size, out);
  out->append(front).append(chunk);
}

std::optional<FoundBody> ReadBodyHeader(BodyFrame kind, std::string_view payload, std::size_t length) {
  FoundBody found;
  std::string_view in = payload;
  std::uint64_t chunk_bytes = 0;
  std::uint64_t last = 0;
  std::uint64_t size = 0;
  const auto left = [&] { return length - (payload.size() - in.size()); };
  if (kind == BodyFrame::kResponseToCell && !TakeField(kClock, &in, &found.header.clock_us)) return std::nullopt;
  if (in.empty() || in.front() != ChunkTag(kind) || !TakeField(ChunkTag(kind), &in, &chunk_bytes)) return std::nullopt;
  if (chunk_bytes != left()) return std::nullopt;
  if (!TakeField(kCall, &in, &found.header.call) || !TakeField(kLast, &in, &last) || last > 1) return std::nullopt;
  if (!TakeField(kData, &in, &size) || size != left()) return std::nullopt;
  found.header.last = last == 1;
  found.header.size = static_cast<std::size_t>(size);
  found.begin = payload.size() - in.size();
  return found;
}

}  // namespace warder::proto
