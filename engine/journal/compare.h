// What a cell said, held against what it was recorded to say: in words, for whoever has to find out why.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/journal/request_digest.h"
#include "sandbox/proto/cell.pb.h"
#include "warder/engine.h"

namespace warder::journal {

// Counts what has a number in a sentence.
struct Said {
  std::uint64_t calls = 0;
  std::uint64_t timers = 0;
  std::uint64_t logs = 0;
  void Count(const proto::FromCell& frame);
};

// "1st", "2nd", "13th".
std::string Ordinal(std::uint64_t number);

// "1 byte", "12 bytes".
std::string CountedBytes(std::uint64_t bytes);

// What a frame is, as a clause without its subject: "calls GET https://api.example.com/a".
std::string Describe(const proto::FromCell& frame);
// A key of the state for people: "\"since\" of the flow's state".
std::string DescribeState(const StateKey& key);
// A request for people: "GET https://api.example.com/a".
std::string DescribeRequest(const std::string& method, const std::string& url);

// `before` is what both have said so far. Frames are compared bit for bit. What a cell says of its own memory and time
// is not compared, nor are the addresses in a violation, nor pieces of the output, which is compared when it is whole.
std::optional<Divergence> Compare(const Said& before, const proto::FromCell& recorded, const proto::FromCell& now);

// A piece of a request's body. `request` names the call, as DescribeRequest does.
std::optional<Divergence> CompareBody(const std::string& request, const proto::BodyChunk& recorded,
                                      const proto::BodyChunk& now);
std::optional<Divergence> CompareBody(const std::string& request, const RequestDigest& recorded,
                                      const RequestDigest& now);

// The whole output.
std::optional<Divergence> CompareOutput(const std::string& recorded, const std::string& now);

}  // namespace warder::journal
