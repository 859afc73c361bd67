// What keeps calls from coming too fast, too often or in vain: token buckets, throttles, retries, circuits.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/broker/origin_health.h"
#include "engine/broker/retry.h"
#include "engine/broker/throttle.h"
#include "engine/broker/token_bucket.h"

namespace warder::broker {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TokenBucketTest, GivesItsBurstAtOnceAndThenItsRate) {
  const auto start = TokenBucket::Clock::now();
  TokenBucket bucket(10, seconds(1), 3, start);
  EXPECT_TRUE(bucket.Full(start));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bucket.Take(start).count(), 0) << i;
  EXPECT_EQ(bucket.Take(start), milliseconds(100));
  EXPECT_EQ(bucket.Take(start + milliseconds(60)), milliseconds(40));  // asking costs nothing
  EXPECT_EQ(bucket.Take(start + milliseconds(100)).count(), 0);
  EXPECT_EQ(bucket.Take(start + milliseconds(100)), milliseconds(100));
  EXPECT_FALSE(bucket.Full(start + milliseconds(399)));
  EXPECT_TRUE(bucket.Full(start + milliseconds(400)));
}

TEST(TokenBucketTest, DoesNotSaveMoreThanItsBurst) {
  const auto start = TokenBucket::Clock::now();
  TokenBucket bucket(1, seconds(1), 2, start);
  const auto later = start + seconds(3600);
  EXPECT_EQ(bucket.Take(later).count(), 0);
  EXPECT_EQ(bucket.Take(later).count(), 0);
  EXPECT_EQ(bucket.Take(later), seconds(1));
}

class ThrottleTest : public testing::Test {
 protected:
  std::shared_ptr<Throttle> Make(const ThrottleBounds& bounds, std::size_t waiting = 100) {
    return std::make_shared<Throttle>(loop_, bounds, waiting);
  }
  std::unique_ptr<Throttle::Ticket> Enter(const std::shared_ptr<Throttle>& throttle, int who) {
    return Throttle::Enter(throttle, [this, who] { admitted_.push_back(who); });
  }
  void Poll() {
    loop_.restart();
    loop_.poll();
  }
  boost::asio::io_context loop_;
  std::vector<int> admitted_;
};

TEST_F(ThrottleTest, KeepsToTheNumberUnderWayInOrder) {
  const auto throttle = Make({.in_flight = 2});
  std::vector<std::unique_ptr<Throttle::Ticket>> tickets;
  for (int i = 0; i < 5; ++i) tickets.push_back(Enter(throttle, i));
  EXPECT_TRUE(admitted_.empty());  // never from inside
  Poll();
  EXPECT_EQ(admitted_, (std::vector{0, 1}));
  tickets[2].reset();  // gives up its place
  tickets[0].reset();
  Poll();
  EXPECT_EQ(admitted_, (std::vector{0, 1, 3}));
  tickets[1].reset();
  tickets[3].reset();
  Poll();
  EXPECT_EQ(admitted_, (std::vector{0, 1, 3, 4}));
  EXPECT_FALSE(throttle->Idle());
  tickets.clear();
  EXPECT_TRUE(throttle->Idle());
}

TEST_F(ThrottleTest, LetsTheRestComeWhenTheirTokensDo) {
  const auto throttle = Make({.rate_count = 1000, .rate_burst = 2});
  std::vector<std::unique_ptr<Throttle::Ticket>> tickets;
  const auto since = TokenBucket::Clock::now();
  for (int i = 0; i < 12; ++i) tickets.push_back(Enter(throttle, i));
  loop_.restart();
  while (admitted_.size() < 12) loop_.run_one();
  EXPECT_GE(TokenBucket::Clock::now() - since, milliseconds(10));
  EXPECT_EQ(admitted_.back(), 11);
}

TEST_F(ThrottleTest, RefusesTheOneTooMany) {
  const auto throttle = Make({.in_flight = 1}, 2);
  const auto first = Enter(throttle, 0);
  auto second = Enter(throttle, 1);
  const auto third = Enter(throttle, 2);
  EXPECT_EQ(Enter(throttle, 3), nullptr);
  second.reset();
  EXPECT_NE(Enter(throttle, 4), nullptr);
}

TEST_F(ThrottleTest, IsOnePerKeyAndForgottenWhenIdle) {
  Throttles throttles(loop_, 10);
  EXPECT_EQ(throttles.Use("a", {}), nullptr);
  const auto a = throttles.Use("a", {.in_flight = 1});
  EXPECT_EQ(throttles.Use("a", {.in_flight = 1}), a);
  for (int i = 0; i < 1000; ++i) throttles.Use("k" + std::to_string(i), {.in_flight = 1});
  EXPECT_LT(throttles.size(), 130U);
  EXPECT_EQ(throttles.Use("a", {.in_flight = 1}), a);
}

