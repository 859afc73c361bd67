// The small parts of a call, each on its own: headers, bodies, decoders, admission, turns.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <set>

#include "engine/base/loop_slice.h"
#include "engine/broker/admission.h"
#include "engine/broker/ascii.h"
#include "engine/broker/content_decoder.h"
#include "engine/broker/request_body.h"
#include "engine/broker/request_headers.h"
#include "engine/broker/response_body.h"
#include "engine/broker/response_head.h"
#include "engine/broker/testing/content_encoder.h"
#include "engine/broker/turns.h"

namespace warder::broker {
namespace {

using testing::Brotli;
using testing::Gzip;
using testing::Zstd;

TEST(RequestHeaders, TheTableIsLowerCaseAndWithoutDuplicates) {
  std::set<std::string_view> names;
  for (const HeaderRule& rule : RefusedHeaders()) {
    EXPECT_EQ(LowerCase(rule.name), rule.name);
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_FALSE(rule.reason.empty());
  }
}

TEST(RequestHeaders, AllowsWhatApisNeed) {
  const HeaderList headers = {{"Authorization", "Bearer abc"},
                              {"content-type", "application/json; charset=utf-8"},
                              {"X-Api-Key", "k"},
                              {"Idempotency-Key", "1"},
                              {"If-None-Match", "\"x\""},
                              {"cookie", "a=b; c=d"},
                              {"User-Agent", "x"},
                              {"Accept", "*/*"},
                              {"X-Empty", ""},
                              {"Date", "Tue, 15 Nov 1994 08:12:31 GMT"},
                              {"x-utf8", "gr\xc3\xbc\xc3\x9f"},
                              {"x-host-id", "1"}};
  const auto checked = CheckRequestHeaders(headers);
  EXPECT_TRUE(checked) << (checked ? "" : checked.error().message);
}

TEST(RequestHeaders, RefusesInAnyCaseAndWithUnderscores) {
  for (const char* name : {"Host", "HOST", "Content-Length", "content_length", "Transfer_Encoding", "X-Forwarded-For",
                           "x-forwarded-anything", "Proxy-Authorization", "proxy-x", "Proxy", "X-HTTP-Method-Override",
                           "accept-encoding"}) {
    EXPECT_NE(FindRefusal(name), nullptr) << name;
  }
  EXPECT_EQ(FindRefusal("x-forwarder"), nullptr);
  const auto checked = CheckRequestHeaders({{"Host", "evil"}});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message,
            "the header Host cannot be set: the broker names the peer, from the URL that was judged");
}

TEST(RequestBody, GivesCreditBackAsItIsRead) {
  RequestBody body(std::nullopt, 0);
  const std::string full(proto::kInitialCredit, 'x');
  EXPECT_EQ(body.Append(full, false), "");
  EXPECT_NE(body.Append("y", false), "");
  RequestBody other(std::nullopt, 0);
  EXPECT_EQ(other.Append(full, false), "");
  EXPECT_EQ(other.TakeGrant(), 0U);
  std::string out(proto::kInitialCredit / 2, '\0');
  EXPECT_EQ(other.Read(out.data(), out.size()), out.size());
  EXPECT_EQ(other.TakeGrant(), out.size());
  EXPECT_EQ(other.TakeGrant(), 0U);
  EXPECT_FALSE(other.Rewindable());
  EXPECT_EQ(other.Append(out, true), "");
  EXPECT_NE(other.Append("", true), "");
}

TEST(RequestBody, RewindsSmallBodiesOfKnownLength) {
  RequestBody body(5, 5);
  EXPECT_EQ(body.Append("hello", true), "");
  std::string out(10, '\0');
  EXPECT_EQ(body.Read(out.data(), 3), 3U);
  EXPECT_TRUE(body.Rewind());
  EXPECT_EQ(body.Read(out.data(), 10), 5U);
  EXPECT_EQ(out.substr(0, 5), "hello");
  EXPECT_TRUE(body.AtEnd());
}

std::string Sample(std::size_t size) {
  std::string text;
  for (std::size_t i = 0; text.size() < size; ++i) text += std::to_string(i * 2654435761U % 1000003) + ",";
  text.resize(size);
  return text;
}

struct Decoded {
  bool sound = true;
  bool complete = false;
  std::size_t largest = 0;  // output held at once
  std::string text;
};

Decoded DecodeInPieces(const std::string& coding, const std::string& wire, std::size_t piece, std::size_t limit) {
  Decoded result;
  auto decoder = MakeContentDecoder(coding);
  for (std::size_t at = 0; at < wire.size() && result.sound; at += piece) {
    const std::string bytes = wire.substr(at, piece);
    std::string_view rest = bytes;
    for (;;) {
      std::string out;
      result.sound = (*decoder)->Decode(&rest, &out, limit);
      result.largest = std::max(result.largest, out.size());
      result.text += out;
      if (!result.sound || (rest.empty() && out.size() < limit)) break;
    }
  }
  result.complete = (*decoder)->Complete();
  return result;
}

TEST(ContentDecoder, DecodesInAnyPieces) {
  const std::string text = Sample(300'000);
  const std::pair<std::string, std::string> bodies[] = {
      {"gzip", Gzip(text)},
      {"X-GZIP", Gzip(text.substr(0, 1000)) + Gzip(text.substr(1000))},
      {" br ", Brotli(text, 22)},
      {"zstd", Zstd(text.substr(0, 1000)) + Zstd(text.substr(1000))}};
  for (const auto& [coding, wire] : bodies) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, wire.size()}) {
      const Decoded decoded = DecodeInPieces(coding, wire, piece, 1000);
      EXPECT_TRUE(decoded.sound && decoded.complete) << coding << piece;
      EXPECT_EQ(decoded.text, text) << coding << piece;
      EXPECT_LE(decoded.largest, 1000U + (32U << 10U)) << "the limit, and one step";
    }
    EXPECT_FALSE(DecodeInPieces(coding, wire.substr(0, wire.size() / 2), 4096, 1 << 20).complete);
    const Decoded behind = DecodeInPieces(coding, wire + "x", 4096, 1 << 20);
    EXPECT_FALSE(behind.sound && behind.complete) << coding;
  }
}

