#include "sandbox/cell/cell.h"

#include <sys/random.h>
#include <unistd.h>
#include <v8-initialization.h>
#include <v8-snapshot.h>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "sandbox/base/mapped_file.h"
#include "sandbox/cell/channel.h"
#include "sandbox/cell/seed_stream.h"
#include "sandbox/cell/v8_start.h"
#include "sandbox/crypto/start.h"
#include "sandbox/jail/descriptors.h"

namespace warder::cell {
namespace {

// V8 draws its hash seed and its own random numbers from here: a stream that belongs to this cell and costs no system
// call. Scripts never see it; theirs is seeded by Start.
SeedStream* entropy = nullptr;

bool FillEntropy(unsigned char* buffer, std::size_t length) {
  if (entropy != nullptr) {
    entropy->Fill({buffer, length});
    return true;
  }
  // V8 starts in the zygote, before the seal; the image has no /dev/urandom.
  return ::getrandom(buffer, length, 0) == static_cast<ssize_t>(length);
}

// V8 writes what it has to say about a full heap to stderr. A cell has none, and the calls that stdio would make to
// find that out are not among those that it may make.
void SilenceStdio() {
  cookie_io_functions_t nothing{};
  nothing.write = [](void*, const char*, std::size_t size) { return static_cast<ssize_t>(size); };
  FILE* const sink = ::fopencookie(nullptr, "w", nothing);
  if (sink == nullptr) Exit(kFault);
  stdout = sink;
  stderr = sink;
}

// Notes how long the steps of making the cell take.
class StepClock {
 public:
  explicit StepClock(std::vector<zygote::SetupStep>* steps) : steps_(steps) {}

  void Note(const char* name) {
    const auto now = std::chrono::steady_clock::now();
    steps_->push_back(
        {name, static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(now - last_).count())});
    last_ = now;
  }

 private:
  std::vector<zygote::SetupStep>* steps_;
  std::chrono::steady_clock::time_point last_ = std::chrono::steady_clock::now();
};

}  // namespace

CellProgram::CellProgram(const std::string& snapshot_path, zygote::CellProfile profile,
                         PristineCell::Extension extension)
    : startup_file_(snapshot_path), startup_(startup_file_.bytes()), extension_(extension) {
  v8::V8::SetEntropySource(FillEntropy);
  v8_version_ = StartV8(&platform_, profile);
  crypto::StartOpenSsl();
}

void CellProgram::WarmUp() {
  pristine_ = MakePristine();
  pristine_->MakeLateGlobals();
}

std::unique_ptr<PristineCell> CellProgram::MakePristine() {
  return std::make_unique<PristineCell>(&startup_, &platform_, jail::kSocketFd, extension_);
}

void CellProgram::Run(zygote::CellContext& context) {
  StepClock clock(&context.steps);
  SilenceStdio();
  std::array<unsigned char, SeedStream::kSeedBytes> key{};
  std::memcpy(key.data(), context.entropy.data(), key.size());
  SeedStream stream(key);
  entropy = &stream;
  std::array<unsigned char, sizeof(std::uint64_t)> addresses{};
  stream.Fill(addresses);
  ReseedAddresses(std::bit_cast<std::uint64_t>(addresses));
  if (!pristine_) {
    pristine_ = MakePristine();
    clock.Note("isolate");
  }
  pristine_->Serve(context.steps);
}

}  // namespace warder::cell
