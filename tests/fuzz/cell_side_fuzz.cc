// What the engine's side of a socket may send, as the jail's side reads it: frames to a cell by the cell's own channel,
// and packets of the control socket.
//
// Nobody hostile writes there; but a zygote is shared by tenants, and a cell that reads a frame in another way than the
// engine meant it does what nobody said. The first byte of the input says which and how: a stream is cut into reads,
// and what the channel makes of the pieces must be what protobuf makes of the whole.
#include <fcntl.h>
#include <google/protobuf/stubs/logging.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/cell/channel.h"
#include "sandbox/proto/control.pb.h"
#include "sandbox/zygote/packet.h"

namespace {

using warder::proto::BodyFrame;
using warder::proto::BodyHeader;
using warder::proto::ToCell;

constexpr unsigned kControlBit = 0x80;

void Require(bool holds) {
  if (!holds) std::abort();
}

struct Left {
  int status;
};
// Where a channel is at work, leaving is no end of this process.
bool in_channel = false;

struct Pair {
  explicit Pair(int type) {
    int ends[2] = {-1, -1};
    Require(::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) == 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
  }
  warder::UniqueFd ours;
  warder::UniqueFd theirs;
};

// What the channel has yet to be sent, and in which pieces.
struct Rest {
  std::string_view bytes;
  std::size_t step = 1;
  Pair* pair = nullptr;
} rest;

void SendPiece() {
  const std::string_view piece = rest.bytes.substr(0, rest.step);
  rest.bytes.remove_prefix(piece.size());
  if (piece.empty()) {
    rest.pair->ours.reset();
  } else {
    Require(::write(rest.pair->ours.get(), piece.data(), piece.size()) == static_cast<ssize_t>(piece.size()));
  }
}

std::string Entry(const BodyHeader& header, std::string_view data) {
  Require(data.size() == header.size);
  ToCell frame;
  frame.set_clock_us(header.clock_us);
  frame.mutable_response_body()->set_call(header.call);
  frame.mutable_response_body()->set_last(header.last);
  frame.mutable_response_body()->set_data(data.data(), data.size());
  return frame.SerializeAsString();
}

struct Heard {
  std::vector<std::string> frames;
  int status = 0;
  bool operator==(const Heard&) const = default;
};

Heard ByChannel(std::string_view bytes, std::size_t step) {
  Pair pair(SOCK_STREAM);
  rest = {bytes, step, &pair};
  Heard heard;
  warder::cell::Channel channel(pair.theirs.get());
  channel.OnWait(SendPiece, [] {});
  in_channel = true;
  try {
    for (;;) {
      ToCell frame;
      std::string data;
      const auto header = channel.Receive(&frame, [&data](const BodyHeader& body) {
        data.resize(body.size);
        return data.data();
      });
      heard.frames.push_back(header ? Entry(*header, data) : frame.SerializeAsString());
    }
  } catch (const Left& left) {
    heard.status = left.status;
  }
  in_channel = false;
  return heard;
}

Heard ByProtobuf(std::string_view bytes) {
  Heard heard;
  warder::proto::FrameReader reader;
  const bool sound = reader.Feed(bytes);
  while (const auto payload = reader.Next()) {
    ToCell frame;
    if (!frame.ParseFromArray(payload->data(), static_cast<int>(payload->size()))) {
      heard.status = warder::cell::kBadFrame;
      return heard;
    }
    heard.frames.push_back(frame.SerializeAsString());
  }
  heard.status = sound && !reader.broken() ? warder::cell::kEngineGone : warder::cell::kBadFrame;
  return heard;
}

template <typename Message>
void Decode(std::string_view bytes) {
  Message message;
  if (!warder::proto::ParseMessage(bytes, &message)) return;
  Message again;
  Require(warder::proto::ParseMessage(message.SerializeAsString(), &again) || message.ByteSizeLong() == 0);
  Require(again.SerializeAsString() == message.SerializeAsString());
}

// The number that a new descriptor gets: the same as before where none was lost.
int LowestFree() {
  const int fd = ::fcntl(0, F_DUPFD_CLOEXEC, 0);
  ::close(fd);
  return fd;
}

void Send(int socket, std::string_view bytes, std::size_t descriptors) {
  iovec data{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  if (descriptors > 0) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
    cmsghdr* const item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
    for (std::size_t i = 0; i < descriptors; ++i) std::memcpy(CMSG_DATA(item) + i * sizeof(int), &socket, sizeof(int));
  }
  Require(::sendmsg(socket, &header, MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
}

void RunControl(std::string_view bytes, std::size_t descriptors) {
  using warder::zygote::Packet;
  const int before = LowestFree();
  {
    Pair pair(SOCK_SEQPACKET);
    warder::zygote::PacketReader reader;
    Send(pair.ours.get(), bytes, descriptors);
    const Packet packet = reader.Receive(pair.theirs.get(), warder::zygote::Wait::kNo);
    if (descriptors > 1) {
      Require(packet.kind == Packet::Kind::kMalformed && !packet.fd);
    } else {
      Require(packet.kind == (bytes.empty() ? Packet::Kind::kEnd : Packet::Kind::kMessage));
      Require(static_cast<bool>(packet.fd) == (descriptors == 1) && packet.bytes == bytes);
    }
    Require(reader.Receive(pair.theirs.get(), warder::zygote::Wait::kNo).kind == Packet::Kind::kNothing);
  }
  Require(LowestFree() == before);
  Decode<warder::proto::ToZygote>(bytes);
  Decode<warder::proto::FromZygote>(bytes);
}

}  // namespace

// The channel leaves by it.
extern "C" void _exit(int status) {
  if (in_channel) throw Left{status};
  ::syscall(SYS_exit_group, status);
  __builtin_unreachable();
}

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((data[0] & kControlBit) != 0) {
    RunControl(bytes, data[0] & 3U);
  } else {
    Require(ByChannel(bytes, std::size_t{1} + data[0]) == ByProtobuf(bytes));
  }
  return 0;
}
