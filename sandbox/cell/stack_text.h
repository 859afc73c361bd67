// JavaScript stacks as text for people: "at f (index.js:3:7)", one frame a line, without the runtime's own frames.
#pragma once

#include <v8-debug.h>
#include <v8-isolate.h>

#include <optional>
#include <string>
#include <string_view>

namespace warder::cell {

// Scripts whose names start like this are ours; their frames mean nothing to an author.
inline constexpr std::string_view kRuntimeScriptPrefix = "warder:";

// At most this much of a stack or message leaves the cell in one piece.
inline constexpr std::size_t kMaxTextBytes = std::size_t{16} << 10;

// A value's UTF-8 text; unpaired surrogates become U+FFFD. Empty for what is not a string.
std::string ToUtf8(v8::Isolate* isolate, v8::Local<v8::Value> value);

// The stack of the JavaScript that runs now. Allocates on the V8 heap.
std::string CurrentStack(v8::Isolate* isolate);

// Where the bundle's code is that runs now or has called the runtime.
struct ScriptPlace {
  std::string file;
  int line = 0;
  int column = 0;
};
std::optional<ScriptPlace> CallerPlace(v8::Isolate* isolate);

// The frames in an Error's `stack` text.
std::string FramesOf(std::string_view stack);

// Cuts at a character's boundary and marks the cut.
std::string Shorten(std::string text, std::size_t bytes = kMaxTextBytes);

}  // namespace warder::cell
