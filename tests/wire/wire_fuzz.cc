// Sends random hostile requests through the broker and looks at every byte that arrives. See run.sh.
#include <sys/resource.h>

#include <array>
#include <boost/asio/post.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <map>
#include <random>
#include <system_error>
#include <unordered_map>

#include "engine/broker/testing/fake_dns.h"
#include "engine/broker/testing/private_network.h"
#include "tests/wire/cases.h"
#include "tests/wire/check.h"
#include "tests/wire/llhttp.h"
#include "tests/wire/recorder.h"

namespace warder::wire {
namespace {

using std::chrono::steady_clock;

constexpr int kSkipped = 77;
constexpr std::size_t kInFlight = 32;
constexpr std::uint64_t kCasesOfHand = 500;
constexpr std::uint64_t kControl = 20'000;
constexpr std::size_t kLingering = 20'000;
constexpr int kTurnsBeforeAbandoning = 8;
constexpr std::chrono::seconds kPatience{30};
constexpr std::string_view kName = "wire.test";

struct Settings {
  std::uint64_t count = 1'000'000;
  std::uint64_t seed = 0;
  std::uint64_t first = 0;
  std::string script;
  std::string node = "node";
};

struct Totals {
  std::uint64_t on_the_wire = 0;  // cases of which a request arrived
  std::uint64_t requests = 0;     // that arrived, redirects included
  std::uint64_t refused = 0;      // cases of which no byte was to arrive
  std::uint64_t partial = 0;      // cases that ended inside of their body
  std::uint64_t owned = 0;
  std::uint64_t bytes = 0;
};

// Ends the program with what is needed to see it again.
[[noreturn]] void Fail(const Settings& settings, std::uint64_t index, const std::string& what,
                       const std::string& stream) {
  std::cerr << "wire: case " << index << ": " << what << "\n"
            << Shown(stream) << "\n"
            << "Again: tests/wire/run.sh --seed " << settings.seed << " --first " << index << " 1\n";
  std::_Exit(1);
}

std::shared_ptr<const Hand> HandFor(const Settings& settings, std::uint64_t index, const Origins& origins) {
  Random random(settings.seed ^ 0x5eed, index / kCasesOfHand);
  return Hand::Deal(&random, origins);
}

// The index in the first "case-N-"; nothing: there is none.
std::optional<std::uint64_t> IndexIn(std::string_view text) {
  const std::size_t at = text.find("case-");
  if (at == std::string_view::npos) return std::nullopt;
  return std::strtoull(std::string(text.substr(at + 5, 20)).c_str(), nullptr, 10);
}

class Fuzz;

// One case under way, or lately.
class Flight final : public broker::CallObserver {
 public:
  Flight(Fuzz& fuzz, Case one) : fuzz_(fuzz), one_(std::move(one)) {}

  void Start(broker::Broker& broker);
  const Case& one() const { return one_; }
  std::size_t arrived = 0;  // requests
  bool over = false;
  std::optional<broker::CallFailure> failure;
  std::optional<int> status;

  void OnResponseHead(broker::ResponseHead head) override {
    status = head.status;
    if (!head.body) End();
  }
  void OnResponseBody(std::string&& /*data*/) override {}
  void OnResponseEnd(std::string&& /*rest*/) override { End(); }
  void OnRequestCredit(std::uint64_t /*bytes*/) override {}
  void OnRedirect(const std::string& /*origin*/) override {}
  void OnRetry() override {}
  void OnFailed(broker::CallFailure why) override {
    failure = std::move(why);
    End();
  }

 private:
  void SendNext();
  void WaitAndAbandon(int turns);
  void End();

  Fuzz& fuzz_;
  const Case one_;
  std::unique_ptr<broker::Call> call_;
  std::size_t sent_ = 0;
};

class Fuzz final : private RecorderEvents {
 public:
  explicit Fuzz(const Settings& settings)
      : settings_(settings),
        dns_(loop_),
        plain_(loop_, "127.0.0.1", *this),
        named_(loop_, broker::testing::kPublic4, *this),
        llhttp_(settings.node, settings.script, [this](const Compared& compared) { OnCompared(compared); }),
        next_(settings.first) {
    origins_ = {"127.0.0.1:" + std::to_string(plain_.port()), std::string(kName) + ":" + std::to_string(named_.port())};
    dns_.Add(std::string(kName), {{broker::testing::kPublic4}});
    broker::BrokerOptions options;
    options.dns_servers = dns_.server();
    options.idle_connections_per_pool = 2 * kInFlight;  // so that requests follow each other on a connection
    broker_ = std::make_unique<broker::Broker>(loop_, options);
  }

