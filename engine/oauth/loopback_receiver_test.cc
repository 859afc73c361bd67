// Who may bring the answer to this machine's web server, and what everybody else gets.
#include "engine/oauth/loopback_receiver.h"

#include <gtest/gtest.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <vector>

namespace warder::oauth {
namespace {

using boost::asio::ip::tcp;

class LoopbackReceiverTest : public ::testing::Test {
 protected:
  void Listen(LoopbackOptions options = {}) {
    auto made = LoopbackReceiver::Listen(loop, std::move(options));
    ASSERT_TRUE(made) << made.error().message;
    receiver = std::move(*made);
    const std::string uri = receiver->redirect_uri();
    ASSERT_EQ(uri.substr(0, 17), "http://127.0.0.1:");
    host = uri.substr(7, uri.find('/', 7) - 7);
    receiver->Receive(state, [this](Result<Secret> result) {
      ASSERT_FALSE(received.has_value()) << "told twice";
      received.emplace(std::move(result));
    });
  }
  std::string Request(const std::string& target, const std::string& method = "GET") const {
    return method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n\r\n";
  }
  tcp::socket Connect() {
    tcp::socket socket(loop);
    const auto port = static_cast<unsigned short>(std::stoul(host.substr(host.find(':') + 1)));
    socket.connect({boost::asio::ip::address_v4::loopback(), port});
    return socket;
  }
  // Sends, and reads until the other side closes.
  std::string Ask(const std::string& request) {
    tcp::socket socket = Connect();
    std::string answer;
    bool over = false;
    boost::asio::async_write(socket, boost::asio::buffer(request), [](boost::system::error_code, std::size_t) {});
    boost::asio::async_read(socket, boost::asio::dynamic_buffer(answer),
                            [&](boost::system::error_code, std::size_t) { over = true; });
    RunUntil([&] { return over; });
    return answer;
  }
  void ExpectRefused(const std::string& request, const std::string& status) {
    const std::string answer = Ask(request);
    EXPECT_EQ(answer.substr(0, 12), "HTTP/1.1 " + status) << request;
    EXPECT_EQ(answer.find("canary"), std::string::npos);
    EXPECT_FALSE(received.has_value()) << request;
  }
  void RunUntil(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
      loop.run_one_for(std::chrono::milliseconds(20));
      if (loop.stopped()) loop.restart();
      if (std::chrono::steady_clock::now() > deadline) {
        ADD_FAILURE() << "the condition did not come to hold";
        return;
      }
    }
  }

