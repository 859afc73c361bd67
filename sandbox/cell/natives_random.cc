#include <v8-typed-array.h>

#include "sandbox/cell/cell_state.h"
#include "sandbox/cell/checked_native.h"
#include "sandbox/cell/natives.h"

namespace warder::cell {
namespace {

// randomDoubles(array: Float64Array): fills it with numbers in [0, 1). A batch makes Math.random cheap.
void RandomDoubles(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const auto array = info[0].As<v8::Float64Array>();
  auto& random = CellState::Of(info.GetIsolate()).random;
  auto* const out = reinterpret_cast<double*>(static_cast<char*>(array->Buffer()->Data()) + array->ByteOffset());
  for (std::size_t i = 0; i < array->Length(); ++i) out[i] = random.NextDouble();
}

// randomBytes(view: ArrayBufferView)
void RandomBytes(const v8::FunctionCallbackInfo<v8::Value>& info) {
  const auto view = info[0].As<v8::ArrayBufferView>();
  auto* const out = static_cast<unsigned char*>(view->Buffer()->Data()) + view->ByteOffset();
  CellState::Of(info.GetIsolate()).random.Fill({out, view->ByteLength()});
}

constexpr Native kNatives[] = {{"randomDoubles", Checked<RandomDoubles, Takes::kFloat64Array>},
                               {"randomBytes", Checked<RandomBytes, Takes::kView>}};

}  // namespace

std::span<const Native> RandomNatives() { return kNatives; }

}  // namespace warder::cell
