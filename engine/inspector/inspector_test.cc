// Who may debug, what may be said, and what becomes of those who do not keep to it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <string>

#include "engine/inspector/protocol.h"
#include "engine/inspector/request_check.h"
#include "engine/inspector/server.h"

namespace warder::inspector {
namespace {

using boost::asio::ip::tcp;
using testing::HasSubstr;
using testing::StartsWith;

TEST(RequestCheckTest, AHostIsThisMachineInAWayThatNoNameServerMakesUp) {
  for (const char* host : {"localhost", "LocalHost:9229", "127.0.0.1", "127.0.0.1:1", "10.0.0.7:65535", "[::1]",
                           "[::1]:9229", "[2001:db8::1]"}) {
    EXPECT_TRUE(IsLocalHost(host)) << host;
  }
  for (const char* host : {"", "evil.example", "evil.example:9229", "localhost.evil.example", "127.0.0.1.evil.example",
                           "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:123456", "127.1", "2130706433", "0x7f.0.0.1", "::1",
                           "[::1", "[::1]x", "[fe80::1%evil]", "[evil]", "localhost.", " localhost", "localhost:1:2"}) {
    EXPECT_FALSE(IsLocalHost(host)) << host;
  }
  EXPECT_FALSE(IsLocalHost(std::string(100, '1')));
}

TEST(RequestCheckTest, AnOriginIsDevTools) {
  EXPECT_TRUE(IsDevTools("devtools://devtools"));
  for (const char* origin : {"", "null", "http://localhost", "devtools://devtools.evil.example", "https://devtools"}) {
    EXPECT_FALSE(IsDevTools(origin)) << origin;
  }
}

TEST(ProtocolTest, WhatV8CanDoInACellIsHandedOn) {
  for (const char* method : {"Runtime.enable", "Runtime.evaluate", "Debugger.resume", "Debugger.setBreakpointByUrl",
                             "Profiler.takePreciseCoverage", "HeapProfiler.takeHeapSnapshot"}) {
    EXPECT_EQ(RefusalOf(R"({"id":1,"method":")" + std::string(method) + R"("})"), std::nullopt) << method;
  }
  EXPECT_EQ(RefusalOf(R"({"id":1,"method":"Debugger.resume","params":{"terminateOnResume":false}})"), std::nullopt);
}

TEST(ProtocolTest, AnythingElseIsAnswered) {
  for (const char* method : {"Profiler.start", "Runtime.terminateExecution", "NodeWorker.enable",
                             "Target.attachToTarget", "", "Runtime", "debugger.resume"}) {
    EXPECT_THAT(RefusalOf(R"({"id":7,"method":")" + std::string(method) + R"("})").value_or("handed on"),
                testing::AllOf(HasSubstr("-32601"), HasSubstr(R"("id":7)")))
        << method;
  }
  EXPECT_THAT(RefusalOf(R"({"id":1,"method":"Debugger.resume","params":{"terminateOnResume":true}})").value_or(""),
              HasSubstr("-32601"));
  for (const char* text : {"", "{", "[]", "null", "{}x"})
    EXPECT_THAT(RefusalOf(text).value_or(""), HasSubstr("-32700")) << text;
  for (const char* text : {"{}", R"({"id":"1","method":"Runtime.enable"})", R"({"id":1})", R"({"id":1,"method":2})"}) {
    EXPECT_THAT(RefusalOf(text).value_or(""), HasSubstr("-32600")) << text;
  }
  EXPECT_THAT(RefusalOf(std::string(100'000, '[')).value_or(""), HasSubstr("-32700"));
}

class ServerTest : public testing::Test {
 protected:
  void Listen(ServerOptions options) {
    auto listening = Server::Listen(loop, std::move(options));
    ASSERT_TRUE(listening) << listening.error().message;
    server = std::move(*listening);
    const std::string& url = server->url();
    const std::size_t slash = url.rfind('/');
    path = url.substr(slash);
    port = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
    server->Open({.on_attached = [this](bool is) { attached.push_back(is); },
                  .on_message = [this](std::string message) { messages.push_back(std::move(message)); }});
  }
  // Until `done` holds; false: it never did.
  template <typename Done>
  bool RunUntil(const Done& done) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done() && std::chrono::steady_clock::now() < until) loop.run_one_for(std::chrono::milliseconds(50));
    return done();
  }
  tcp::socket Connect() {
    tcp::socket socket(client_loop);
    socket.connect({boost::asio::ip::address_v4::loopback(), port});
    return socket;
  }
  void Ask(tcp::socket& socket, const std::string& headers, const std::string& first = "GET ") {
    boost::asio::write(socket, boost::asio::buffer(first + path + " HTTP/1.1\r\n" + headers + "\r\n"));
  }
  // What comes until the other side closes, or until `enough` bytes are there.
  std::string Hear(tcp::socket& socket, std::size_t enough) {
    std::string heard;
    socket.non_blocking(true);
    bool closed = false;
    RunUntil([&] {
      char bytes[4096];
      boost::system::error_code error;
      const std::size_t count = socket.read_some(boost::asio::buffer(bytes), error);
      heard.append(bytes, count);
      closed = error && error != boost::asio::error::would_block;
      return closed || heard.size() >= enough;
    });
    return heard;
  }
  static constexpr char kUpgrade[] =
      "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

  boost::asio::io_context loop;
  boost::asio::io_context client_loop;
  std::unique_ptr<Server> server;
  std::string path;
  std::uint16_t port = 0;
  std::vector<bool> attached;
  std::vector<std::string> messages;
};

TEST_F(ServerTest, APortThatIsTakenIsNamed) {
  Listen({});
  const auto second = Server::Listen(loop, {.port = port});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kInvalidInput);
  EXPECT_THAT(second.error().message, HasSubstr(std::to_string(port)));
}

TEST_F(ServerTest, ADebuggerThatDoesNotReadIsSentAway) {
  Listen({.max_queued_bytes = std::size_t{1} << 20});
  tcp::socket socket = Connect();
  Ask(socket, kUpgrade);
  ASSERT_TRUE(RunUntil([&] { return !attached.empty(); }));
  for (int i = 0; i < 1'000 && attached.size() == 1; ++i) {
    server->Send(std::string(100'000, 'x'));
    loop.poll();
  }
  EXPECT_EQ(attached, (std::vector<bool>{true, false}));
}

TEST_F(ServerTest, AMessageThatIsTooLongEndsIt) {
  Listen({.max_message_bytes = 1'000});
  tcp::socket socket = Connect();
  Ask(socket, kUpgrade);
  ASSERT_TRUE(RunUntil([&] { return !attached.empty(); }));
  // Masked with zeros: 200 bytes are taken, 2,000 are not.
  boost::asio::write(socket, boost::asio::buffer(std::string("\x81\xfe\x00\xc8\0\0\0\0", 8) + std::string(200, 'a')));
  ASSERT_TRUE(RunUntil([&] { return !messages.empty(); }));
  EXPECT_EQ(messages[0], std::string(200, 'a'));
  boost::asio::write(socket, boost::asio::buffer(std::string("\x81\xfe\x07\xd0\0\0\0\0", 8) + std::string(2'000, 'a')));
  ASSERT_TRUE(RunUntil([&] { return attached.size() == 2; }));
  EXPECT_EQ(messages.size(), 1U);
}

TEST_F(ServerTest, WhatIsNoTextEndsIt) {
  Listen({});
  tcp::socket bytes = Connect();
  Ask(bytes, kUpgrade);
  ASSERT_TRUE(RunUntil([&] { return attached.size() == 1; }));
  boost::asio::write(bytes, boost::asio::buffer(std::string("\x82\x81\0\0\0\0a", 7)));
  ASSERT_TRUE(RunUntil([&] { return attached.size() == 2; }));
  tcp::socket latin1 = Connect();
  Ask(latin1, kUpgrade);
  ASSERT_TRUE(RunUntil([&] { return attached.size() == 3; }));
  boost::asio::write(latin1, boost::asio::buffer(std::string("\x81\x81\0\0\0\0\xff", 7)));
  const std::string bad_payload("\x88\x02\x03\xef");  // RFC 6455, section 7.4.1: 1007
  std::string heard;
  for (std::size_t all = 1; !heard.ends_with(bad_payload) && all < 1'000; ++all) heard += Hear(latin1, 1);
  EXPECT_TRUE(heard.ends_with(bad_payload)) << heard;
  latin1.close();
  ASSERT_TRUE(RunUntil([&] { return attached.size() == 4; }));
  EXPECT_TRUE(messages.empty());
}

TEST_F(ServerTest, WhoSaysTooMuchOrTooLittleGetsNoAnswer) {
  Listen({.request_timeout = std::chrono::milliseconds(200)});
  tcp::socket slow = Connect();
  boost::asio::write(slow, boost::asio::buffer(std::string("GET / HT")));
  EXPECT_EQ(Hear(slow, 1), "");
  tcp::socket wordy = Connect();
  boost::system::error_code ignored;
  boost::asio::write(wordy, boost::asio::buffer("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x')), ignored);
  EXPECT_EQ(Hear(wordy, 1), "");
  tcp::socket two_hosts = Connect();
  Ask(two_hosts, "Host: localhost\r\nHost: localhost\r\n");
  EXPECT_THAT(Hear(two_hosts, 12), StartsWith("HTTP/1.1 421"));
  tcp::socket none = Connect();
  Ask(none, "");
  EXPECT_THAT(Hear(none, 12), StartsWith("HTTP/1.1 421"));
  tcp::socket posts = Connect();
  Ask(posts, "Host: localhost\r\n", "POST ");
  EXPECT_THAT(Hear(posts, 12), StartsWith("HTTP/1.1 405"));
}

}  // namespace
}  // namespace warder::inspector