  Totals Run() {
    const auto began = steady_clock::now();
    auto told = began;
    auto moved = began;
    std::uint64_t ended = 0;
    while (ended_ < settings_.count) {
      while (flying_ < kInFlight && next_ < settings_.first + settings_.count) StartNext();
      loop_.run_one_for(std::chrono::milliseconds(100));
      const auto now = steady_clock::now();
      if (ended_ != std::exchange(ended, ended_)) moved = now;
      if (now - moved > kPatience) Stuck();
      if (now - told < std::chrono::seconds(5)) continue;
      told = now;
      const auto seconds = std::chrono::duration<double>(now - began).count();
      std::cerr << "wire: " << ended_ << " of " << settings_.count << ", "
                << static_cast<std::uint64_t>(static_cast<double>(ended_) / seconds) << "/s\n";
    }
    broker_.reset();  // closes the connections that wait for the next request
    while (loop_.run_one_for(std::chrono::milliseconds(50)) > 0) {
    }
    if (!llhttp_.Finish()) Fail(settings_, 0, "the process with llhttp has failed", "");
    return totals_;
  }

  std::uint64_t connections() const { return plain_.connections() + named_.connections(); }
  boost::asio::io_context& loop() { return loop_; }

  // `flight` is over, by whatever end.
  void Land(Flight& flight) {
    CheckEnd(flight);
    ++ended_;
    --flying_;
    // Its last bytes may still be under way to the recorder.
    lingering_.push_back(flight.one().index);
    if (lingering_.size() <= kLingering) return;
    flights_.erase(lingering_.front());
    lingering_.pop_front();
  }

 private:
  void StartNext() {
    if (!hand_ || next_ % kCasesOfHand == 0) hand_ = HandFor(settings_, next_, origins_);
    auto flight = std::make_unique<Flight>(*this, MakeCase(settings_.seed, next_, hand_, origins_));
    Flight& started = *flight;
    flights_.emplace(next_, std::move(flight));
    ++next_;
    ++flying_;
    started.Start(*broker_);
  }

  [[noreturn]] void Stuck() {
    for (const auto& [index, flight] : flights_) {
      if (!flight->over) Fail(settings_, index, "has come to no end", Unchecked(flight->one()));
    }
    std::abort();
  }

  Flight* Of(std::string_view text) {
    const auto index = IndexIn(text);
    const auto found = index ? flights_.find(*index) : flights_.end();
    return found == flights_.end() ? nullptr : found->second.get();
  }

  std::string OnRequest(std::uint16_t port, std::string stream, const Message& message) override {
    Flight* flight = nullptr;
    for (const auto& [name, value] : message.headers) {
      if (Folded(name) == "accept-language" && flight == nullptr) flight = Of(value);
    }
    if (flight == nullptr) Fail(settings_, IndexIn(stream).value_or(0), "a request that nobody made arrived", stream);
    const Case& one = flight->one();
    const std::size_t hop = flight->arrived++;
    if (hop >= one.hops.size()) Fail(settings_, one.index, "one request more arrived than was made", stream);
    const Expected& expected = one.hops[hop];
    if (expected.verdict == Verdict::kNever) Fail(settings_, one.index, "what was to be refused arrived", stream);
    const Difference difference = Compare(expected, message);
    totals_.owned += difference.from_script;
    if (difference.from_script > 0) Fail(settings_, one.index, "a header of the broker's came from the script", stream);
    if (!difference.what.empty()) Fail(settings_, one.index, "what arrived has " + difference.what, stream);
    if (!expected.origin.ends_with(":" + std::to_string(port)))
      Fail(settings_, one.index, "it arrived at another origin", stream);
    ++totals_.requests;
    totals_.on_the_wire += hop == 0 ? 1 : 0;
    totals_.bytes += stream.size();
    llhttp_.Add({one.index, std::move(stream), Spelling({{message}, true}), {}});
    if (hop >= one.answers.size()) return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    const Answer& answer = one.answers[hop];
    return "HTTP/1.1 " + std::to_string(answer.status) +
           " Elsewhere\r\nContent-Length: 0\r\nLocation: " + answer.location + "\r\n\r\n";
  }

