// System V and POSIX shared memory, semaphores, message queues, /dev/shm, and locks between cells.
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "tests/hostile/attempt.h"

namespace warder::hostile {

Group IpcProbes() {
  using namespace jail::layer;  // NOLINT(google-build-using-namespace): the names of the layers
  const auto named = [](std::vector<int> errors) { return std::vector<Alone>{{kIpc, std::move(errors)}}; };
  constexpr std::string_view kOwnNamespace = "it is made in the cell's own IPC namespace and ends with it";
  return {
      "shared memory, queues, locks",
      {
          {.name = "shared memory of the host by key",
           .attempt = [](const World& world) { return Call(SYS_shmget, world.key, 0, 0); },
           .without_filter = {{ENOENT}},
           .alone = named({ENOENT})},
          {.name = "shared memory of the host by id",
           .attempt = [](const World& world) { return Call(SYS_shmat, world.shared_memory, 0, SHM_RDONLY); },
           .without_filter = {{EINVAL}},
           .alone = named({EINVAL})},
          {.name = "the state of the host's shared memory",
           .attempt = [](const World& world) { return Call(SYS_shmctl, world.shared_memory, IPC_STAT, Scratch()); },
           .without_filter = {{EINVAL}},
           .alone = named({EINVAL})},
          {.name = "shared memory of its own",
           .attempt =
               [](const World&) {
                 const long id = Call(SYS_shmget, IPC_PRIVATE, 4096, IPC_CREAT | 0600);
                 if (id >= 0) shmctl(static_cast<int>(id), IPC_RMID, nullptr);
                 return id;
               },
           .without_filter = FilterOnly(kOwnNamespace)},
          {.name = "semaphores of the host",
           .attempt = [](const World& world) { return Call(SYS_semget, world.key, 0, 0); },
           .without_filter = {{ENOENT}},
           .alone = named({ENOENT})},
          {.name = "a message queue of the host",
           .attempt = [](const World& world) { return Call(SYS_msgget, world.key, 0); },
           .without_filter = {{ENOENT}},
           .alone = named({ENOENT})},
          {.name = "a POSIX message queue of the host",
           .attempt = [](const World& world) { return Call(SYS_mq_open, world.queue.data(), O_RDONLY, 0, 0); },
           .without_filter = {{EMFILE}},
           .alone = {{kIpc, {ENOENT}}, {kRlimits, {EMFILE}}}},
          {.name = "a POSIX message queue of its own",
           .attempt =
               [](const World& world) {
                 const std::string name = std::string(world.queue.data()) + "-cell";
                 const long fd = Call(SYS_mq_open, name.c_str(), O_RDONLY | O_CREAT, 0600, 0);
                 if (fd >= 0) syscall(SYS_mq_unlink, name.c_str());
                 return fd;
               },
           .base = Base::kStranger,
           .without_filter = {{EMFILE}},
           .alone = {{kRlimits, {EMFILE}}}},
          {.name = "POSIX shared memory of the host",
           .attempt = [](const World& world) { return Call(SYS_openat, AT_FDCWD, world.memory_file.data(), O_RDWR); },
           .without_filter = {{EMFILE}},
           .alone = {{kLandlock, {EACCES}}, {kRoot, {ENOENT}}, {kRlimits, {EMFILE}}}},
          {.name = "lock the socket",
           .attempt = Raw(SYS_flock, 3, LOCK_EX | LOCK_NB),
           .without_filter = FilterOnly("no other cell has this socket")},
          {.name = "wake who waits on shared memory",
           .attempt = [](const World&) { return Call(SYS_futex, Scratch(), FUTEX_WAKE, 1, 0, 0, 0); },
           .without_filter = FilterOnly("no memory is shared")},
          {.name = "a key of the engine's session",
           .attempt = [](const World& world) { return Call(SYS_request_key, "user", world.queue.data(), 0, 0); },
           .without_filter = {{ENOKEY}},
           .missing =
               [](const World& world) {
                 return std::string(world.has_key ? "" : "this kernel, or whoever started the suite, keeps no keys");
               }},
          {.name = "receive from a queue with a bad pointer",
           .attempt = Raw(SYS_mq_timedreceive, -1, kBadPointer, 1, 0, kBadPointer),
           .reached = {EFAULT, EBADF},
           .without_filter = FilterOnly("there is no queue")},
      }};
}

}  // namespace warder::hostile
