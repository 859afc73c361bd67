// What JavaScript cannot do itself: lazy properties, who calls, where an error comes from.
#include <v8-container.h>
#include <v8-exception.h>
#include <v8-function.h>
#include <v8-message.h>

#include <string>

#include "sandbox/cell/cell_state.h"
#include "sandbox/cell/checked_native.h"
#include "sandbox/cell/natives.h"
#include "sandbox/cell/runtime.h"
#include "sandbox/cell/stack_text.h"

namespace warder::cell {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

// The getter is in the part of the snapshot that all contexts share, so it must hold no function of the runtime: the
// serialiser would copy all that the function can reach. It asks the hooks instead.
void MakeLazily(v8::Local<v8::Name> name, const v8::PropertyCallbackInfo<v8::Value>& info) {
  v8::Local<v8::Value> value;
  const Runtime* const runtime = CellState::Of(info.GetIsolate()).runtime;
  if (runtime->Call("makeLazily", {name}).ToLocal(&value)) info.GetReturnValue().Set(value);
}

// defineLazy(target: object, name: string): a property that the hook makeLazily makes when it is first read
void DefineLazy(const Info& info) {
  const auto context = info.GetIsolate()->GetCurrentContext();
  info[0].As<v8::Object>()->SetLazyDataProperty(context, info[1].As<v8::Name>(), MakeLazily, {}, v8::DontEnum).Check();
}

// callerPlace(): [file, line, column] of the bundle's code that has called the runtime; ["", 0, 0] if none has
void CallerPlaceOf(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const ScriptPlace place = CallerPlace(isolate).value_or(ScriptPlace{});
  v8::Local<v8::Value> parts[] = {v8::String::NewFromUtf8(isolate, place.file.data(), v8::NewStringType::kNormal,
                                                          static_cast<int>(place.file.size()))
                                      .ToLocalChecked(),
                                  v8::Integer::New(isolate, place.line), v8::Integer::New(isolate, place.column)};
  info.GetReturnValue().Set(v8::Array::New(isolate, parts, 3));
}

// errorPlace(error): [message, file, line, column] as HTML's "extract error information" has them; no file: unknown
void ErrorPlace(const Info& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const auto context = isolate->GetCurrentContext();
  const auto message = v8::Exception::CreateMessage(isolate, info[0]);
  v8::Local<v8::Value> file = message->GetScriptResourceName();
  const std::string name = ToUtf8(isolate, file);
  const bool known = !name.empty() && !name.starts_with(kRuntimeScriptPrefix);
  if (!known) file = v8::String::Empty(isolate);
  v8::Local<v8::Value> parts[] = {
      message->Get(), file, v8::Integer::New(isolate, known ? message->GetLineNumber(context).FromMaybe(0) : 0),
      v8::Integer::New(isolate, known ? message->GetStartColumn(context).FromMaybe(0) + 1 : 0)};
  info.GetReturnValue().Set(v8::Array::New(isolate, parts, 4));
}

constexpr Native kNatives[] = {{"errorPlace", ErrorPlace},
                               {"defineLazy", Checked<DefineLazy, Takes::kObject, Takes::kName>},
                               {"callerPlace", CallerPlaceOf}};

}  // namespace

std::span<const Native> ObjectNatives() { return kNatives; }

intptr_t LazyPropertyReference() { return reinterpret_cast<intptr_t>(MakeLazily); }

}  // namespace warder::cell
