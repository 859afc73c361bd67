// A credential that an upstream gives back: in every spelling, at every split of the wire, in every coding and framing,
// in every part of a response and in what is said about it. Nothing of it arrives, and nothing else is changed.
#include <gmock/gmock.h>

#include <cstdio>

#include "engine/broker/scrub/testing/speller.h"
#include "engine/broker/testing/connected.h"
#include "engine/broker/testing/content_encoder.h"

namespace warder::broker::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kToken = "canary-t0k3n/+=\"<&abcdefghij";
constexpr std::string_view kRedacted = "[redacted]";

// What an upstream sends, and what arrives of it.
struct Echo {
  std::string name;
  std::string sent;
  std::string arrives;
};

// In base64 the digits that also hold bits of a neighbour stay.
Echo InBase64(std::size_t before, bool url) {
  const std::string text = std::string("xyz").substr(0, before) + std::string(kToken) + "tail";
  const std::string digits = Base64(text, url);
  const std::size_t begin = (8 * before + 5) / 6;
  const std::size_t end = 8 * (before + kToken.size()) / 6;
  return {"base64, " + std::to_string(before) + " bytes before" + (url ? ", of URLs" : ""), digits,
          digits.substr(0, begin) + std::string(kRedacted) + digits.substr(end)};
}

std::vector<Echo> Echoes() {
  std::vector<Echo> echoes;
  for (int kind = 0; kind < static_cast<int>(Escape::kCount); ++kind) {
    const auto escape = static_cast<Escape>(kind);
    echoes.push_back(
        {"escape " + std::to_string(kind), SpellAll(kToken, [&] { return escape; }), std::string(kRedacted)});
  }
  for (const bool upper : {false, true}) {
    echoes.push_back({upper ? "HEX" : "hex", Hex(kToken, upper), std::string(kRedacted)});
  }
  for (std::size_t before = 0; before < 3; ++before) {
    for (const bool url : {false, true}) echoes.push_back(InBase64(before, url));
  }
  return echoes;
}

std::string Chunk(const std::string& bytes) {
  char size[20];
  std::snprintf(size, sizeof(size), "%zx\r\n", bytes.size());
  return size + bytes + "\r\n";
}

class SecretsTest : public ConnectedTest {
 protected:
  void SetUp() override {
    ConnectedTest::SetUp();
    if (!loop) return;
    server->OnData([this](RawServer::Peer& peer) {
      if (!peer.TakeRequest()) return;
      asking = &peer;
    });
    capabilities = With(std::string(kToken));
  }
  void TearDown() override {
    capabilities.reset();
    ConnectedTest::TearDown();
  }
  std::shared_ptr<Capabilities> With(const std::string& token) const {
    return Connected("origin " + server->origin() + "\nallow * /**\ninject bearer token\n", {{"token", token}});
  }
  // Makes a call that the server answers with these pieces, each read before the next is sent.
  void CallFor(Recorder& recorder, const std::vector<std::string>& pieces) {
    ++calls;
    asking = nullptr;
    auto request = Request("GET", Get());
    request.connection = capabilities->connections().front()->handle();
    StartWith(recorder, std::move(request), capabilities);
    RunUntil([&] { return asking != nullptr; });
    for (const std::string& piece : pieces) {
      asking->Send(piece);
      loop->poll();
    }
    Finish(recorder);
  }
  void Expect(const std::vector<std::string>& pieces, const std::string& body, const std::string& what) {
    Recorder recorder;
    CallFor(recorder, pieces);
    ASSERT_FALSE(recorder.failure) << what << ": " << recorder.failure->message;
    ASSERT_EQ(recorder.body, body) << what;
  }

  std::shared_ptr<Capabilities> capabilities;
  RawServer::Peer* asking = nullptr;
  int calls = 0;
};

TEST_F(SecretsTest, BodiesAtEverySplitInEveryCodingAndFraming) {
  const std::pair<std::string, std::function<std::string(const std::string&)>> codings[] = {
      {"", [](const std::string& text) { return text; }},
      {"gzip", [](const std::string& text) { return Gzip(text); }},
      {"br", [](const std::string& text) { return Brotli(text); }},
      {"zstd", [](const std::string& text) { return Zstd(text); }}};
  for (const Echo& echo : Echoes()) {
    const std::string text = "{before:" + echo.sent + ":after, as it was}";
    const std::string arrives = "{before:" + echo.arrives + ":after, as it was}";
    for (const auto& [coding, encode] : codings) {
      const std::string body = encode(text);
      const std::string head = "HTTP/1.1 200 OK\r\n" + (coding.empty() ? "" : "Content-Encoding: " + coding + "\r\n");
      const std::string what = echo.name + " " + coding;
      const std::string whole = head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
      for (std::size_t at = 1; at < whole.size(); ++at) {
        Expect({whole.substr(0, at), whole.substr(at)}, arrives, what + ", split at " + std::to_string(at));
        if (HasFatalFailure()) return;
      }
      const std::string chunked = head + "Transfer-Encoding: chunked\r\n\r\n";
      for (std::size_t at = 1; at < body.size(); ++at) {
        Expect({chunked + Chunk(body.substr(0, at)) + Chunk(body.substr(at)) + Chunk("")}, arrives,
               what + ", chunks of " + std::to_string(at) + " and the rest");
        if (HasFatalFailure()) return;
      }
      std::string single = chunked;
      for (const char byte : body) single += Chunk(std::string(1, byte));
      Expect({single + Chunk("")}, arrives, what + ", chunks of 1");
      if (HasFatalFailure()) return;
    }
  }
  std::printf("  %d responses, 0 leaks, 0 bytes changed elsewhere\n", calls);
}