TEST(ContentDecoder, BoundsTheWindowOfBrotli) {
  const std::string text = Sample(20 << 20);
  EXPECT_TRUE(DecodeInPieces("br", Brotli(text, 22), 1 << 16, 1 << 18).complete);
  EXPECT_FALSE(DecodeInPieces("br", Brotli(text, 24), 1 << 16, 1 << 18).sound)
      << "16 MiB are more than one decoder may have";
}

TEST(ContentDecoder, BoundsTheWindowOfZstd) {
  const std::string text = Sample(20 << 20);
  EXPECT_TRUE(DecodeInPieces("zstd", Zstd(text, 23), 1 << 16, 1 << 18).complete);
  EXPECT_FALSE(DecodeInPieces("zstd", Zstd(text, 24), 1 << 16, 1 << 18).sound) << "RFC 9659: 8 MiB";
}

TEST(ContentDecoder, RefusesWhatWasNotAskedFor) {
  for (const char* coding : {"deflate", "compress", "zstandard", "gzip, gzip", "gzip,br", "x", "br,"}) {
    EXPECT_FALSE(MakeContentDecoder(coding)) << coding;
  }
  for (const char* coding : {"", " ", "identity", "Identity"})
    EXPECT_EQ(*MakeContentDecoder(coding), nullptr) << coding;
}

// Text that grows some fifty-fold when it is decoded, as JSON of like records does.
std::string Repetitive(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) {
    text += "{\"identifier\": " + std::to_string(i) + ", \"state\": \"delivered\", \"description\": \"none\"}\n";
  }
  return text.substr(0, bytes);
}

