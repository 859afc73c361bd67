// Writes seeds into FOLDER/TARGET: one for each message that a cell can send, for cell_stream_fuzz and engine_fuzz; one
// for each that a cell or a zygote can be sent, for cell_side_fuzz;
// some for inject_fuzz and response_fuzz; one for each alphabet and each way of writing a secret, for scrub_fuzz.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

#include "sandbox/proto/cell.pb.h"
#include "sandbox/proto/control.pb.h"
#include "sandbox/proto/frame.h"

namespace {

using namespace warder::proto;  // NOLINT(google-build-using-namespace): the messages are all this program is about

StateKey KeyOfFlow() {
  StateKey key;
  key.set_scope(StateKey::FLOW);
  key.set_flow("sync");
  key.set_key("since");
  return key;
}

FromCell Message(int kind) {
  FromCell message;
  switch (kind) {
    case FromCell::kReady: {
      SetupStep* step = message.mutable_ready()->add_steps();
      step->set_name("isolate");
      step->set_nanoseconds(1'900'000);
      break;
    }
    case FromCell::kHttpRequest: {
      HttpRequest* request = message.mutable_http_request();
      request->set_call(1);
      request->set_method("POST");
      request->set_url("https://api.example.com/v1/orders?page=2");
      Header* header = request->add_headers();
      header->set_name("content-type");
      header->set_value("application/json");
      request->set_body(true);
      request->set_body_bytes(17);
      request->set_has_body_bytes(true);
      break;
    }
    case FromCell::kRequestBody:
      message.mutable_request_body()->set_call(1);
      message.mutable_request_body()->set_data(R"({"order":"a-17"})");
      message.mutable_request_body()->set_last(true);
      break;
    case FromCell::kResponseCredit:
      message.mutable_response_credit()->set_call(1);
      message.mutable_response_credit()->set_bytes(kInitialCredit);
      break;
    case FromCell::kCancelCall:
      message.mutable_cancel_call()->set_call(1);
      break;
    case FromCell::kTimerRequest:
      message.mutable_timer_request()->set_call(2);
      message.mutable_timer_request()->set_delay_ms(250);
      break;
    case FromCell::kLog:
      message.mutable_log()->set_level(Log::WARN);
      message.mutable_log()->set_message("loaded");
      message.mutable_log()->set_fields_json(R"({"id":7})");
      break;
    case FromCell::kOutput:
      message.mutable_output()->set_data(R"({"data":null})");
      break;
    case FromCell::kResult: {
      ThrownError* thrown = message.mutable_result()->mutable_thrown();
      thrown->set_name("TypeError");
      thrown->set_message("not here");
      thrown->set_stack("at run (index.js:3:7)");
      thrown->add_causes()->set_message("because");
      message.mutable_result()->mutable_usage()->set_heap_peak_bytes(3 << 20);
      break;
    }
    case FromCell::kStopped:
      message.mutable_stopped()->set_reason(Stopped::HEAP);
      message.mutable_stopped()->set_stack("at run (index.js:3:7)");
      break;
    case FromCell::kViolation:
      message.mutable_violation()->set_syscall(41);
      message.mutable_violation()->set_arch(0xC000003E);
      message.mutable_violation()->add_arguments(2);
      break;
    case FromCell::kStep: {
      message.mutable_step()->set_step(1);
      StepBegan* began = message.mutable_step()->mutable_began();
      began->set_name("load");
      began->set_action("acme.getOrder");
      began->mutable_input()->set_shape("{ id: string }");
      began->mutable_input()->set_bytes(12);
      break;
    }
    case FromCell::kRespond: {
      message.mutable_respond()->set_status(202);
      Header* header = message.mutable_respond()->add_headers();
      header->set_name("content-type");
      header->set_value("application/json");
      message.mutable_respond()->set_body(R"({"ok":true})");
      break;
    }
    case FromCell::kStateRead:
      message.mutable_state_read()->set_call(1);
      *message.mutable_state_read()->mutable_key() = KeyOfFlow();
      break;
    case FromCell::kStateCommit: {
      message.mutable_state_commit()->set_call(1);
      StateChange* change = message.mutable_state_commit()->add_changes();
      *change->mutable_key() = KeyOfFlow();
      change->set_json("[1]");
      change->set_expects(true);
      change = message.mutable_state_commit()->add_changes();
      change->mutable_key()->set_scope(StateKey::CROSS_FLOW);
      change->mutable_key()->set_key("seen");
      change->set_removed(true);
      break;
    }
    case FromCell::kBarrierPassed:
      message.mutable_barrier_passed()->set_number(1);
      break;
    case FromCell::kInspected:
      message.mutable_inspected()->mutable_said()->set_data(R"({"id":1,"result":{}})");
      message.mutable_inspected()->mutable_said()->set_last(true);
      break;
    case FromCell::kCoverage:
      message.mutable_coverage()->set_data(
          R"([{"scriptId":"1","url":"x.js","functions":[{"functionName":"","ranges":[{"startOffset":0,"endOffset":9,"count":1}]}]}])");
      message.mutable_coverage()->set_last(true);
      break;
    default:
      break;
  }
  return message;
}

// A frame as a step of engine_fuzz: kind 0, the payload's length in two bytes, the payload.
std::string FuzzStep(const FromCell& message) {
  const std::string payload = message.SerializeAsString();
  return std::string{'\0', static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size())} + payload;
}