  void OnMalformed(const std::string& stream, const std::string& why) override {
    Fail(settings_, IndexIn(stream).value_or(0), why, stream);
  }

  void OnPartial(const std::string& stream) override {
    const Flight* flight = Of(stream);
    if (flight == nullptr || !flight->one().partial) {
      Fail(settings_, IndexIn(stream).value_or(0), "a part of a request arrived", stream);
    }
    ++totals_.partial;
    totals_.bytes += stream.size();
  }

  // From the thread of Llhttp.
  void OnCompared(const Compared& compared) const {
    if (compared.first == compared.second) return;
    Fail(settings_, compared.request,
         "llhttp reads it in another way:\n" + Shown(compared.second) + "\nand not:\n" + Shown(compared.first),
         compared.stream);
  }

  // What had to arrive has, and what was not to arrive was refused.
  void CheckEnd(const Flight& flight) {
    const Case& one = flight.one();
    const auto wrong = [&](const std::string& what) {
      Fail(settings_, one.index, what + (flight.failure ? " (" + flight.failure->message + ")" : ""), Unchecked(one));
    };
    if (flight.failure && flight.failure->kind == broker::CallFailure::Kind::kTimeout) wrong("timed out");
    std::size_t hop = 0;
    while (hop < one.hops.size() && one.hops[hop].verdict == Verdict::kMust) ++hop;
    if (flight.arrived < hop) wrong("what had to arrive did not");
    if (hop == one.hops.size()) {
      if (!flight.status) wrong("ended without its answer");
      return;
    }
    if (one.hops[hop].verdict == Verdict::kMay) return;
    if (hop == 0 && !one.partial) ++totals_.refused;
    const bool stays = hop > 0 && one.request.redirect == broker::HttpRequest::Redirect::kManual;
    if (!stays && one.ends && !flight.failure) wrong("was not refused");
    if (hop == 0 && flight.failure && flight.failure->kind != broker::CallFailure::Kind::kRefused) wrong("not refused");
  }