TEST(ResponseBody, EndsWhatGrowsLikeABomb) {
  const std::string zeros(64 << 20, '\0');
  const std::pair<const char*, std::string> bombs[] = {
      {"gzip", Gzip(zeros)}, {"br", Brotli(zeros, 22)}, {"zstd", Zstd(zeros)}};
  for (const auto& [coding, wire] : bombs) {
    ResponseBody body;
    body.SetDecoder(*MakeContentDecoder(coding));
    body.Grant(std::uint64_t{1} << 40);
    std::string_view error = body.Accept(wire);
    body.Finish();
    std::uint64_t taken = 0;
    for (std::string chunk; error.empty() && !body.Drained();) {
      error = body.Take(&chunk);
      taken += chunk.size();
    }
    EXPECT_NE(error.find("250-fold"), std::string_view::npos) << coding << " " << error;
    EXPECT_LE(taken, ResponseBody::kUnsuspiciousBytes + ResponseBody::kSliceBytes) << coding;
  }
}

TEST(ResponseBody, TakesSecretsOutOfWhatItDecodes) {
  const Secret secret("s3cr3t-canary-0123456789");
  const Secret* const secrets[] = {&secret};
  const auto pattern = ScrubPattern::Compile(secrets);
  ASSERT_TRUE(pattern);
  const std::string text = "before " + std::string(secret.view()) + " after";
  for (const std::string coding : {"", "gzip", "br", "zstd"}) {
    const std::string wire = coding == "gzip"   ? Gzip(text)
                             : coding == "br"   ? Brotli(text, 22)
                             : coding == "zstd" ? Zstd(text)
                                                : text;
    for (std::size_t split = 0; split <= wire.size(); ++split) {
      ResponseBody body;
      body.SetDecoder(*MakeContentDecoder(coding));
      body.AddScrubber(*pattern);
      std::string out;
      std::string chunk;
      for (const std::string& piece : {wire.substr(0, split), wire.substr(split)}) {
        ASSERT_EQ(body.Accept(piece), "");
        ASSERT_EQ(body.Take(&chunk), "");
        out += chunk;
      }
      body.Finish();
      ASSERT_EQ(body.Take(&chunk), "");
      EXPECT_TRUE(body.Drained());
      EXPECT_EQ(out + chunk, "before [redacted] after") << coding << split;
      EXPECT_EQ(body.redactions(), 1U);
    }
  }
}

TEST(ResponseBody, HoldsBoundedOutputAndObeysCredit) {
  ResponseBody body;
  auto decoder = MakeContentDecoder("gzip");
  body.SetDecoder(std::move(*decoder));
  const std::string wire = Gzip(Repetitive(10 << 20));
  ASSERT_EQ(body.Accept(wire), "");
  std::string chunk;
  std::uint64_t taken = 0;
  while (body.Take(&chunk).empty() && (!chunk.empty() || body.HasMore())) taken += chunk.size();
  EXPECT_EQ(taken, proto::kInitialCredit);
  body.Grant(1);
  ASSERT_EQ(body.Take(&chunk), "");
  EXPECT_EQ(chunk.size(), 1U);
  body.Finish();
  EXPECT_FALSE(body.Drained());
  body.Grant(std::uint64_t{1} << 63);
  body.Grant(std::uint64_t{1} << 63);
  while (!body.Drained()) {
    ASSERT_EQ(body.Take(&chunk), "");
    EXPECT_LE(chunk.size(), proto::kMaxBodyChunkBytes);
    taken += chunk.size();
  }
  EXPECT_EQ(taken + 1, std::uint64_t{10} << 20);
}

TEST(Admission, TakesTenantsInTurnAndKeepsToTheBounds) {
  BrokerOptions options;
  options.max_transfers = 3;
  options.max_transfers_per_tenant = 2;
  Admission admission(options);
  std::string order;
  std::map<std::string, std::unique_ptr<Admission::Ticket>> tickets;
  const auto enter = [&](const std::string& tenant, int number) {
    const std::string name = tenant + std::to_string(number);
    tickets[name] = admission.Enter(tenant, [&order, name] { order += name + " "; });
  };
  for (int i = 1; i <= 4; ++i) enter("a", i);
  for (int i = 1; i <= 3; ++i) enter("b", i);
  EXPECT_EQ(order, "a1 a2 b1 ");
  tickets.erase("b2");  // gives up waiting
  tickets.erase("a1");
  EXPECT_EQ(order, "a1 a2 b1 a3 ");
  tickets.erase("a2");
  EXPECT_EQ(order, "a1 a2 b1 a3 b3 ") << "b's turn, though a4 waited longer";
  tickets.erase("a4");
  tickets.clear();
  EXPECT_EQ(order, "a1 a2 b1 a3 b3 ");
}

