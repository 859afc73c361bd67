// warder_snapshot: makes the startup snapshot at build time, on the image's own libraries.
#include <v8-initialization.h>

#include <cstring>
#include <exception>
#include <fstream>
#include <iostream>

#include "sandbox/cell/frozen_platform.h"
#include "sandbox/cell/runtime.h"
#include "sandbox/cell/v8_start.h"

namespace {

// The same inputs make the same snapshot; each isolate gets its own hash seed when it is made from it.
bool NoEntropy(unsigned char* buffer, std::size_t length) {
  std::memset(buffer, 0x5a, length);
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const bool empty = argc == 3 && std::strcmp(argv[1], "--empty") == 0;
  if (argc != 2 && !empty) {
    std::cerr << "usage: warder_snapshot [--empty] FILE\n";
    return 2;
  }
  try {
    warder::cell::FrozenPlatform platform;
    v8::V8::SetEntropySource(NoEntropy);
    warder::cell::StartV8(&platform);
    const std::string blob = warder::cell::MakeSnapshot(!empty);
    std::ofstream file(argv[argc - 1], std::ios::binary);
    file.write(blob.data(), static_cast<std::streamsize>(blob.size()));
    file.close();
    if (!file) throw std::runtime_error("cannot write the file");
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "warder_snapshot: " << error.what() << "\n";
    return 1;
  }
}
