#include "sandbox/cell/natives.h"

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "sandbox/cell/scripts.h"

namespace warder::cell {
namespace {

auto Tables() {
  return std::array{
      ByteNatives(),    CallNatives(),   CloneNatives(),  CompressionNatives(), CryptoNatives(),
      InspectNatives(), ObjectNatives(), RandomNatives(), ScriptNatives(),      StateNatives(),
      StepNatives(),    TextNatives(),   UrlNatives(),
  };
}

const Native& Find(std::string_view name) {
  static const auto tables = Tables();
  for (const auto& table : tables) {
    for (const Native& native : table) {
      if (native.name == name) return native;
    }
  }
  throw std::runtime_error("there is no native " + std::string(name));
}

}  // namespace

const intptr_t* ExternalReferences() {
  static const std::vector<intptr_t> references = [] {
    std::vector<intptr_t> all;
    for (const auto& table : Tables()) {
      for (const Native& native : table) all.push_back(reinterpret_cast<intptr_t>(native.callback));
    }
    all.push_back(LazyPropertyReference());
    all.push_back(EarlySourceReference());
    all.push_back(0);
    return all;
  }();
  return references.data();
}

v8::Local<v8::Object> MakeHost(v8::Local<v8::Context> context, std::span<const std::string_view> names) {
  std::vector<Native> found;
  for (const std::string_view name : names) found.push_back(Find(name));
  return MakeNatives(context, found);
}

}  // namespace warder::cell
