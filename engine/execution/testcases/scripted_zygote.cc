// A zygote without V8, for tests of the engine: its cells speak the protocol of the socket, and lie when told to.
//
// The event's text names what a cell does: a JSON string, the name of one of the scenes below.
#include <google/protobuf/message_lite.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/proto/cell.pb.h"
#include "sandbox/proto/frame.h"
#include "sandbox/zygote/fork_server.h"

namespace warder {
namespace {

constexpr int kSocket = 3;
volatile std::sig_atomic_t asked_to_stop = 0;

void Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(kSocket, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) ::_exit(9);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

void Send(const proto::FromCell& frame) {
  std::string bytes;
  if (!proto::AppendFrame(frame, &bytes)) ::_exit(8);
  Write(bytes);
}

void SendResult(const std::string& json) {
  proto::FromCell frame;
  frame.mutable_output()->set_data(json);
  Send(frame);
  frame.mutable_result()->set_succeeded(true);
  Send(frame);
}

void TouchMemory(int mebibytes) {
  constexpr int kPiece = 1 << 20;
  for (int i = 0; i < mebibytes; ++i) {
    void* piece = ::mmap(nullptr, kPiece, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (piece == MAP_FAILED) std::abort();
    for (int at = 0; at < kPiece; at += 4096) static_cast<volatile char*>(piece)[at] = 1;
  }
}

class Script {
 public:
  // The next frame from the engine; leaves when there is none.
  proto::ToCell Next() {
    for (;;) {
      if (const auto payload = reader_.Next()) {
        proto::ToCell frame;
        if (!frame.ParseFromArray(payload->data(), static_cast<int>(payload->size()))) ::_exit(7);
        clock_us = frame.clock_us();
        if (!frame.has_barrier()) return frame;
        // Whoever waits for the next frame has done all that it can.
        proto::FromCell passed;
        *passed.mutable_barrier_passed() = frame.barrier();
        Send(passed);
        continue;
      }
      std::array<char, 65536> buffer;
      const ssize_t got = ::read(kSocket, buffer.data(), buffer.size());
      if (got < 0 && errno == EINTR) {
        if (asked_to_stop != 0) StopAsAsked("");
        continue;
      }
      if (got <= 0) ::_exit(6);
      if (!reader_.Feed(std::span(buffer).first(static_cast<std::size_t>(got)))) ::_exit(5);
    }
  }

  [[noreturn]] void StopAsAsked(const std::string& stack) {
    proto::FromCell frame;
    frame.mutable_stopped()->set_reason(proto::Stopped::ASKED);
    frame.mutable_stopped()->set_stack(stack);
    Send(frame);
    ::_exit(0);
  }

  [[noreturn]] void Succeed(const std::string& json) {
    SendResult(json);
    ::_exit(0);
  }

  static void Fetch(std::uint64_t call, const std::string& url, bool body = false) {
    proto::FromCell frame;
    auto* request = frame.mutable_http_request();
    request->set_call(call);
    request->set_method(body ? "POST" : "GET");
    request->set_url(url);
    request->set_body(body);
    Send(frame);
  }

  // Through the first of the execution's connections.
  void FetchThrough(std::uint64_t call, const std::string& url) const {
    proto::FromCell frame;
    auto* request = frame.mutable_http_request();
    request->set_call(call);
    request->set_method("GET");
    request->set_url(url);
    request->set_connection(start.connections(0).handle());
    Send(frame);
  }

  static void Read(std::uint64_t call, const std::string& key) {
    proto::FromCell frame;
    frame.mutable_state_read()->set_call(call);
    frame.mutable_state_read()->mutable_key()->set_scope(proto::StateKey::INSTANCE);
    frame.mutable_state_read()->mutable_key()->set_key(key);
    Send(frame);
  }

  // Sets each of them to 1.
  static proto::FromCell CommitOf(std::uint64_t call, const std::vector<std::string>& keys) {
    proto::FromCell frame;
    frame.mutable_state_commit()->set_call(call);
    for (const std::string& key : keys) {
      auto* change = frame.mutable_state_commit()->add_changes();
      change->mutable_key()->set_scope(proto::StateKey::INSTANCE);
      change->mutable_key()->set_key(key);
      change->set_json("1");
    }
    return frame;
  }
  static void Commit(std::uint64_t call, const std::vector<std::string>& keys) { Send(CommitOf(call, keys)); }

  // A commit, and at once, so that nobody can have answered it, the end.
  [[noreturn]] static void CommitAndEnd(const proto::Result& end) {
    std::string bytes;
    proto::FromCell result;
    *result.mutable_result() = end;
    if (!proto::AppendFrame(CommitOf(1, {"n"}), &bytes) || !proto::AppendFrame(result, &bytes)) ::_exit(8);
    Write(bytes);
    ::_exit(0);
  }

  [[noreturn]] void Count() {
    Read(1, "n");
    proto::ToCell answer = Next();
    std::uint64_t version = answer.state_value().version();
    std::string json = answer.state_value().json();
    for (std::uint64_t call = 2;; ++call) {
      if (answer.has_state_failed()) Succeed("\"" + answer.state_failed().message() + "\"");
      const std::string next = std::to_string(version == 0 ? 1 : std::stoi(json) + 1);
      proto::FromCell frame;
      frame.mutable_state_commit()->set_call(call);
      auto* change = frame.mutable_state_commit()->add_changes();
      change->mutable_key()->set_scope(proto::StateKey::INSTANCE);
      change->mutable_key()->set_key("n");
      change->set_json(next);
      change->set_expects(true);
      change->set_version(version);
      Send(frame);
      answer = Next();
      if (answer.has_state_committed() && answer.state_committed().conflicts().empty()) Succeed(next);
      if (!answer.has_state_committed()) continue;
      version = answer.state_committed().conflicts(0).version();
      json = answer.state_committed().conflicts(0).json();
    }
  }

  static void SendBody(std::uint64_t call, const std::string& data, bool last) {
    proto::FromCell frame;
    frame.mutable_request_body()->set_call(call);
    frame.mutable_request_body()->set_data(data);
    frame.mutable_request_body()->set_last(last);
    Send(frame);
  }

  static void Credit(std::uint64_t call, std::uint64_t bytes) {
    proto::FromCell frame;
    frame.mutable_response_credit()->set_call(call);
    frame.mutable_response_credit()->set_bytes(bytes);
    Send(frame);
  }

  static void Cancel(std::uint64_t call) {
    proto::FromCell frame;
    frame.mutable_cancel_call()->set_call(call);
    Send(frame);
  }

  static void Timer(std::uint64_t call, std::uint64_t delay_ms) {
    proto::FromCell frame;
    frame.mutable_timer_request()->set_call(call);
    frame.mutable_timer_request()->set_delay_ms(delay_ms);
    Send(frame);
  }

  static void Log(const std::string& message, const std::string& fields = "") {
    proto::FromCell frame;
    frame.mutable_log()->set_level(proto::Log::INFO);
    frame.mutable_log()->set_message(message);
    frame.mutable_log()->set_fields_json(fields);
    Send(frame);
  }

  // Fetches `url` and answers with "status:bytes", or "failed:kind".
  std::string Exchange(std::uint64_t call, const std::string& url) {
    Fetch(call, url);
    return Await(call);
  }

  std::string Await(std::uint64_t call) {
    std::string status;
    std::size_t bytes = 0;
    for (;;) {
      const proto::ToCell frame = Next();
      if (frame.has_call_failed() && frame.call_failed().call() == call) {
        return "failed:" + std::to_string(frame.call_failed().kind());
      }
      if (frame.has_response_head() && frame.response_head().call() == call) {
        status = std::to_string(frame.response_head().status());
        if (!frame.response_head().body()) return status + ":0";
      }
      if (frame.has_response_body() && frame.response_body().call() == call) {
        bytes += frame.response_body().data().size();
        if (frame.response_body().last()) return status + ":" + std::to_string(bytes);
        Credit(call, frame.response_body().data().size());
      }
    }
  }

  std::string config;  // the configuration's text: where a scene's upstream is
  proto::Start start;
  std::uint64_t clock_us = 0;  // of the last frame

 private:
  proto::FrameReader reader_;
};

std::string FromHex(const std::string& text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  std::string bytes;
  for (std::size_t at = 0; at + 1 < text.size(); at += 2) {
    bytes.push_back(static_cast<char>(digit(text[at]) * 16 + digit(text[at + 1])));
  }
  return bytes;
}

// What engine_fuzz made: steps of a kind, a length in two bytes, and that many bytes. Kind 0 is the payload of a frame,
// kind 1 is bytes for the socket as they are, kind 2 waits for a frame from the engine.
void WriteSteps(Script* script, std::string_view bytes) {
  while (bytes.size() >= 3) {
    const int kind = static_cast<unsigned char>(bytes[0]) % 3;
    const std::size_t length = std::min<std::size_t>(
        static_cast<unsigned char>(bytes[1]) * 256U + static_cast<unsigned char>(bytes[2]), bytes.size() - 3);
    const std::string_view body = bytes.substr(3, length);
    if (kind == 2) {
      script->Next();
    } else {
      if (kind == 0) {
        const auto size = static_cast<std::uint32_t>(length);
        Write({reinterpret_cast<const char*>(&size), sizeof size});
      }
      Write(body);
    }
    bytes.remove_prefix(3 + length);
  }
}

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

// NOLINTNEXTLINE(readability-function-size): a table of scenes is long.
const std::map<std::string, std::function<void(Script&)>>& Scenes() {
  static const std::map<std::string, std::function<void(Script&)>> scenes = {
      {"succeed", [](Script& s) { s.Succeed(R"({"ok":true})"); }},
      {"echo-start",
       [](Script& s) {
         s.Succeed(Quoted(s.start.tenant() + "/" + s.start.flow() + "/" + std::to_string(s.start.seed().size())));
       }},
      {"not-json", [](Script& s) { s.Succeed("nonsense"); }},
      {"fetch", [](Script& s) { s.Succeed(Quoted(s.Exchange(1, s.config))); }},
      {"two-fetches",
       [](Script& s) {
         Script::Fetch(1, s.config);
         Script::Fetch(2, s.config);
         const std::string first = s.Await(1);
         s.Succeed(Quoted(first + " " + s.Await(2)));
       }},
      {"fetch-through",
       [](Script& s) {
         s.FetchThrough(1, s.config);
         s.Succeed(Quoted(s.Await(1)));
       }},
      {"fetch-through-twice",  // the second when the first is over
       [](Script& s) {
         s.FetchThrough(1, s.config);
         const std::string first = s.Await(1);
         s.FetchThrough(2, s.config);
         s.Succeed(Quoted(first + " " + s.Await(2)));
       }},
      {"post",
       [](Script& s) {
         Script::Fetch(1, s.config, true);
         Script::SendBody(1, std::string(1000, 'x'), false);
         Script::SendBody(1, "", true);
         s.Succeed(Quoted(s.Await(1)));
       }},
      {"cancel",
       [](Script& s) {
         Script::Fetch(1, s.config);
         Script::Cancel(1);
         Script::Timer(2, 1);
         while (!s.Next().has_timer_fired()) {
         }
         s.Succeed("1");
       }},
      {"cancelled-timer",
       [](Script& s) {
         Script::Timer(1, 60'000);
         Script::Cancel(1);
         Script::Timer(2, 1);
         while (s.Next().timer_fired().call() != 2) {
         }
         s.Succeed("1");
       }},
      // Everything that differs between two runs: the seed, the clock, an answer, a timer.
      {"tell-all",
       [](Script& s) {
         Script::Log("begins", "{}");
         const std::string answer = s.Exchange(1, s.config);
         const std::uint64_t answered = s.clock_us;
         Script::Timer(2, 5);
         while (!s.Next().has_timer_fired()) {
         }
         Script::Fetch(3, s.config + "&after=" + answer, true);
         Script::SendBody(3, s.start.execution_id() + std::string(30'000, 'x'), true);
         const std::string second = s.Await(3);
         s.Succeed("[" + Quoted(answer + " " + second) + "," + std::to_string(answered) + "," +
                   std::to_string(s.clock_us) + "," + std::to_string(static_cast<unsigned char>(s.start.seed()[0])) +
                   "]");
       }},
      {"clock", [](Script& s) { s.Succeed(std::to_string(s.clock_us)); }},
      {"fetch-order",  // which call is answered first, and when
       [](Script& s) {
         Script::Fetch(1, s.config);
         Script::Fetch(2, s.config);
         std::string told;
         for (int ends = 0; ends < 2;) {
           const proto::ToCell frame = s.Next();
           if (!frame.response_body().last()) continue;
           told += (ends++ == 0 ? "" : ",") + std::to_string(frame.response_body().call()) + "," +
                   std::to_string(s.clock_us);
         }
         s.Succeed("[" + told + "]");
       }},
      {"wait-then-limit",
       [](Script& s) {
         Script::Log("waits");
         for (;;) s.Next();
       }},
      {"log",
       [](Script& s) {
         Script::Log("hello", R"({"a":1})");
         s.Succeed("null");
       }},
      {"spin",
       [](Script& s) {
         while (asked_to_stop == 0) {
         }
         s.StopAsAsked("at spin (index.js:1:1)");
       }},
      {"spin-deaf",
       [](Script&) {
         const volatile int forever = 1;
         while (forever != 0) {
         }
       }},
      {"wait",
       [](Script& s) {
         for (;;) s.Next();
       }},
      {"stalled",
       [](Script&) {
         proto::FromCell frame;
         frame.mutable_stopped()->set_reason(proto::Stopped::STALLED);
         Send(frame);
         ::_exit(0);
       }},
      {"throw",
       [](Script&) {
         proto::FromCell frame;
         frame.mutable_result()->mutable_thrown()->set_name("Error");
         frame.mutable_result()->mutable_thrown()->set_message("thrown on purpose");
         Send(frame);
         ::_exit(0);
       }},
      {"exit", [](Script&) { ::_exit(7); }},
      {"crash", [](Script&) { ::raise(SIGSEGV); }},
      {"socket", [](Script&) { ::syscall(SYS_socket, 2, 1, 0); }},
      {"result-then-socket",
       [](Script&) {
         SendResult(R"({"ok":true})");
         ::syscall(SYS_socket, 2, 1, 0);
       }},
      {"result-then-crash",
       [](Script&) {
         SendResult(R"({"ok":true})");
         __builtin_trap();
       }},
      {"result-then-exit",
       [](Script&) {
         SendResult(R"({"ok":true})");
         ::_exit(1);
       }},
      {"spin-then-crash",
       [](Script&) {
         while (asked_to_stop == 0) {
         }
         __builtin_trap();
       }},
      {"memory-then-socket",
       [](Script&) {
         TouchMemory(120);
         ::syscall(SYS_socket, 2, 1, 0);
       }},
      {"memory-then-exit", [](Script&) { TouchMemory(120); }},
      {"out-of-memory", [](Script&) { TouchMemory(1 << 20); }},
      // Lies.
      {"lie-length", [](Script&) { Write(std::string("\xff\xff\xff\x7f", 4)); }},
      {"lie-garbage", [](Script&) { Write(std::string("\x03\0\0\0\xff\xff\xff", 7)); }},
      {"lie-utf8",  // a log message of one byte that is no character
       [](Script&) { Write(std::string("\x05\0\0\0\x3a\x03\x12\x01\xff", 9)); }},
      {"lie-cut-off", [](Script&) { Write(std::string("\x09\0\0\0\x01", 5)); }},
      {"cut-off-and-wait",
       [](Script& s) {
         Script::Log("begins");
         Write(std::string("\x09\0\0\0\x01", 5));
         for (;;) s.Next();
       }},
      {"lie-ready-twice",
       [](Script&) {
         proto::FromCell frame;
         frame.mutable_ready();
         Send(frame);
       }},
      {"lie-barrier",
       [](Script&) {
         proto::FromCell frame;
         frame.mutable_barrier_passed()->set_number(1);
         Send(frame);
       }},
      // Counts in the instance's state, however often others are faster.
      {"count", [](Script& s) { s.Count(); }},
      {"count-and-wait",
       [](Script& s) {
         Script::Commit(1, {"n"});
         s.Next();
         Script::Fetch(2, s.config);
         s.Next();
       }},
      {"lie-state-number", [](Script&) { Script::Read(2, "n"); }},
      {"lie-state-key", [](Script&) { Script::Read(1, ""); }},
      {"lie-state-nothing", [](Script&) { Script::Commit(1, {}); }},
      {"lie-state-twice",
       [](Script&) {
         Script::Commit(1, {"n", "n"});
       }},
      {"commit-and-throw",
       [](Script&) {
         proto::Result end;
         end.mutable_thrown()->set_message("too late");
         Script::CommitAndEnd(end);
       }},
      {"lie-state-early",
       [](Script&) {
         proto::Result end;
         end.set_succeeded(true);
         Script::CommitAndEnd(end);
       }},
      {"lie-state-too-much",
       [](Script& s) {
         for (std::uint64_t call = 1;; ++call) {
           std::vector<std::string> keys;
           for (int i = 0; i < 1'000; ++i) keys.push_back(std::to_string(i));
           Script::Commit(call, keys);
           s.Next();
         }
       }},
      {"lie-state-many",
       [](Script&) {
         for (std::uint64_t call = 1;; ++call) Script::Read(call, "n");
       }},
      {"lie-number", [](Script& s) { Script::Fetch(5, s.config); }},
      {"lie-timer-number", [](Script&) { Script::Timer(2, 1); }},
      {"lie-cancel", [](Script&) { Script::Cancel(1); }},
      {"lie-body", [](Script&) { Script::SendBody(1, "x", true); }},
      {"lie-body-out-of-turn",
       [](Script& s) {
         Script::Fetch(1, s.config);
         Script::SendBody(1, "x", true);
       }},
      {"lie-body-credit",
       [](Script& s) {
         Script::Fetch(1, s.config, true);
         for (int i = 0; i < 64; ++i) Script::SendBody(1, std::string(200'000, 'x'), false);
       }},
      {"lie-credit",
       [](Script& s) {
         Script::Fetch(1, s.config);
         Script::Credit(1, 1);
       }},
      {"lie-credit-call", [](Script&) { Script::Credit(1, 1); }},
      {"lie-log-fields", [](Script&) { Script::Log("x", "{"); }},
      {"lie-asked", [](Script& s) { s.StopAsAsked(""); }},
      {"raw", [](Script& s) { WriteSteps(&s, FromHex(s.config)); }},
      // Floods. Each goes on until it is ended.
      {"flood-logs",
       [](Script&) {
         for (;;) Script::Log(std::string(10'000, 'x'));
       }},
      {"flood-empty-logs",
       [](Script&) {
         for (;;) Script::Log("");
       }},
      {"flood-output",
       [](Script&) {
         proto::FromCell frame;
         frame.mutable_output()->set_data(std::string(100'000, '1'));
         for (;;) Send(frame);
       }},
      {"flood-calls",
       [](Script& s) {
         for (std::uint64_t call = 1;; ++call) Script::Fetch(call, s.config);
       }},
      {"flood-cancels",  // of a call that is over; nothing is asked for
       [](Script& s) {
         Script::Timer(1, 0);
         while (!s.Next().has_timer_fired()) {
         }
         proto::FromCell frame;
         frame.mutable_cancel_call()->set_call(1);
         std::string flood;
         while (flood.size() < 60'000) static_cast<void>(proto::AppendFrame(frame, &flood));
         for (;;) Write(flood);
       }},
      {"flood-timers",
       [](Script&) {
         for (std::uint64_t call = 1;; ++call) Script::Timer(call, 60'000);
       }},
      {"flood-waiting",
       [](Script& s) {
         for (std::uint64_t call = 1;; ++call) {
           Script::Fetch(call, s.config, true);
           Script::SendBody(call, std::string(250'000, 'x'), false);
           Script::SendBody(call, std::string(250'000, 'x'), false);
         }
       }},
      {"flood-headers",  // two bytes each on the wire
       [](Script& s) {
         proto::FromCell frame;
         auto* request = frame.mutable_http_request();
         request->set_method("GET");
         request->set_url(s.config);
         Script::Fetch(1, s.config);
         for (int i = 0; i < 400'000; ++i) request->add_headers();
         for (std::uint64_t call = 2; call < 30; ++call) {
           request->set_call(call);
           Send(frame);
         }
         SendResult("null");
       }},
      {"flood-timers-unread",
       [](Script&) {
         for (std::uint64_t call = 1;; ++call) {
           Script::Timer(call, 0);
         }
       }},
  };
  return scenes;
}

int RunCell(zygote::CellContext& context) {
  proto::FromCell ready;
  for (const auto& step : context.steps) {
    auto* out = ready.mutable_ready()->add_steps();
    out->set_name(step.name);
    out->set_nanoseconds(step.nanoseconds);
  }
  ready.mutable_ready();
  Send(ready);

  Script script;
  std::string event;
  for (;;) {
    const proto::ToCell frame = script.Next();
    if (frame.has_start()) {
      script.start = frame.start();
      break;
    }
    if (frame.input().kind() == proto::Input::EVENT) event += frame.input().data();
    if (frame.input().kind() == proto::Input::CONFIG) script.config += frame.input().data();
  }
  // JSON strings without escapes.
  const auto unquoted = [](const std::string& text) { return text.size() > 2 ? text.substr(1, text.size() - 2) : ""; };
  script.config = unquoted(script.config);
  const auto scene = Scenes().find(unquoted(event));
  if (scene == Scenes().end()) return 4;
  scene->second(script);
  return 0;
}

}  // namespace
}  // namespace warder

int main() {
  warder::zygote::ZygoteHooks hooks;
  hooks.initialise = [](warder::zygote::CellProfile) { return std::string("scripted"); };
  hooks.run_cell = warder::RunCell;
  hooks.on_soft_limit = [](int) { warder::asked_to_stop = 1; };
  return warder::zygote::RunZygote(hooks);
}