TEST(RetryTest, RepeatsOnlyWhatMayBeRepeated) {
  for (const char* method : {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
    EXPECT_TRUE(IsIdempotent(method, {})) << method;
  EXPECT_FALSE(IsIdempotent("POST", {}));
  EXPECT_FALSE(IsIdempotent("PATCH", {{"content-type", "x"}}));
  EXPECT_TRUE(IsIdempotent("POST", {{"Idempotency-Key", "1"}}));
  for (const int status : {429, 502, 503, 504}) EXPECT_TRUE(IsRetryableStatus(status)) << status;
  for (const int status : {200, 301, 400, 401, 408, 425, 500, 501, 505})
    EXPECT_FALSE(IsRetryableStatus(status)) << status;
}

TEST(RetryTest, ReadsRetryAfter) {
  const auto now = std::chrono::system_clock::from_time_t(784111777);  // Sun, 06 Nov 1994 08:49:37 GMT
  EXPECT_EQ(ParseRetryAfter(" 120 ", now), seconds(120));
  EXPECT_EQ(ParseRetryAfter("0", now), seconds(0));
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:40 GMT", now), seconds(3));
  EXPECT_EQ(ParseRetryAfter("Sun, 06 Nov 1994 08:49:30 GMT", now), seconds(0));
  EXPECT_GT(*ParseRetryAfter("99999999999999999999", now), kMaxRetryAfter);
  EXPECT_GT(*ParseRetryAfter("Fri, 31 Dec 9999 23:59:59 GMT", now), kMaxRetryAfter);
  EXPECT_EQ(ParseRetryAfter("", now), std::nullopt);
  EXPECT_EQ(ParseRetryAfter("soon", now), std::nullopt);
  EXPECT_EQ(ParseRetryAfter("-5", now), std::nullopt);
  EXPECT_EQ(ParseRetryAfter(std::string(65, '1'), now), std::nullopt);
}

TEST(RetryTest, WaitsLongerEachTimeUpToABound) {
  EXPECT_EQ(Backoff(2, 0.5), milliseconds(100));
  EXPECT_EQ(Backoff(3, 0.5), milliseconds(200));
  EXPECT_EQ(Backoff(4, 0.0), milliseconds(0));
  EXPECT_EQ(Backoff(1'000'000, 0.5), milliseconds(5'000));
}

TEST(OriginHealthTest, OpensAfterFailuresInARowAndLetsOneThrough) {
  OriginHealth health;
  const auto start = OriginHealth::Clock::now();
  for (int i = 0; i < OriginHealth::kFailuresToOpen; ++i) {
    EXPECT_EQ(health.Admit(start).count(), 0) << i;
    health.Failed(start);
  }
  EXPECT_EQ(health.Admit(start + seconds(1)), seconds(9));
  EXPECT_EQ(health.Admit(start + seconds(10)).count(), 0);  // the probe
  EXPECT_GT(health.Admit(start + seconds(10)).count(), 0);  // nobody beside it
  health.Failed(start + seconds(11));
  EXPECT_EQ(health.Admit(start + seconds(12)), seconds(9));
  EXPECT_EQ(health.Admit(start + seconds(21)).count(), 0);
  health.Abandoned();
  EXPECT_EQ(health.Admit(start + seconds(21)).count(), 0);
  health.Succeeded();
  EXPECT_EQ(health.Admit(start + seconds(21)).count(), 0);
  EXPECT_EQ(health.Admit(start + seconds(21)).count(), 0);
}

TEST(OriginHealthTest, ASuccessBetweenFailuresKeepsItClosed) {
  OriginHealth health;
  const auto now = OriginHealth::Clock::now();
  for (int i = 0; i < 100; ++i) {
    if (i % 5 == 4)
      health.Succeeded();
    else
      health.Failed(now);
    EXPECT_EQ(health.Admit(now).count(), 0);
  }
  EXPECT_FALSE(health.MayRetry());
}

TEST(OriginHealthTest, RetriesAreForUpstreamsThatMostlyAnswer) {
  OriginHealth health;
  const auto now = OriginHealth::Clock::now();
  for (int i = 0; i < 4; ++i) health.Failed(now);
  EXPECT_TRUE(health.MayRetry());
  health.Failed(now);
  EXPECT_FALSE(health.MayRetry());
  for (int i = 0; i < 10; ++i) health.Succeeded();
  EXPECT_TRUE(health.MayRetry());
}

TEST(OriginHealthTest, IsKeptPerTenantAndForgottenWhenUnremarkable) {
  OriginHealths healths;
  const auto now = OriginHealth::Clock::now();
  for (int i = 0; i < OriginHealth::kFailuresToOpen; ++i) healths.Of("a", "https://x.test", now).Failed(now);
  for (int i = 0; i < 10'000; ++i) healths.Of("a", "https://" + std::to_string(i) + ".test", now).Succeeded();
  EXPECT_LT(healths.size(), 600U);
  EXPECT_GT(healths.Of("a", "https://x.test", now).Admit(now).count(), 0);
  EXPECT_EQ(healths.Of("b", "https://x.test", now).Admit(now).count(), 0);
}

// However many tenants there were whose upstreams failed, and who never came back.
TEST(OriginHealthTest, FailuresThatNobodyAsksForAreForgotten) {
  OriginHealths healths;
  const auto begun = OriginHealth::Clock::now();
  std::size_t most = 0;
  for (int minute = 0; minute < 100; ++minute) {
    const auto now = begun + std::chrono::minutes(minute);
    for (int i = 0; i < 100; ++i) healths.Of(std::to_string(100 * minute + i), "https://x.test", now).Failed(now);
    healths.Of("busy", "https://x.test", now).Failed(now);
    most = std::max(most, healths.size());
  }
  // Twice what is younger than kKept.
  EXPECT_LE(most, std::size_t{2} * 101 * static_cast<std::size_t>(OriginHealths::kKept.count()));
  EXPECT_FALSE(healths.Of("busy", "https://x.test", begun + std::chrono::minutes(99)).MayRetry())
      << "what is asked for stays";
}

}  // namespace
}  // namespace warder::broker
