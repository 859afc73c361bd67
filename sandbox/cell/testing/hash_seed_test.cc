// What V8 hashes strings with: whoever knows it can choose keys that collide.
//
// V8 draws it once for a process, when that makes its first isolate, and offers no way to draw it again. So in start
// mode `fresh` each cell has one of its own, and in `warm` it is that of the zygote, for as many cells as one zygote
// makes.
//
// usage: hash_seed_test SNAPSHOT [gtest flags]
#include <gtest/gtest.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>
#include <v8-initialization.h>
#include <v8-primitive.h>
#include <v8-snapshot.h>

#include <array>
#include <cstdint>
#include <string>

#include "sandbox/base/mapped_file.h"
#include "sandbox/cell/buffer_budget.h"
#include "sandbox/cell/frozen_platform.h"
#include "sandbox/cell/runtime.h"
#include "sandbox/cell/startup.h"
#include "sandbox/cell/v8_start.h"

namespace warder::cell {
namespace {

const Startup* startup = nullptr;

struct Seen {
  std::uint64_t seed = 0;
  int hash = 0;  // of a string that no snapshot has
};

Seen LookAt(v8::Isolate* isolate) {
  const v8::Isolate::Scope entered(isolate);
  const v8::HandleScope scope(isolate);
  return {isolate->GetHashSeed(), v8::String::NewFromUtf8Literal(isolate, "looked at")->GetIdentityHash()};
}

v8::Isolate* Make() {
  static BufferBudget buffers;
  return MakeIsolate(&startup->snapshot(), &buffers);
}

// In a process of its own; of `isolate`, or of one that it makes.
Seen LookInChild(v8::Isolate* isolate) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return {};
  const pid_t child = ::fork();
  if (child == 0) {
    const Seen seen = LookAt(isolate != nullptr ? isolate : Make());
    ::_exit(::write(ends[1], &seen, sizeof seen) == sizeof seen ? 0 : 1);
  }
  Seen seen;
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(::read(ends[0], &seen, sizeof seen), static_cast<ssize_t>(sizeof seen));
  for (const int fd : ends) ::close(fd);
  return seen;
}

// In this order: what follows is only so because this process has made an isolate.
TEST(HashSeedTest, IsTheCellsOwnOrItsZygotes) {
  const Seen one = LookInChild(nullptr);
  const Seen two = LookInChild(nullptr);
  EXPECT_NE(one.seed, two.seed);
  EXPECT_NE(one.hash, two.hash) << "the snapshot was not rehashed";

  v8::Isolate* const warm = Make();
  const Seen zygotes = LookAt(warm);
  EXPECT_NE(zygotes.seed, one.seed);
  for (int cell = 0; cell < 2; ++cell) {
    const Seen own = LookInChild(warm);
    EXPECT_EQ(own.seed, zygotes.seed);
    EXPECT_EQ(own.hash, zygotes.hash);
  }
  EXPECT_EQ(LookInChild(nullptr).seed, zygotes.seed)
      << "this V8 can do better: so can a warm cell, SECURITY.md and the recycling of zygotes";
}

bool DrawEntropy(unsigned char* buffer, std::size_t length) {
  return ::getrandom(buffer, length, 0) == static_cast<ssize_t>(length);
}

}  // namespace
}  // namespace warder::cell

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  if (argc != 2) return 2;
  const warder::MappedFile file(argv[1]);
  const warder::cell::Startup startup(file.bytes());
  warder::cell::startup = &startup;
  warder::cell::FrozenPlatform platform;
  v8::V8::SetEntropySource(warder::cell::DrawEntropy);
  warder::cell::StartV8(&platform, warder::zygote::CellProfile::kJitless);
  return RUN_ALL_TESTS();
}