// See ReadSecrets and ReadText in scrub_fuzz.cc: two secrets, then the first one, written in that way, twice.
std::string ScrubSeed(int alphabet, int step) {
  std::string seed{static_cast<char>(alphabet), 1};
  for (int secret = 0; secret < 2; ++secret) {
    seed += {1, 4};  // new, of 8 + 4 characters
    for (int i = 0; i < 12; ++i) seed += static_cast<char>(i * 5 + secret);
  }
  seed += '\x03';  // cut into pieces of 2 + 3 bytes
  for (int i = 0; i < 2; ++i) seed += {static_cast<char>(step), 0, 3, 2, 4, 1, 5, 7};
  return seed;
}

void Write(const std::filesystem::path& file, const std::string& bytes) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << bytes;
}

ToCell MessageToCell(int kind) {
  ToCell message;
  message.set_clock_us(1'700'000'000'000'000);
  switch (kind) {
    case ToCell::kInput:
      message.mutable_input()->set_kind(Input::MODULE);
      message.mutable_input()->set_name("index.js");
      message.mutable_input()->set_data("export default 1;");
      break;
    case ToCell::kStart: {
      message.mutable_start()->set_seed(std::string(32, 's'));
      message.mutable_start()->set_entry("index.js");
      Connection* connection = message.mutable_start()->add_connections();
      connection->set_name("acme");
      connection->add_placeholders()->set_field("token");
      break;
    }
    case ToCell::kResponseHead:
      message.mutable_response_head()->set_call(1);
      message.mutable_response_head()->set_status(200);
      message.mutable_response_head()->add_headers()->set_name("etag");
      message.mutable_response_head()->set_body(true);
      break;
    case ToCell::kResponseBody:
      message.mutable_response_body()->set_call(1);
      message.mutable_response_body()->set_data("hello");
      message.mutable_response_body()->set_last(true);
      break;
    case ToCell::kCallFailed:
      message.mutable_call_failed()->set_call(1);
      message.mutable_call_failed()->set_message("refused");
      break;
    case ToCell::kRequestCredit:
      message.mutable_request_credit()->set_call(1);
      message.mutable_request_credit()->set_bytes(kInitialCredit);
      break;
    case ToCell::kTimerFired:
      message.mutable_timer_fired()->set_call(1);
      break;
    case ToCell::kStateValue:
      message.mutable_state_value()->set_call(1);
      message.mutable_state_value()->set_version(2);
      message.mutable_state_value()->set_json("[1]");
      break;
    case ToCell::kStateCommitted: {
      message.mutable_state_committed()->set_call(1);
      StateConflict* conflict = message.mutable_state_committed()->add_conflicts();
      conflict->set_change(1);
      conflict->set_version(3);
      conflict->set_json("2");
      break;
    }
    case ToCell::kStateFailed:
      message.mutable_state_failed()->set_call(1);
      message.mutable_state_failed()->set_kind(StateFailed::REFUSED);
      message.mutable_state_failed()->set_message("there is no room");
      break;
    case ToCell::kBarrier:
      message.mutable_barrier()->set_number(1);
      break;
    case ToCell::kDebugger:
      message.mutable_debugger()->mutable_said()->set_data(R"({"id":1,"method":"Debugger.enable"})");
      message.mutable_debugger()->mutable_said()->set_last(true);
      break;
    default:
      break;
  }
  return message;
}

// See cell_side_fuzz.cc: how a stream is cut, and its frames; or 0x80, the number of descriptors, and a packet.
void WriteCellSideSeeds(const std::filesystem::path& folder) {
  std::string all;
  for (int kind = ToCell::kInput; kind <= ToCell::kBarrier; ++kind) {
    std::string frame;
    if (!AppendFrame(MessageToCell(kind), &frame)) continue;
    all += frame;
    Write(folder / ("kind-" + std::to_string(kind)), '\x02' + frame);
  }
  Write(folder / "all", '\x10' + all);
  Write(folder / "cut-off", '\x7f' + all.substr(0, all.size() - 1));
  ToZygote spawn;
  spawn.mutable_spawn()->set_id(1);
  spawn.mutable_spawn()->set_data_bytes(1 << 28);
  FromZygote reaped;
  reaped.mutable_reaped()->set_id(1);
  reaped.mutable_reaped()->set_wait_status(9);
  Write(folder / "spawn", '\x81' + spawn.SerializeAsString());
  Write(folder / "reaped", '\x80' + reaped.SerializeAsString());
  Write(folder / "two-descriptors", '\x82' + reaped.SerializeAsString());
}

// The first byte says what reads the rest: see inject_fuzz.cc.
void WriteInjectSeeds(const std::filesystem::path& folder) {
  const std::string kinds("\0\1\2", 3);
  Write(folder / "template",
        kinds.substr(0, 1) + R"({method}\n{origin}{path}{body}\\{timestamp}{nonce}{header:x-a}{{}})");
  Write(folder / "bearer", kinds.substr(1, 1) + "authorization:Bearer \1\naccept:x");
  Write(folder / "basic", kinds.substr(1, 1) + "authorization:B \2:\2");
  Write(folder / "elsewhere", kinds.substr(1, 1) + "x-y:Key \1%5F");
  Write(folder / "body", kinds.substr(2, 1) + "\7a=%41&b=\1%");
}

// See response_fuzz.cc: how the body is coded and cut, the head, the body. \1 and a byte stand for a secret.
void WriteResponseSeeds(const std::filesystem::path& folder) {
  const std::string head = "HTTP/1.1 200 \1\2ok\r\nX-Echo: Bearer \1\3\r\nContent-Type: text/plain\r\n";
  const std::string body = "before \1\4, \1\5\1\36 and \1\37 behind \1\50";
  for (char coding = 0; coding < 8; ++coding) {
    Write(folder / ("coding-" + std::to_string(coding)), std::string{coding, '\7'} + head + "\r\n" + body);
  }
  const std::string as_it_says("\0\5", 2);
  const std::string with_coding = as_it_says + "HTTP/2 200\r\ncontent-encoding: ";
  for (const std::string coding : {"gzip", "br", "zstd"}) {
    Write(folder / coding, with_coding + coding + "\r\n\r\n" + body);
  }
  Write(folder / "conflict", with_coding + "gzip\r\nContent-Encoding: br\r\n\r\n" + body);
  Write(folder / "framing", as_it_says +
                                "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 \r\nConnection: x-a, close\r\nX-A: 1\r\n"
                                "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_corpus FOLDER\n";
    return 2;
  }
  const std::filesystem::path folder = argv[1];
  const std::string wait("\x02\0\0", 3);
  std::string all;
  for (int kind = FromCell::kReady; kind <= FromCell::kCoverage; ++kind) {
    std::string frame;
    if (!AppendFrame(Message(kind), &frame)) {
      std::cerr << "no seed for kind " << kind << " of FromCell: add it here\n";
      return 1;
    }
    all += frame;
    const std::string name = "kind-" + std::to_string(kind);
    Write(folder / "cell_stream_fuzz" / name, '\x02' + frame);
    Write(folder / "engine_fuzz" / name, FuzzStep(Message(kind)));
  }
  Write(folder / "cell_stream_fuzz" / "all", '\x10' + all);
  for (int alphabet = 0; alphabet < 8; ++alphabet) {
    for (int step = 0; step < 8; ++step) {
      Write(folder / "scrub_fuzz" / (std::to_string(alphabet) + "-" + std::to_string(step)), ScrubSeed(alphabet, step));
    }
  }
  FromCell done;
  done.mutable_result()->set_succeeded(true);
  const std::string end = FuzzStep(Message(FromCell::kOutput)) + FuzzStep(done);
  Write(folder / "engine_fuzz" / "succeeds", end);
  Write(folder / "engine_fuzz" / "fetches",
        FuzzStep(Message(FromCell::kHttpRequest)) + FuzzStep(Message(FromCell::kRequestBody)) + wait + end);
  FromCell commit = Message(FromCell::kStateCommit);
  commit.mutable_state_commit()->set_call(2);
  Write(folder / "engine_fuzz" / "remembers",
        FuzzStep(Message(FromCell::kStateRead)) + wait + FuzzStep(commit) + wait + end);
  Write(folder / "engine_fuzz" / "raw", std::string("\x01\0\4\xff\xff\xff\x7f", 7));
  WriteCellSideSeeds(folder / "cell_side_fuzz");
  WriteInjectSeeds(folder / "inject_fuzz");
  WriteResponseSeeds(folder / "response_fuzz");
  return 0;
}
