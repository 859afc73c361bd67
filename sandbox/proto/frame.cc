#include "sandbox/proto/frame.h"

#include <google/protobuf/message_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <cstring>

namespace warder::proto {
namespace {

// The header is little-endian whatever the machine is.
void PutLength(std::uint32_t length, char* out) {
  for (int i = 0; i < 4; ++i) out[i] = static_cast<char>(length >> (8 * i));
}

std::uint32_t GetLength(const char* in) {
  std::uint32_t length = 0;
  for (int i = 0; i < 4; ++i) length |= std::uint32_t{static_cast<unsigned char>(in[i])} << (8 * i);
  return length;
}

}  // namespace

void AppendFrameLength(std::size_t length, std::string* out) {
  char header[kFrameHeaderBytes];
  PutLength(static_cast<std::uint32_t>(length), header);
  out->append(header, sizeof(header));
}

bool AppendFrame(const google::protobuf::MessageLite& message, std::string* out) {
  const std::size_t length = message.ByteSizeLong();
  if (length == 0 || length > kMaxFrameBytes) return false;
  const std::size_t start = out->size();
  out->resize(start + kFrameHeaderBytes + length);
  char* frame = out->data() + start;
  PutLength(static_cast<std::uint32_t>(length), frame);
  if (!message.SerializeToArray(frame + kFrameHeaderBytes, static_cast<int>(length))) {
    out->resize(start);
    return false;
  }
  return true;
}

bool ParseMessage(std::string_view bytes, google::protobuf::MessageLite* message) {
  [[maybe_unused]] static google::protobuf::LogHandler* const silenced = google::protobuf::SetLogHandler(nullptr);
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

bool FrameReader::Feed(std::span<const char> bytes) {
  if (broken_) return false;
  if (consumed_ > 0) {  // Next()'s views are over now
    buffer_.erase(0, consumed_);
    consumed_ = 0;
  }
  buffer_.append(bytes.data(), bytes.size());
  if (const auto length = NextLength(); length && (*length == 0 || *length > kMaxFrameBytes)) broken_ = true;
  return !broken_;
}

std::optional<std::string_view> FrameReader::Next() {
  if (broken_) return std::nullopt;
  const auto length = NextLength();
  if (!length) return std::nullopt;
  if (*length == 0 || *length > kMaxFrameBytes) {
    broken_ = true;
    return std::nullopt;
  }
  if (buffer_.size() - consumed_ - kFrameHeaderBytes < *length) return std::nullopt;
  const std::string_view payload(buffer_.data() + consumed_ + kFrameHeaderBytes, *length);
  consumed_ += kFrameHeaderBytes + *length;
  return payload;
}

std::optional<FrameReader::Unfinished> FrameReader::NextUnfinished() const {
  const auto length = broken_ ? std::nullopt : NextLength();
  if (!length) return std::nullopt;
  return Unfinished{*length, std::string_view{buffer_}.substr(consumed_ + kFrameHeaderBytes)};
}

std::optional<std::size_t> FrameReader::NextLength() const {
  if (buffer_.size() - consumed_ < kFrameHeaderBytes) return std::nullopt;
  return GetLength(buffer_.data() + consumed_);
}

}  // namespace warder::proto
