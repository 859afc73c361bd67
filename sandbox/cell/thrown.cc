#include "sandbox/cell/thrown.h"

#include <v8-exception.h>
#include <v8-isolate.h>
#include <v8-json.h>
#include <v8-object.h>
#include <v8-primitive.h>

#include <string>
#include <utility>

#include "sandbox/cell/stack_text.h"

namespace warder::cell {
namespace {

constexpr int kMaxCauses = 8;
constexpr std::size_t kMaxMessageBytes = std::size_t{8} << 10;
constexpr std::size_t kMaxNameBytes = 256;

std::string StringProperty(v8::Local<v8::Context> context, v8::Local<v8::Object> object, const char* name) {
  v8::Isolate* const isolate = context->GetIsolate();
  const auto key = v8::String::NewFromUtf8(isolate, name, v8::NewStringType::kInternalized).ToLocalChecked();
  v8::Local<v8::Value> value;
  if (!object->Get(context, key).ToLocal(&value)) return {};
  return ToUtf8(isolate, value);
}

// What was thrown is no object: its text, as JavaScript would write it.
std::string TextOf(v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  v8::Isolate* const isolate = context->GetIsolate();
  v8::Local<v8::String> text;
  if (value->IsObject() && !value->IsFunction()) {
    if (v8::JSON::Stringify(context, value).ToLocal(&text)) return ToUtf8(isolate, text);
    return "[object]";
  }
  if (!value->ToDetailString(context).ToLocal(&text)) return "[unprintable]";
  return ToUtf8(isolate, text);
}

bool LooksLikeError(v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  if (value->IsNativeError()) return true;
  if (!value->IsObject() || value->IsProxy()) return false;
  const auto object = value.As<v8::Object>();
  v8::Isolate* const isolate = context->GetIsolate();
  v8::Local<v8::Value> message;
  v8::Local<v8::Value> stack;
  return object->Get(context, v8::String::NewFromUtf8Literal(isolate, "message")).ToLocal(&message) &&
         message->IsString() &&
         object->Get(context, v8::String::NewFromUtf8Literal(isolate, "stack")).ToLocal(&stack) && stack->IsString();
}

proto::ThrownError DescribeOne(v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  proto::ThrownError thrown;
  if (!LooksLikeError(context, value)) {
    thrown.set_name("NonError");
    thrown.set_message(Shorten(TextOf(context, value), kMaxMessageBytes));
    return thrown;
  }
  const auto object = value.As<v8::Object>();
  thrown.set_name(Shorten(StringProperty(context, object, "name"), kMaxNameBytes));
  if (thrown.name().empty()) thrown.set_name("Error");
  thrown.set_message(Shorten(StringProperty(context, object, "message"), kMaxMessageBytes));
  thrown.set_stack(FramesOf(StringProperty(context, object, "stack")));
  return thrown;
}

// V8's own sentences: only its RangeErrors count, not what a script words alike with another type.
proto::ThrownError::Ceiling CeilingOf(v8::Local<v8::Value> value, const proto::ThrownError& thrown) {
  if (!value->IsNativeError() || thrown.name() != "RangeError") return proto::ThrownError::NONE;
  if (thrown.message() == "Array buffer allocation failed") return proto::ThrownError::ARRAY_BUFFER;
  if (thrown.message() == "Invalid string length") return proto::ThrownError::STRING;
  return proto::ThrownError::NONE;
}

}  // namespace

proto::ThrownError DescribeThrown(v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::TryCatch ignore(isolate);
  proto::ThrownError thrown = DescribeOne(context, value);
  thrown.set_ceiling(CeilingOf(value, thrown));
  const auto key = v8::String::NewFromUtf8Literal(isolate, "cause");
  for (int i = 0; i < kMaxCauses && value->IsObject() && !value->IsProxy(); ++i) {
    const auto object = value.As<v8::Object>();
    if (!object->Get(context, key).ToLocal(&value) || value->IsNullOrUndefined()) break;
    *thrown.add_causes() = DescribeOne(context, value);
  }
  return thrown;
}

}  // namespace warder::cell