  boost::asio::io_context loop;
  const Secret state{"state-canary"};
  const std::string good = "/callback?code=canary-code&state=state-canary";
  std::string host;
  std::unique_ptr<LoopbackReceiver> receiver;
  std::optional<Result<Secret>> received;
};

TEST_F(LoopbackReceiverTest, TheAnswerIsReceivedOnce) {
  Listen();
  const std::string page = Ask(Request(good));
  EXPECT_EQ(page.substr(0, 15), "HTTP/1.1 200 OK");
  EXPECT_EQ(page.find("canary"), std::string::npos) << "a page holds nothing of the request";
  for (const char* header : {"Cache-Control: no-store", "Referrer-Policy: no-referrer", "Connection: close",
                             "Content-Security-Policy: default-src 'none'", "X-Content-Type-Options: nosniff"}) {
    EXPECT_NE(page.find(header), std::string::npos) << header << "\n" << page;
  }
  RunUntil([&] { return received.has_value(); });
  ASSERT_TRUE(*received) << received->error().message;
  EXPECT_EQ((**received).view(), "code=canary-code&state=state-canary");
  EXPECT_THROW(Connect(), boost::system::system_error) << "it listens no more";
}

TEST_F(LoopbackReceiverTest, WhateverElseComesChangesNothing) {
  Listen();
  ExpectRefused(Request("/favicon.ico"), "404");
  ExpectRefused(Request("/"), "404");
  ExpectRefused(Request("/callback/../callback?code=a&state=state-canary"), "404");
  ExpectRefused(Request("/callbackx?code=a&state=state-canary"), "404");
  ExpectRefused(Request("//callback?code=a&state=state-canary"), "404");
  ExpectRefused(Request("http://127.0.0.1/callback?code=a&state=state-canary"), "404");
  ExpectRefused(Request(good, "HEAD"), "405");
  ExpectRefused(Request(good, "POST"), "405");
  ExpectRefused(Request(good, "OPTIONS"), "405");
  ExpectRefused(Request("/callback"), "400");
  ExpectRefused(Request("/callback?code=a&state=another"), "400");
  ExpectRefused(Request("/callback?code=a&state=state-canary&state=state-canary"), "400");
  ExpectRefused(Request("/callback?code=%zz&state=state-canary"), "400");
  ExpectRefused("GET " + good + " HTTP/1.1\r\n\r\n", "421");
  ExpectRefused("GET " + good + " HTTP/1.1\r\nHost: evil.test\r\n\r\n", "421");
  ExpectRefused("GET " + good + " HTTP/1.1\r\nHost: localhost" + host.substr(host.find(':')) + "\r\n\r\n", "421");
  ExpectRefused("GET " + good + " HTTP/1.1\r\nHost: " + host + "\r\nHost: evil.test\r\n\r\n", "421");
  EXPECT_EQ(Ask("\x16\x03\x01 not http\r\n\r\n"), "");
  EXPECT_EQ(Ask("GET /callback?" + std::string(64 << 10, 'x') + " HTTP/1.1\r\n\r\n"), "");
  EXPECT_FALSE(received.has_value());
  EXPECT_EQ(Ask(Request(good)).substr(0, 15), "HTTP/1.1 200 OK");
  RunUntil([&] { return received.has_value(); });
  EXPECT_TRUE(*received);
}

TEST_F(LoopbackReceiverTest, SlowConnectionsAreClosedAndKeepNobodyOut) {
  Listen({.connection_timeout = std::chrono::milliseconds(100)});
  tcp::socket slow = Connect();
  boost::asio::write(slow, boost::asio::buffer(std::string("GET /callback?co")));
  std::string rest;
  bool closed = false;
  boost::asio::async_read(slow, boost::asio::dynamic_buffer(rest),
                          [&](boost::system::error_code, std::size_t) { closed = true; });
  RunUntil([&] { return closed; });
  EXPECT_EQ(rest, "");
  EXPECT_EQ(Ask(Request(good)).substr(0, 15), "HTTP/1.1 200 OK");
}

TEST_F(LoopbackReceiverTest, ConnectionsAreBounded) {
  Listen({.max_connections = 4});
  std::vector<tcp::socket> open;
  for (int i = 0; i < 4; ++i) open.push_back(Connect());
  EXPECT_EQ(Ask(Request(good)), "") << "closed at once";
  open.clear();
  std::string answer;
  RunUntil([&] {
    answer = Ask(Request(good));
    return !answer.empty();
  });
  EXPECT_EQ(answer.substr(0, 15), "HTTP/1.1 200 OK");
}

TEST_F(LoopbackReceiverTest, ItGivesUpInTime) {
  Listen({.timeout = std::chrono::milliseconds(50)});
  RunUntil([&] { return received.has_value(); });
  ASSERT_FALSE(*received);
  EXPECT_NE(received->error().message.find("begin the authorization again"), std::string::npos);
  EXPECT_THROW(Connect(), boost::system::system_error);
}

TEST_F(LoopbackReceiverTest, ItMayBeDestroyedFromInside) {
  Listen({.timeout = std::chrono::milliseconds(5'000)});
  bool told = false;
  auto made = LoopbackReceiver::Listen(loop);
  ASSERT_TRUE(made);
  std::unique_ptr<LoopbackReceiver> other = std::move(*made);
  host = other->redirect_uri().substr(7, other->redirect_uri().find('/', 7) - 7);
  other->Receive(state, [&](const Result<Secret>& result) {
    EXPECT_TRUE(result);
    other.reset();
    told = true;
  });
  EXPECT_EQ(Ask(Request(good)).substr(0, 15), "HTTP/1.1 200 OK");
  RunUntil([&] { return told; });
  receiver.reset();
  EXPECT_FALSE(received.has_value()) << "it was destroyed, and says nothing";
}

TEST_F(LoopbackReceiverTest, APortThatIsTakenIsToldOf) {
  Listen();
  const auto port = static_cast<std::uint16_t>(std::stoul(host.substr(host.find(':') + 1)));
  const auto second = LoopbackReceiver::Listen(loop, {.port = port});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("cannot listen on 127.0.0.1"), std::string::npos);
}

}  // namespace
}  // namespace warder::oauth