TEST_F(SecretsTest, EveryPartOfAHead) {
  for (const Echo& echo : Echoes()) {
    Recorder recorder;
    CallFor(recorder, {"HTTP/1.1 103 " + echo.sent + "\r\nX-Early: " + echo.sent + "\r\n\r\nHTTP/1.1 200 so " +
                       echo.sent + " it is\r\nX-Echo: a " + echo.sent + " z\r\nSet-Cookie: t=" + echo.sent +
                       "; Path=/\r\nLocation: /next?t=" + echo.sent + "\r\nWWW-Authenticate: Bearer realm=\"" +
                       echo.sent + "\"\r\nX-Same: kept\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n" +
                       Chunk("body") + "0\r\nX-Late: " + echo.sent + "\r\n\r\n"});
    ASSERT_FALSE(recorder.failure) << echo.name << ": " << recorder.failure->message;
    const HeaderList expected = {{"X-Echo", "a " + echo.arrives + " z"},
                                 {"Set-Cookie", "t=" + echo.arrives + "; Path=/"},
                                 {"Location", "/next?t=" + echo.arrives},
                                 {"WWW-Authenticate", "Bearer realm=\"" + echo.arrives + "\""},
                                 {"X-Same", "kept"}};
    EXPECT_EQ(recorder.head->headers, expected) << echo.name;
    EXPECT_EQ(recorder.head->reason, "so " + echo.arrives + " it is") << echo.name;
    EXPECT_EQ(recorder.body, "body");
  }
  std::printf("  %d heads, 8 places each\n", calls);
}

TEST_F(SecretsTest, NamesOfHeaders) {
  const std::string token = "canary0123456789-abcdef";
  capabilities = With(token);
  const std::string base64 = Base64(token, true);
  for (const std::string& name :
       {token, Hex(token, false), Hex(token, true), base64, SpellAll(token, [] { return Escape::kPercent; })}) {
    Recorder recorder;
    CallFor(recorder, {Response("body", "X-" + name + "-Y: 1\r\nX-Same: kept\r\n")});
    ASSERT_FALSE(recorder.failure) << name << ": " << recorder.failure->message;
    const HeaderList expected = {{"Content-Length", "4"}, {"X-Same", "kept"}};
    EXPECT_EQ(recorder.head->headers, expected) << name;
  }
}

// The upstream's words that a failure repeats: where a redirect would lead.
TEST_F(SecretsTest, WhatIsSaidAboutAResponse) {
  const std::string token = "canary0123456789-abcdef";
  capabilities = With(token);
  const std::string locations[] = {
      "http://" + token + ".test/",
      "HTTP://x." + Hex(token, true) + ".test/",
      "http://" + token + token + token + token + "/",
      "http://a." + token + "/x",
      "//" + token + "/",
      "http://" + token + "@a.test/",
      "http://" + token + "_.test/",
      "http://[" + token + "]/",
      "http://-" + token + ".test/",
      server->origin() + "/%zz" + token,
      server->origin() + "/../" + token + "/..",
      "ftp://" + token + "/",
      token + "://a.test/",
      "http://a.test:" + token + "/",
  };
  for (const std::string& location : locations) {
    Recorder recorder;
    CallFor(recorder, {Response("", "Location: " + location + "\r\n", "302 " + token)});
    ASSERT_TRUE(recorder.failure) << location;
    EXPECT_THAT(recorder.failure->message, Not(HasSubstr("canary"))) << location;
    EXPECT_THAT(recorder.failure->message, Not(HasSubstr(Hex("canary", false)))) << location;
  }
  const std::string broken[] = {
      "HTTP/1.1 " + token + "\r\n\r\n",
      "HTTP/1.1 200 OK\r\n" + token + "\r\n\r\n",
      "HTTP/1.1 200 OK\r\nX-" + token + " : 1\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: " + token + "\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + token + "\r\n\r\n",
      "HTTP/1.1 200 OK\r\nContent-Encoding: " + token + "\r\nContent-Length: 1\r\n\r\n1",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz" + token + "\r\n",
      token + "\r\n\r\n",
  };
  for (const std::string& response : broken) {
    Recorder recorder;
    CallFor(recorder, {response});
    asking->Close();
    ASSERT_TRUE(recorder.failure) << response;
    EXPECT_THAT(recorder.failure->message, Not(HasSubstr("canary"))) << response;
  }
}

TEST_F(SecretsTest, TheUrlThatARedirectLedTo) {
  server->OnData({});
  for (const Escape escape : {Escape::kPercent, Escape::kPercentUpper}) {
    const std::string spelled = SpellAll(kToken, [&] { return escape; });
    server->Answer([&](const std::string& request) {
      return request.starts_with("GET /next") ? Response("there")
                                              : Response("", "Location: /next?t=" + spelled + "&x=1\r\n", "302 Found");
    });
    Recorder recorder;
    RunThrough(recorder, Get(), capabilities);
    ASSERT_FALSE(recorder.failure) << recorder.failure->message;
    EXPECT_EQ(recorder.head->url, Get("/next?t=[redacted]&x=1"));
    EXPECT_EQ(recorder.body, "there");
  }
}

}  // namespace
}  // namespace warder::broker::testing
