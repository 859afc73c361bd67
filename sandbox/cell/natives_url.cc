// URL parsing by ada (WHATWG URL). A URL is its href and the eight offsets of its components; the rest is JavaScript.
#include <v8-container.h>
#include <v8-exception.h>
#include <v8-primitive.h>
#include <v8-typed-array.h>

#include <cstring>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "sandbox/cell/checked_native.h"
#include "sandbox/cell/natives.h"
#include "sandbox/cell/stack_text.h"

extern "C" {
#include <ada_c.h>
}

namespace warder::cell {
namespace {

struct FreeUrl {
  void operator()(void* url) const { ada_free(url); }
};
using Url = std::unique_ptr<void, FreeUrl>;

struct FreeParams {
  void operator()(void* params) const { ada_free_search_params(params); }
};
using Params = std::unique_ptr<void, FreeParams>;

// Which part urlUpdate changes; the runtime has the same numbers.
enum class Part { kHref, kProtocol, kUsername, kPassword, kHost, kHostname, kPort, kPathname, kSearch, kHash };

void ReturnAscii(const v8::FunctionCallbackInfo<v8::Value>& info, const char* data, std::size_t size) {
  v8::Isolate* const isolate = info.GetIsolate();
  v8::Local<v8::String> text;
  if (size <= static_cast<std::size_t>(v8::String::kMaxLength) &&
      v8::String::NewFromOneByte(isolate, reinterpret_cast<const std::uint8_t*>(data), v8::NewStringType::kNormal,
                                 static_cast<int>(size))
          .ToLocal(&text)) {
    info.GetReturnValue().Set(text);
    return;
  }
  isolate->ThrowException(v8::Exception::RangeError(v8::String::NewFromUtf8Literal(isolate, "Invalid string length")));
}

// A serialised URL is ASCII. The components go to the Uint32Array that the caller gave.
void Return(const v8::FunctionCallbackInfo<v8::Value>& info, ada_url url, v8::Local<v8::Value> components) {
  const auto array = components.As<v8::Uint32Array>();
  const ada_url_components& parts = *ada_get_components(url);
  static_assert(sizeof(parts) == 8 * sizeof(std::uint32_t) && std::is_trivially_copyable_v<ada_url_components>);
  if (array->ByteLength() != sizeof(parts)) return;
  std::memcpy(static_cast<char*>(array->Buffer()->Data()) + array->ByteOffset(), &parts, sizeof(parts));
  const ada_string href = ada_get_href(url);
  ReturnAscii(info, href.data, href.length);
}

// urlParse(input: string, base: string | undefined, components: Uint32Array): string | undefined
void UrlParse(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const std::string input = ToUtf8(isolate, info[0]);
  Url url;
  if (info[1]->IsString()) {
    const std::string base = ToUtf8(isolate, info[1]);
    url.reset(ada_parse_with_base(input.data(), input.size(), base.data(), base.size()));
  } else {
    url.reset(ada_parse(input.data(), input.size()));
  }
  if (ada_is_valid(url.get())) Return(info, url.get(), info[2]);
}

// Setters that find the value unfit change nothing, as the standard says; only href reports it.
bool Update(ada_url url, Part part, const std::string& value) {
  const char* const data = value.data();
  const std::size_t size = value.size();
  switch (part) {
    case Part::kHref:
      return ada_set_href(url, data, size);
    case Part::kProtocol:
      ada_set_protocol(url, data, size);
      return true;
    case Part::kUsername:
      ada_set_username(url, data, size);
      return true;
    case Part::kPassword:
      ada_set_password(url, data, size);
      return true;
    case Part::kHost:
      ada_set_host(url, data, size);
      return true;
    case Part::kHostname:
      ada_set_hostname(url, data, size);
      return true;
    case Part::kPort:
      ada_set_port(url, data, size);
      return true;
    case Part::kPathname:
      ada_set_pathname(url, data, size);
      return true;
    case Part::kSearch:
      ada_set_search(url, data, size);
      return true;
    case Part::kHash:
      ada_set_hash(url, data, size);
      return true;
  }
  return false;
}

// urlUpdate(href: string, part: number, value: string, components: Uint32Array): string | undefined
void UrlUpdate(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const std::string href = ToUtf8(isolate, info[0]);
  const Url url(ada_parse(href.data(), href.size()));
  if (!ada_is_valid(url.get())) return;
  const auto part = static_cast<Part>(info[1].As<v8::Int32>()->Value());
  if (Update(url.get(), part, ToUtf8(isolate, info[2]))) Return(info, url.get(), info[3]);
}

// urlOrigin(href: string): string
void UrlOrigin(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const std::string href = ToUtf8(info.GetIsolate(), info[0]);
  const Url url(ada_parse(href.data(), href.size()));
  if (!ada_is_valid(url.get())) return;
  const ada_owned_string origin = ada_get_origin(url.get());
  ReturnAscii(info, origin.data, origin.length);
  ada_free_owned_string(origin);
}

v8::MaybeLocal<v8::String> FromUtf8(v8::Isolate* isolate, ada_string text) {
  return v8::String::NewFromUtf8(isolate, text.data, v8::NewStringType::kNormal, static_cast<int>(text.length));
}

// queryParse(query: string): [name, value, ...], application/x-www-form-urlencoded
void QueryParse(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  // ada takes one "?" away, which has been done.
  const std::string query = "?" + ToUtf8(isolate, info[0]);
  const Params params(ada_parse_search_params(query.data(), query.size()));
  std::vector<v8::Local<v8::Value>> list;
  ada_url_search_params_entries_iter entries = ada_search_params_get_entries(params.get());
  while (ada_search_params_entries_iter_has_next(entries)) {
    const ada_string_pair pair = ada_search_params_entries_iter_next(entries);
    for (const ada_string& text : {pair.key, pair.value}) {
      v8::Local<v8::String> string;
      if (FromUtf8(isolate, text).ToLocal(&string)) list.emplace_back(string);
    }
  }
  ada_free_search_params_entries_iter(entries);
  info.GetReturnValue().Set(v8::Array::New(isolate, list.data(), list.size()));
}

// querySerialize(list: [name, value, ...]): string
void QuerySerialize(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  const auto context = isolate->GetCurrentContext();
  const auto list = info[0].As<v8::Array>();
  const Params params(ada_parse_search_params("", 0));
  for (std::uint32_t i = 0; i + 1 < list->Length(); i += 2) {
    v8::Local<v8::Value> name;
    v8::Local<v8::Value> value;
    if (!list->Get(context, i).ToLocal(&name) || !list->Get(context, i + 1).ToLocal(&value)) return;
    const std::string name_text = ToUtf8(isolate, name);
    const std::string value_text = ToUtf8(isolate, value);
    ada_search_params_append(params.get(), name_text.data(), name_text.size(), value_text.data(), value_text.size());
  }
  const ada_owned_string text = ada_search_params_to_string(params.get());
  ReturnAscii(info, text.data, text.length);
  ada_free_owned_string(text);
}

constexpr Native kNatives[] = {
    {"urlParse", Checked<UrlParse, Takes::kString, Takes::kAny, Takes::kUint32Array>},
    {"urlUpdate", Checked<UrlUpdate, Takes::kString, Takes::kInt32, Takes::kString, Takes::kUint32Array>},
    {"urlOrigin", Checked<UrlOrigin, Takes::kString>},
    {"queryParse", Checked<QueryParse, Takes::kString>},
    {"querySerialize", Checked<QuerySerialize, Takes::kArray>}};

}  // namespace

std::span<const Native> UrlNatives() { return kNatives; }

}  // namespace warder::cell
