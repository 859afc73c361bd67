// The world outside of the jail, as an attacker would wish to reach it: a file, a program, listeners, shared memory,
// processes, descriptors that were left open. The runner sets it up; attempts get this description of it, which is
// copied to cells as it is.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string_view>

namespace warder::hostile {

struct World {
  pid_t runner = 0;            // plays the engine
  pid_t victim = 0;            // of the jail's uid, or of the suite's where that is not root
  std::uint16_t tcp_port = 0;  // on 127.0.0.1
  key_t key = 0;               // of a shared memory segment, a semaphore and a message queue
  int shared_memory = -1;
  std::int64_t uptime = 0;          // seconds since the machine's start, when the suite began
  std::uint64_t loop_rounds = 0;    // of Spin: twice the CPU time that a cell has
  std::array<char, 160> folder{};   // everybody may write to it
  std::array<char, 160> secret{};   // a file in it
  std::array<char, 160> program{};  // a file in it that everybody may overwrite
  std::array<char, 160> empty_folder{};
  std::array<char, 160> new_name{};        // no file yet
  std::array<char, 160> setuid_program{};  // `test`, owned by root and with the set-user-ID bit
  bool setuid_works = false;
  std::array<char, 108> socket_path{};
  std::array<char, 64> abstract_name{};  // without the leading NUL
  std::array<char, 64> queue{};          // of a POSIX message queue, without the slash; and of a key
  bool has_key = false;                  // in the session keyring of the runner
  std::array<char, 64> memory_file{};    // under /dev/shm
  std::array<char, 65> host_name{};
};

// Planted, not closed on exec, when the jail is launched and in every child that tries something unjailed.
inline constexpr int kPlantedFolder = 4;  // "/"
inline constexpr int kPlantedFile = 5;    // /dev/null, for writing
inline constexpr int kPlantedHigh = 100;  // "/"

// In Base::kSharedMounts: the list of mounts of the namespace around.
inline constexpr int kOuterMounts = 50;

// What a cell may use, in the jail and behind the limits alone.
inline constexpr std::uint64_t kDataBytes = std::uint64_t{64} << 20;
inline constexpr std::uint64_t kCpuSeconds = 1;

// What the files hold.
inline constexpr std::string_view kSecret = "not for cells";

}  // namespace warder::hostile
