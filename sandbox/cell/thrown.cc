#include "sandbox/cell/thrown.h"

#include <v8-container.h>
#include <v8-exception.h>
#include <v8-isolate.h>
#include <v8-json.h>
#include <v8-object.h>
#include <v8-primitive.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/cell/stack_text.h"

namespace warder::cell {
namespace {

constexpr int kMaxDepth = 8;
constexpr int kMaxErrors = 16;  // all together
constexpr std::size_t kMaxMessageBytes = std::size_t{8} << 10;
constexpr std::size_t kMaxNameBytes = 256;
constexpr double kMaxRetryMs = 1e12;

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

// What context.error gives an error, and what many clients do: a code, and whether a retry can help.
void AddAdvice(v8::Local<v8::Context> context, v8::Local<v8::Object> error, proto::ThrownError* thrown) {
  v8::Isolate* const isolate = context->GetIsolate();
  v8::Local<v8::Value> value;
  if (error->Get(context, v8::String::NewFromUtf8Literal(isolate, "code")).ToLocal(&value) && value->IsString()) {
    thrown->set_code(Shorten(ToUtf8(isolate, value), kMaxNameBytes));
  }
  if (!error->Get(context, v8::String::NewFromUtf8Literal(isolate, "retry")).ToLocal(&value)) return;
  if (value->IsFalse()) thrown->set_retry(proto::ThrownError::NEVER);
  if (value->IsTrue()) thrown->set_retry(proto::ThrownError::AFTER);
  if (value->IsNumber() && value.As<v8::Number>()->Value() >= 0 && value.As<v8::Number>()->Value() < kMaxRetryMs) {
    thrown->set_retry(proto::ThrownError::AFTER);
    thrown->set_retry_after_ms(static_cast<std::uint64_t>(value.As<v8::Number>()->Value()));
  }
}

// V8's own sentences: only its RangeErrors count, not what a script words alike with another type.
proto::ThrownError::Ceiling CeilingOf(v8::Local<v8::Value> value, const proto::ThrownError& thrown) {
  if (!value->IsNativeError() || thrown.name() != "RangeError") return proto::ThrownError::NONE;
  if (thrown.message() == "Array buffer allocation failed") return proto::ThrownError::ARRAY_BUFFER;
  if (thrown.message() == "Invalid string length") return proto::ThrownError::STRING;
  return proto::ThrownError::NONE;
}

class Describer {
 public:
  explicit Describer(v8::Local<v8::Context> context) : context_(context), isolate_(context->GetIsolate()) {}

  void Describe(v8::Local<v8::Value> value, proto::ThrownError* thrown) {
    --errors_left_;
    if (!LooksLikeError(context_, value)) {
      thrown->set_name("NonError");
      thrown->set_message(Shorten(TextOf(context_, value), kMaxMessageBytes));
    } else {
      const auto object = value.As<v8::Object>();
      thrown->set_name(Shorten(StringProperty(context_, object, "name"), kMaxNameBytes));
      if (thrown->name().empty()) thrown->set_name("Error");
      thrown->set_message(Shorten(StringProperty(context_, object, "message"), kMaxMessageBytes));
      AddAdvice(context_, object, thrown);
      thrown->set_stack(FramesOf(StringProperty(context_, object, "stack")));
    }
    if (value->IsObject() && !value->IsProxy()) AddCauses(value.As<v8::Object>(), thrown);
  }

 private:
  // Its cause; and the errors that an AggregateError or a SuppressedError brings together.
  void AddCauses(v8::Local<v8::Object> object, proto::ThrownError* thrown) {
    if (path_.size() == kMaxDepth) return;
    path_.push_back(object);
    Add(Property(object, "cause"), thrown);
    if (object->IsNativeError()) {
      const auto errors = Property(object, "errors");
      const std::uint32_t count = errors->IsArray() ? errors.As<v8::Array>()->Length() : 0;
      for (std::uint32_t i = 0; i < count && errors_left_ > 0; ++i) {
        v8::Local<v8::Value> error;
        if (errors.As<v8::Array>()->Get(context_, i).ToLocal(&error)) Add(error, thrown);
      }
      if (thrown->name() == "SuppressedError") {
        Add(Property(object, "error"), thrown);
        Add(Property(object, "suppressed"), thrown);
      }
    }
    path_.pop_back();
  }

  void Add(v8::Local<v8::Value> cause, proto::ThrownError* thrown) {
    if (errors_left_ == 0 || cause->IsNullOrUndefined()) return;
    if (std::find(path_.begin(), path_.end(), cause) != path_.end()) return;
    Describe(cause, thrown->add_causes());
  }

  v8::Local<v8::Value> Property(v8::Local<v8::Object> object, const char* name) {
    const auto key = v8::String::NewFromUtf8(isolate_, name, v8::NewStringType::kInternalized).ToLocalChecked();
    v8::Local<v8::Value> value;
    return object->Get(context_, key).ToLocal(&value) ? value : v8::Undefined(isolate_).As<v8::Value>();
  }

  v8::Local<v8::Context> context_;
  v8::Isolate* isolate_;
  int errors_left_ = kMaxErrors;
  std::vector<v8::Local<v8::Value>> path_;
};

}  // namespace

proto::ThrownError DescribeThrown(v8::Local<v8::Context> context, v8::Local<v8::Value> value) {
  const v8::TryCatch ignore(context->GetIsolate());
  proto::ThrownError thrown;
  Describer(context).Describe(value, &thrown);
  thrown.set_ceiling(CeilingOf(value, thrown));
  return thrown;
}

}  // namespace warder::cell
