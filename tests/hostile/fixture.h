// Makes the world that probes reach for, and takes it away again.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "sandbox/base/unique_fd.h"
#include "tests/hostile/world.h"

namespace warder::hostile {

class Fixture {
 public:
  Fixture();
  Fixture(const Fixture&) = delete;
  Fixture& operator=(const Fixture&) = delete;
  ~Fixture();

  const World& world() const { return world_; }
  // The same world with a victim that is not dumpable.
  World world_with_hidden_victim() const;
  // The uid of victims and of strangers: the jail's own.
  std::uint32_t stranger() const;

 private:
  void MakeFiles();
  void MakeSockets();
  void MakeSharedMemory();
  void MakeKey();
  pid_t MakeVictim(bool dumpable);

  World world_;
  pid_t hidden_victim_ = -1;
  std::filesystem::path folder_;
  std::vector<UniqueFd> kept_;
  int semaphore_ = -1;
  int queue_ = -1;
};

}  // namespace warder::hostile
