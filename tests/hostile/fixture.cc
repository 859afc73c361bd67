#include "tests/hostile/fixture.h"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <pty.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <ctime>
#include <fstream>
#include <stdexcept>

#include "sandbox/jail/identity.h"
#include "sandbox/jail/process.h"
#include "tests/hostile/attempt.h"

namespace warder::hostile {

namespace fs = std::filesystem;

namespace {

template <std::size_t N>
void Copy(const std::string& text, std::array<char, N>& out) {
  if (text.size() >= N) throw std::runtime_error("too long a name: " + text);
  text.copy(out.data(), text.size());
  out[text.size()] = '\0';
}

int Must(int result, const char* what) {
  if (result < 0) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
  return result;
}

void WriteFile(const fs::path& path, fs::perms mode) {
  std::ofstream(path) << kSecret;
  fs::permissions(path, mode);
}

void Plant(const char* path, int flags, int target) {
  const UniqueFd file(Must(open(path, flags | O_CLOEXEC), path));
  Must(dup2(file.get(), target), "dup2");
}

// A cell has no clock of its CPU time, so that it has to count. The best of several: others use the machine too.
std::uint64_t MeasureLoop() {
  constexpr std::uint64_t kRounds = 50'000'000;
  double best = 0;
  for (int i = 0; i < 5; ++i) {
    const std::clock_t start = std::clock();
    Spin(kRounds);
    const double used = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    best = std::max(best, kRounds / used);
  }
  return static_cast<std::uint64_t>(2 * kCpuSeconds * best);
}

}  // namespace

std::uint32_t Fixture::stranger() const { return jail::JailUidFor(world_.runner); }

Fixture::Fixture() {
  world_.runner = getpid();
  std::string name = (fs::temp_directory_path() / "warder-hostile-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
  folder_ = name;
  Copy(name, world_.folder);
  Must(gethostname(world_.host_name.data(), world_.host_name.size()), "gethostname");
  timespec now{};
  Must(clock_gettime(CLOCK_BOOTTIME, &now), "clock_gettime");
  world_.uptime = now.tv_sec;
  world_.loop_rounds = MeasureLoop();
  MakeFiles();
  MakeSockets();
  MakeSharedMemory();
  MakeKey();
  world_.victim = MakeVictim(true);
  hidden_victim_ = MakeVictim(false);

  // A terminal as standard input, and descriptors that were not closed on exec: the jail must get none of them.
  int leader = -1;
  int terminal = -1;
  Must(openpty(&leader, &terminal, nullptr, nullptr, nullptr), "openpty");
  kept_.emplace_back(leader);
  Must(dup2(terminal, STDIN_FILENO), "dup2");
  close(terminal);
  for (const int fd : {7, kPlantedHigh, 700}) Plant("/", O_RDONLY | O_DIRECTORY, fd);
}

Fixture::~Fixture() {
  for (const pid_t victim : {world_.victim, hidden_victim_}) {
    if (victim <= 0) continue;
    kill(victim, SIGKILL);
    waitpid(victim, nullptr, 0);
  }
  if (world_.shared_memory >= 0) shmctl(world_.shared_memory, IPC_RMID, nullptr);
  if (semaphore_ >= 0) semctl(semaphore_, 0, IPC_RMID);
  if (queue_ >= 0) msgctl(queue_, IPC_RMID, nullptr);
  mq_unlink(("/" + std::string(world_.queue.data())).c_str());
  unlink(world_.memory_file.data());
  for (const int fd : {7, kPlantedHigh, 700}) close(fd);
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

World Fixture::world_with_hidden_victim() const {
  World world = world_;
  world.victim = hidden_victim_;
  return world;
}

void Fixture::MakeFiles() {
  fs::permissions(folder_, fs::perms(0777));
  Copy(folder_ / "secret", world_.secret);
  Copy(folder_ / "program", world_.program);
  Copy(folder_ / "new", world_.new_name);
  Copy(folder_ / "setuid", world_.setuid_program);
  WriteFile(folder_ / "secret", fs::perms(0644));
  WriteFile(folder_ / "program", fs::perms(0777));
  Copy(folder_ / "empty", world_.empty_folder);
  fs::create_directory(folder_ / "empty");
  Copy("/dev/shm/warder-hostile-" + std::to_string(getpid()), world_.memory_file);
  WriteFile(world_.memory_file.data(), fs::perms(0666));

  struct statvfs mount {};
  Must(statvfs(folder_.c_str(), &mount), "statvfs");
  if (geteuid() != 0 || (mount.f_flag & ST_NOSUID) != 0) return;
  fs::copy_file("/usr/bin/test", folder_ / "setuid");
  fs::permissions(folder_ / "setuid", fs::perms(04755));
  world_.setuid_works = true;
}

void Fixture::MakeSockets() {
  sockaddr_in loopback{};
  loopback.sin_family = AF_INET;
  loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof loopback;
  auto* address = reinterpret_cast<sockaddr*>(&loopback);
  UniqueFd tcp(Must(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
  Must(bind(tcp.get(), address, size), "bind");
  Must(listen(tcp.get(), 64), "listen");
  Must(getsockname(tcp.get(), address, &size), "getsockname");
  world_.tcp_port = ntohs(loopback.sin_port);
  kept_.push_back(std::move(tcp));

  Copy(folder_ / "socket", world_.socket_path);
  Copy("warder-hostile-" + std::to_string(getpid()), world_.abstract_name);
  const auto listen_at = [&](const char* path, std::size_t length) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path, length);
    UniqueFd listener(Must(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket"));
    const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
    Must(bind(listener.get(), reinterpret_cast<sockaddr*>(&name), bytes), "bind");
    Must(listen(listener.get(), 64), "listen");
    kept_.push_back(std::move(listener));
  };
  listen_at(world_.socket_path.data(), std::strlen(world_.socket_path.data()) + 1);
  fs::permissions(folder_ / "socket", fs::perms(0777));
  const std::string abstract = std::string(1, '\0') + world_.abstract_name.data();
  listen_at(abstract.data(), abstract.size());
}

void Fixture::MakeSharedMemory() {
  world_.key = static_cast<key_t>(0x77000000 + getpid());
  world_.shared_memory = Must(shmget(world_.key, 4096, IPC_CREAT | IPC_EXCL | 0666), "shmget");
  semaphore_ = Must(semget(world_.key, 1, IPC_CREAT | IPC_EXCL | 0666), "semget");
  queue_ = Must(msgget(world_.key, IPC_CREAT | IPC_EXCL | 0666), "msgget");
  Copy("warder-hostile-" + std::to_string(getpid()), world_.queue);
  const std::string name = "/" + std::string(world_.queue.data());
  const mqd_t queue = mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666, nullptr);
  Must(queue, "mq_open");
  mq_close(queue);
}

// In a session keyring of the suite's own, which ends with it.
void Fixture::MakeKey() {
  constexpr int kSessionKeyring = -3;
  if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr) < 0) return;
  world_.has_key =
      syscall(SYS_add_key, "user", world_.queue.data(), kSecret.data(), kSecret.size(), kSessionKeyring) > 0;
}

pid_t Fixture::MakeVictim(bool dumpable) {
  std::array<int, 2> ends{};
  Must(pipe2(ends.data(), O_CLOEXEC), "pipe2");
  const UniqueFd ready(ends[0]);
  UniqueFd tell(ends[1]);
  const pid_t victim = Must(fork(), "fork");
  if (victim == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const bool done = jail::LeaveRoot(stranger()) && jail::DieWithParent() &&
                      jail::SetDumpable(dumpable ? jail::Dumpable::kYes : jail::Dumpable::kNo);
    if (!done || write(tell.get(), "!", 1) != 1) _exit(1);
    for (;;) pause();
  }
  tell.reset();
  char byte = 0;
  if (read(ready.get(), &byte, 1) != 1) throw std::runtime_error("the victim did not start");
  return victim;
}

}  // namespace warder::hostile
