// What leaves the cell on behalf of the script: fetches, timers, logs, the uncaught error. And the clock, which comes
// in.
#include <v8-container.h>
#include <v8-exception.h>
#include <v8-primitive.h>
#include <v8-typed-array.h>

#include <algorithm>
#include <string>
#include <utility>

#include "sandbox/cell/cell_state.h"
#include "sandbox/cell/checked_native.h"
#include "sandbox/cell/ending.h"
#include "sandbox/cell/natives.h"
#include "sandbox/cell/stack_text.h"
#include "sandbox/cell/thrown.h"

namespace warder::cell {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

// Longest URL and headers together; far beyond what servers take, well inside a frame.
constexpr std::size_t kMaxRequestHeadBytes = std::size_t{256} << 10;
constexpr std::size_t kMaxLogTextBytes = std::size_t{64} << 10;
constexpr std::size_t kMaxLogFieldsBytes = std::size_t{256} << 10;

// The step that makes a call: the runtime's step begins with its number. 0: none, or one that the engine was not told
// of.
std::uint64_t CurrentStepNumber(v8::Isolate* isolate) {
  const auto step = isolate->GetContinuationPreservedEmbedderData();
  v8::Local<v8::Value> number;
  if (!step->IsArray() || !step.As<v8::Array>()->Get(isolate->GetCurrentContext(), 0).ToLocal(&number)) return 0;
  const std::uint64_t told = ToUint64(number);
  return told <= CellState::Of(isolate).last_step_told ? told : 0;
}

void ThrowType(v8::Isolate* isolate, const char* message) {
  isolate->ThrowException(v8::Exception::TypeError(v8::String::NewFromUtf8(isolate, message).ToLocalChecked()));
}

// A header's value, which is a string: the runtime has checked that each code unit is a byte.
std::string ToByteString(v8::Isolate* isolate, v8::Local<v8::Value> value) {
  const auto text = value.As<v8::String>();
  std::string bytes(static_cast<std::size_t>(text->Length()), '\0');
  text->WriteOneByteV2(isolate, 0, static_cast<std::uint32_t>(bytes.size()),
                       reinterpret_cast<std::uint8_t*>(bytes.data()));
  return bytes;
}

// httpStart(method, url, headers: [name, value, ...], body: boolean, bodyBytes: number, redirect: number,
//           connection: string): call
// bodyBytes is -1 where the length is not known; connection is a handle, or empty.
void HttpStart(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const auto context = isolate->GetCurrentContext();
  proto::HttpRequest request;
  request.set_method(ToUtf8(isolate, info[0]));
  request.set_url(ToUtf8(isolate, info[1]));
  const auto headers = info[2].As<v8::Array>();
  for (std::uint32_t i = 0; i + 1 < headers->Length(); i += 2) {
    v8::Local<v8::Value> name;
    v8::Local<v8::Value> value;
    if (!headers->Get(context, i).ToLocal(&name) || !headers->Get(context, i + 1).ToLocal(&value)) return;
    if (!name->IsString() || !value->IsString()) {
      ThrowType(isolate, "fetch failed: a header is no text");
      return;
    }
    proto::Header& header = *request.add_headers();
    header.set_name(ToUtf8(isolate, name));
    header.set_value(ToByteString(isolate, value));
  }
  request.set_body(info[3]->IsTrue());
  const double body_bytes = info[4].As<v8::Number>()->Value();
  if (request.body() && body_bytes >= 0) {
    request.set_has_body_bytes(true);
    request.set_body_bytes(static_cast<std::uint64_t>(body_bytes));
  }
  request.set_redirect(static_cast<proto::HttpRequest::Redirect>(info[5].As<v8::Int32>()->Value()));
  request.set_connection(ToUtf8(isolate, info[6]));
  request.set_step(CurrentStepNumber(isolate));
  if (request.ByteSizeLong() > kMaxRequestHeadBytes) {
    ThrowType(isolate, "fetch failed: the URL and the headers are longer than 256 KB together");
    return;
  }
  info.GetReturnValue().Set(static_cast<double>(CellState::Of(isolate).calls.StartHttp(std::move(request))));
}

// httpSend(call, bytes: Uint8Array, offset: number, last: boolean): how many bytes went, or -1: the call is over
void HttpSend(const Info& info) {
  const auto bytes = info[1].As<v8::Uint8Array>();
  const std::size_t length = bytes->ByteLength();
  const std::size_t offset = std::min<std::size_t>(ToUint64(info[2]), length);
  const char* const data = static_cast<const char*>(bytes->Buffer()->Data()) + bytes->ByteOffset() + offset;
  auto& calls = CellState::Of(info.GetIsolate()).calls;
  const auto sent = calls.SendBody(ToUint64(info[0]), {data, length - offset}, info[3]->IsTrue());
  info.GetReturnValue().Set(sent ? static_cast<double>(*sent) : -1.0);
}

// httpConsumed(call, bytes: number)
void HttpConsumed(const Info& info) {
  CellState::Of(info.GetIsolate()).calls.Consumed(ToUint64(info[0]), ToUint64(info[1]));
}

// cancel(call)
void Cancel(const Info& info) { CellState::Of(info.GetIsolate()).calls.Cancel(ToUint64(info[0])); }

// timerStart(milliseconds: number): call
void TimerStart(const Info& info) {
  auto& calls = CellState::Of(info.GetIsolate()).calls;
  info.GetReturnValue().Set(static_cast<double>(calls.StartTimer(ToUint64(info[0]))));
}

// now(): [milliseconds since the epoch, milliseconds since Start], with microseconds behind the point
void Now(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const CellState& cell = CellState::Of(isolate);
  const std::uint64_t now = cell.platform->clock_us();
  v8::Local<v8::Value> parts[] = {v8::Number::New(isolate, static_cast<double>(now) / 1e3),
                                  v8::Number::New(isolate, static_cast<double>(now - cell.start_us) / 1e3)};
  info.GetReturnValue().Set(v8::Array::New(isolate, parts, 2));
}

void SendLog(CellState& cell, proto::Log::Level level, std::string message, std::string fields, std::uint64_t step) {
  proto::FromCell frame;
  proto::Log& log = *frame.mutable_log();
  log.set_level(level);
  log.set_message(std::move(message));
  log.set_fields_json(std::move(fields));
  log.set_step(step);
  cell.channel->Send(frame);
}

// log(level: number, message: string, fieldsJson: string): whether there is room for more
void Log(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  CellState& cell = CellState::Of(isolate);
  info.GetReturnValue().Set(false);
  if (cell.log_full) return;
  std::string message = Shorten(ToUtf8(isolate, info[1]), kMaxLogTextBytes);
  std::string fields = ToUtf8(isolate, info[2]);
  if (fields.size() > kMaxLogFieldsBytes) fields = R"({"truncated":true})";
  if (!cell.TakeLogBytes(message.size() + fields.size() + proto::kLogEntryBytes)) return;
  SendLog(cell, static_cast<proto::Log::Level>(info[0].As<v8::Int32>()->Value()), std::move(message), std::move(fields),
          CurrentStepNumber(isolate));
  info.GetReturnValue().Set(true);
}

// fail(error): ends the execution with an error that nobody caught.
void Fail(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  proto::Result result;
  *result.mutable_thrown() = DescribeThrown(isolate->GetCurrentContext(), info[0]);
  Finish(std::move(result));
}

constexpr Native kNatives[] = {
    {"httpStart", Checked<HttpStart, Takes::kString, Takes::kString, Takes::kArray, Takes::kAny, Takes::kNumber,
                          Takes::kInt32, Takes::kString>},
    {"httpSend", Checked<HttpSend, Takes::kNumber, Takes::kUint8Array, Takes::kNumber>},
    {"httpConsumed", HttpConsumed},
    {"cancel", Cancel},
    {"timerStart", TimerStart},
    {"now", Now},
    {"log", Checked<Log, Takes::kInt32, Takes::kString, Takes::kAny>},
    {"fail", Fail},
};

}  // namespace

bool CellState::TakeLogBytes(std::uint64_t bytes) {
  if (log_full) return false;
  log_full = bytes > log_bytes_left;
  if (log_full) {
    SendLog(*this, proto::Log::WARN, "The log limit is reached: what is logged from here on is dropped.", {}, 0);
    return false;
  }
  log_bytes_left -= bytes;
  return true;
}

std::span<const Native> CallNatives() { return kNatives; }

}  // namespace warder::cell
