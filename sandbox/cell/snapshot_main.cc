// warder_snapshot: makes the startup file of a profile at build time, on the image's own libraries. V8 takes the code
// in it only under the flags that it was made under.
#include <v8-initialization.h>

#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "sandbox/cell/buffer_budget.h"
#include "sandbox/cell/frozen_platform.h"
#include "sandbox/cell/runtime.h"
#include "sandbox/cell/scripts.h"
#include "sandbox/cell/startup.h"
#include "sandbox/cell/v8_start.h"

namespace {

// The same inputs make the same snapshot; each isolate gets its own hash seed when it is made from it.
bool NoEntropy(unsigned char* buffer, std::size_t length) {
  std::memset(buffer, 0x5a, length);
  return true;
}

// V8 takes code only in an isolate from the same snapshot.
std::vector<std::string> LateCode(const std::string& snapshot) {
  const v8::StartupData data{snapshot.data(), static_cast<int>(snapshot.size())};
  warder::cell::BufferBudget buffers;
  v8::Isolate* const isolate = warder::cell::MakeIsolate(&data, &buffers);
  std::vector<std::string> code;
  {
    const v8::Isolate::Scope entered(isolate);
    const v8::HandleScope scope(isolate);
    const warder::cell::Runtime runtime(isolate);
    code = warder::cell::MakeLateCode(runtime.context());
  }
  isolate->Dispose();
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  const bool empty = argc == 4 && std::strcmp(argv[1], "--empty") == 0;
  const auto profile = argc >= 3 ? warder::zygote::FindCellProfile(argv[argc - 2]) : std::nullopt;
  if (!profile || (argc != 3 && !empty)) {
    std::cerr << "usage: warder_snapshot [--empty] jitless|jit FILE\n";
    return 2;
  }
  try {
    warder::cell::FrozenPlatform platform;
    v8::V8::SetEntropySource(NoEntropy);
    warder::cell::StartV8(&platform, *profile);
    const std::string snapshot = warder::cell::MakeSnapshot(!empty);
    const std::string startup =
        warder::cell::Startup::Pack(snapshot, empty ? std::vector<std::string>() : LateCode(snapshot));
    std::ofstream file(argv[argc - 1], std::ios::binary);
    file.write(startup.data(), static_cast<std::streamsize>(startup.size()));
    file.close();
    if (!file) throw std::runtime_error("cannot write the file");
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "warder_snapshot: " << error.what() << "\n";
    return 1;
  }
}