  const Settings settings_;
  boost::asio::io_context loop_{1};
  broker::testing::FakeDns dns_;
  Recorder plain_;
  Recorder named_;
  Llhttp llhttp_;
  Origins origins_;
  std::unique_ptr<broker::Broker> broker_;
  std::shared_ptr<const Hand> hand_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Flight>> flights_;
  std::deque<std::uint64_t> lingering_;
  std::uint64_t next_;
  std::uint64_t ended_ = 0;
  std::size_t flying_ = 0;
  Totals totals_;
};

void Flight::Start(broker::Broker& broker) {
  call_ = broker.Start(one_.hand->tenant, one_.hand->capabilities, one_.request, *this);
  if (one_.at_once) {
    while (sent_ < one_.pieces.size()) {
      const bool last = one_.ends && sent_ + 1 == one_.pieces.size();
      call_->SendBody(one_.pieces[sent_++], last);
    }
    if (!one_.ends) WaitAndAbandon(kTurnsBeforeAbandoning);
  } else {
    SendNext();
  }
}

void Flight::SendNext() {
  boost::asio::post(fuzz_.loop(), [this] {
    if (over) return;
    const bool last = one_.ends && sent_ + 1 == one_.pieces.size();
    call_->SendBody(one_.pieces[sent_++], last);
    if (sent_ < one_.pieces.size()) {
      SendNext();
    } else if (!one_.ends) {
      WaitAndAbandon(kTurnsBeforeAbandoning);
    }
  });
}

void Flight::WaitAndAbandon(int turns) {
  boost::asio::post(fuzz_.loop(), [this, turns] {
    if (over) return;
    if (turns > 0) {
      WaitAndAbandon(turns - 1);
    } else {
      End();
    }
  });
}

void Flight::End() {
  over = true;
  call_.reset();
  fuzz_.Land(*this);
}

// The positive control: the same cases as nobody would check them. Both parsers must find what this program looks for.
void Control(const Settings& settings) {
  std::uint64_t differ = 0;
  std::uint64_t smuggled = 0;
  std::uint64_t owned = 0;
  const Origins origins = {"127.0.0.1:80", std::string(kName) + ":80"};
  Llhttp llhttp(settings.node, settings.script,
                [&](const Compared& compared) { differ += compared.first == compared.second ? 0 : 1; });
  std::shared_ptr<const Hand> hand;
  for (std::uint64_t index = settings.first; index < settings.first + settings.count; ++index) {
    if (!hand || index % kCasesOfHand == 0) hand = HandFor(settings, index, origins);
    const Case one = MakeCase(settings.seed, index, hand, origins);
    std::string stream = Unchecked(one);
    const Reading reading = ReadStream(stream);
    smuggled += reading.messages.size() > 1 ? 1 : 0;
    for (const Message& message : reading.messages) owned += Compare(one.hops.front(), message).from_script;
    llhttp.Add({index, std::move(stream), Spelling(reading), {}});
  }
  if (!llhttp.Finish()) Fail(settings, 0, "the process with llhttp has failed", "");
  std::cout << "control: of " << settings.count << " requests that nobody checks, " << differ
            << " are read in two ways, " << smuggled << " bring another one along, " << owned
            << " headers of the broker's come from scripts" << std::endl;
  if (differ == 0 || smuggled == 0 || owned == 0) Fail(settings, 0, "the control finds nothing", "");
}

[[noreturn]] void Usage() {
  std::cerr << "wire_fuzz [--seed N] [--first N] SCRIPT COUNT\n";
  std::exit(2);
}

Settings ReadSettings(int argc, char** argv) {
  Settings settings;
  settings.seed = std::random_device()();
  std::vector<std::string> words(argv + 1, argv + argc);
  const auto number = [](const std::string& word) {
    char* end = nullptr;
    const std::uint64_t value = std::strtoull(word.c_str(), &end, 10);
    if (word.empty() || *end != '\0') Usage();
    return value;
  };
  while (words.size() > 2) {
    if (words[0] != "--seed" && words[0] != "--first") Usage();
    (words[0] == "--seed" ? settings.seed : settings.first) = number(words[1]);
    words.erase(words.begin(), words.begin() + 2);
  }
  if (words.size() != 2) Usage();
  settings.script = words[0];
  settings.count = number(words[1]);
  return settings;
}

int Main(int argc, char** argv) {
  const Settings settings = ReadSettings(argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  if (const std::string& error = broker::testing::EnterPrivateNetwork(); !error.empty()) {
    std::cerr << "wire: no network namespace of its own: " << error << "\n";
    return kSkipped;
  }
  std::cerr << "wire: seed " << settings.seed << "\n";
  const auto began = steady_clock::now();
  Fuzz fuzz(settings);
  const Totals totals = fuzz.Run();
  const double seconds = std::chrono::duration<double>(steady_clock::now() - began).count();
  if (settings.count >= kCasesOfHand) {
    Settings control = settings;
    control.count = kControl;
    Control(control);
  }
  std::cout << "wire: seed " << settings.seed << ": " << settings.count << " requests in "
            << static_cast<std::uint64_t>(seconds) << " s ("
            << static_cast<std::uint64_t>(static_cast<double>(settings.count) / seconds) << "/s); "
            << totals.on_the_wire << " reached the wire, with redirects " << totals.requests << " on "
            << fuzz.connections() << " connections (" << totals.bytes << " bytes), both parsers read the same; "
            << totals.refused << " were refused with 0 bytes sent, " << totals.partial << " inside of their body; "
            << totals.owned << " headers of the broker's from scripts" << std::endl;
  return 0;
}

}  // namespace
}  // namespace warder::wire

int main(int argc, char** argv) {
  // Both ends of every connection are in this process.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  try {
    return warder::wire::Main(argc, argv);
  } catch (const std::system_error& error) {
    std::cerr << "wire: " << error.what() << "\n";
    return error.code() == std::errc::no_such_file_or_directory ? warder::wire::kSkipped : 1;
  }
}