class Worker final : public Turn {
 public:
  explicit Worker(std::function<void()> work) : work_(std::move(work)) {}
  void OnTurn() override { work_(); }

 private:
  const std::function<void()> work_;
};

TEST(Turns, OneTenantsWorkIsDoneASliceAtATime) {
  boost::asio::io_context loop;
  Turns turns(loop);
  int long_steps = 0;
  int seen = -1;
  const auto work = std::make_shared<Worker>([&] {
    const LoopSlice slice;
    while (!slice.over()) {
    }
    ++long_steps;
  });
  const auto other = std::make_shared<Worker>([&] { seen = long_steps; });
  for (int i = 0; i < 100; ++i) turns.Post("busy", work);
  turns.Post("quiet", other);
  loop.run();
  EXPECT_EQ(long_steps, 100);
  EXPECT_EQ(seen, 1) << "steps of another tenant that it had to wait for";
}

// With a neighbour it gets a part of the time; alone it waits for nothing.
TEST(Turns, WhoAlwaysHasMoreLeavesTimeToOthers) {
  using Clock = std::chrono::steady_clock;
  for (const bool neighbour : {true, false}) {
    boost::asio::io_context loop;
    Turns turns(loop);
    Clock::duration used{};
    std::shared_ptr<Worker> work;
    int left = 200;
    work = std::make_shared<Worker>([&] {
      const LoopSlice slice;
      while (!slice.over()) {
      }
      used += slice.length();
      if (neighbour) turns.Post("quiet", {});
      if (--left > 0) turns.Post("busy", work);
    });
    turns.Post("busy", work);
    turns.Post("busy", work);
    const auto begun = Clock::now();
    if (neighbour) {
      loop.run();
      EXPECT_LE(used, (Clock::now() - begun) / 2);
    } else {
      loop.poll();  // what is ready, and whatever that makes ready
    }
    EXPECT_LE(left, 0);
  }
}

TEST(Turns, ForgetsWhoIsGone) {
  boost::asio::io_context loop;
  Turns turns(loop);
  int steps = 0;
  auto work = std::make_shared<Worker>([&] { ++steps; });
  turns.Post("a", work);
  turns.Post("a", work);
  work.reset();
  loop.run();
  EXPECT_EQ(steps, 0);
  for (int i = 0; i < 1000; ++i) {
    turns.Post("t" + std::to_string(i), {});
    loop.restart();
    loop.run();
  }
  EXPECT_LE(turns.size(), 64U);
}

// However little of it comes, no step decodes more than a slice; what is delivered is long all the same.
TEST(ResponseBody, DecodesASliceAtATime) {
  ResponseBody body;
  body.SetDecoder(*MakeContentDecoder("gzip"));
  constexpr std::size_t kBytes = std::size_t{1} << 20;
  ASSERT_EQ(body.Accept(Gzip(Repetitive(kBytes))), "");
  body.Finish();
  body.Grant(kBytes);
  std::string chunk;
  std::size_t taken = 0;
  std::size_t steps = 0;
  std::size_t pieces = 0;
  while (!body.Drained()) {
    ASSERT_EQ(body.Take(&chunk), "");
    taken += chunk.size();
    pieces += chunk.empty() ? 0 : 1;
    ++steps;
  }
  EXPECT_EQ(taken, kBytes);
  EXPECT_GE(steps, kBytes / ResponseBody::kSliceBytes);
  EXPECT_LE(pieces, kBytes / ResponseBody::kPieceBytes + 1);
}

}  // namespace
}  // namespace warder::broker
