// A piece of a body on the cell's socket, written and read without a copy of its bytes.
//
// A BodyChunk's data is its last field, and the chunk is the last field of its frame: the frame is a short header and
// then the bytes. What is written here is what protobuf writes for the same message, and what is read here protobuf
// would read in the same way. A frame in any other spelling is left to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace warder::proto {

struct BodyHeader {
  std::uint64_t clock_us = 0;  // of a ToCell; a FromCell has none
  std::uint64_t call = 0;
  bool last = false;
  std::size_t size = 0;  // of the piece
  bool operator==(const BodyHeader&) const = default;
};

enum class BodyFrame { kResponseToCell, kRequestFromCell };

// Appends a frame up to where the `header.size` bytes of its piece begin. The piece must fit kMaxBodyChunkBytes.
void AppendBodyHeader(BodyFrame kind, const BodyHeader& header, std::string* out);

struct FoundBody {
  BodyHeader header;
  std::size_t begin = 0;  // of the piece, in the payload; it ends where the payload ends
};

// Reads the header of a frame whose payload has `length` bytes and begins with `payload`: all of it, or what has come
// so far. Nothing: it is another frame, in another spelling, or not enough has come.
std::optional<FoundBody> ReadBodyHeader(BodyFrame kind, std::string_view payload, std::size_t length);

}  // namespace warder::proto
