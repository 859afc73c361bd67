#include "sandbox/cell/stack_text.h"

#include <v8-primitive.h>

#include <utility>

namespace warder::cell {
namespace {

constexpr int kMaxFrames = 32;

void AppendLine(std::string* text, std::string_view line) {
  if (!text->empty()) text->push_back('\n');
  text->append(line);
}

// Nothing for frames of the runtime, and of what has no name.
std::optional<ScriptPlace> PlaceOf(v8::Isolate* isolate, v8::Local<v8::StackFrame> frame) {
  std::string script = ToUtf8(isolate, frame->GetScriptName());
  if (script.empty() || script.starts_with(kRuntimeScriptPrefix)) return std::nullopt;
  return ScriptPlace{std::move(script), frame->GetLineNumber(), frame->GetColumn()};
}

}  // namespace

std::string ToUtf8(v8::Isolate* isolate, v8::Local<v8::Value> value) {
  if (value.IsEmpty() || !value->IsString()) return {};
  const v8::Local<v8::String> string = value.As<v8::String>();
  std::string text(string->Utf8LengthV2(isolate), '\0');
  text.resize(string->WriteUtf8V2(isolate, text.data(), text.size(), v8::String::WriteFlags::kReplaceInvalidUtf8));
  return text;
}

std::string CurrentStack(v8::Isolate* isolate) {
  const v8::HandleScope scope(isolate);
  std::string text;
  const auto trace = v8::StackTrace::CurrentStackTrace(isolate, kMaxFrames);
  for (int i = 0; i < trace->GetFrameCount(); ++i) {
    const auto frame = trace->GetFrame(isolate, static_cast<std::uint32_t>(i));
    const auto place = PlaceOf(isolate, frame);
    if (!place) continue;
    std::string line = "at ";
    const std::string function = ToUtf8(isolate, frame->GetFunctionName());
    if (!function.empty()) line.append(function).append(" (");
    line.append(place->file).append(":").append(std::to_string(place->line));
    line.append(":").append(std::to_string(place->column));
    if (!function.empty()) line.append(")");
    AppendLine(&text, line);
  }
  return Shorten(std::move(text));
}

std::optional<ScriptPlace> CallerPlace(v8::Isolate* isolate) {
  const v8::HandleScope scope(isolate);
  const auto trace = v8::StackTrace::CurrentStackTrace(isolate, kMaxFrames);
  for (int i = 0; i < trace->GetFrameCount(); ++i) {
    if (auto place = PlaceOf(isolate, trace->GetFrame(isolate, static_cast<std::uint32_t>(i)))) return place;
  }
  return std::nullopt;
}

std::string FramesOf(std::string_view stack) {
  std::string text;
  while (!stack.empty()) {
    const std::size_t end = stack.find('\n');
    std::string_view line = stack.substr(0, end);
    stack.remove_prefix(end == std::string_view::npos ? stack.size() : end + 1);
    const std::size_t start = line.find_first_not_of(' ');
    if (start == std::string_view::npos) continue;
    line.remove_prefix(start);
    // The message comes first and may have any lines; frames are indented.
    if (start == 0 || !line.starts_with("at ")) continue;
    if (line.find(kRuntimeScriptPrefix) != std::string_view::npos) continue;
    AppendLine(&text, line);
  }
  return Shorten(std::move(text));
}

std::string Shorten(std::string text, std::size_t bytes) {
  if (text.size() <= bytes) return text;
  std::size_t end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  text.resize(end);
  return text + "…";
}

}  // namespace warder::cell
