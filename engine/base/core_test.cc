// What a process leaves of its secrets to others when it dies, and to other processes of its user while it lives:
// without HardenMemory all of it, with it nothing. Each test begins with that control.
//
// The program starts itself anew as the process that holds a secret: `core_test victim MODE`.
#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "engine/base/secret.h"
#include "warder/hygiene.h"

namespace warder {
namespace {

constexpr std::size_t kCanaryBytes = 32;
constexpr uid_t kNobody = 65534;
constexpr int kAnswerMilliseconds = 30'000;

enum class Mode {
  kPlain,       // a process as any other
  kSecureHeap,  // has that, and nothing else of HardenMemory
  kHardened,    // HardenMemory, before there is a secret
};

// What it tells, in this order: the secret's bytes and place, then the same of bytes in ordinary memory.
struct Told {
  std::array<char, kCanaryBytes> secret{};
  std::uintptr_t secret_at = 0;
  std::array<char, kCanaryBytes> plain{};
};

void Randomize(char* bytes) {
  if (::getrandom(bytes, kCanaryBytes, 0) != static_cast<ssize_t>(kCanaryBytes)) std::abort();
}

// Holds a secret, says which, and dies of SIGABRT when it is told to. No copy of the secret is made here.
int BeVictim(Mode mode) {
  if (mode == Mode::kSecureHeap) CRYPTO_secure_malloc_init(kSecureHeapBytes, 32);
  if (mode == Mode::kHardened) HardenMemory();
  Secret secret = Secret::Zeroes(kCanaryBytes);
  char* const plain = static_cast<char*>(std::malloc(kCanaryBytes));
  Randomize(secret.data());
  Randomize(plain);
  const auto at = reinterpret_cast<std::uintptr_t>(secret.data());
  const std::array<iovec, 3> told = {
      {{secret.data(), kCanaryBytes}, {const_cast<std::uintptr_t*>(&at), sizeof(at)}, {plain, kCanaryBytes}}};
  if (::writev(STDOUT_FILENO, told.data(), told.size()) != static_cast<ssize_t>(sizeof(Told))) return 1;
  char how = 0;
  if (::read(STDIN_FILENO, &how, 1) == 1) std::abort();
  std::free(plain);
  return 0;
}

// A process of this program that is one of those, in `folder`, with cores as large as they like.
class Victim {
 public:
  Victim(Mode mode, const std::filesystem::path& folder) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    if (::pipe2(in.data(), O_CLOEXEC) != 0 || ::pipe2(out.data(), O_CLOEXEC) != 0) std::abort();
    const std::string name = std::to_string(static_cast<int>(mode));
    pid_ = ::fork();
    if (pid_ == 0) {
      rlimit core{};
      ::getrlimit(RLIMIT_CORE, &core);
      core.rlim_cur = core.rlim_max;
      ::setrlimit(RLIMIT_CORE, &core);
      if (::chdir(folder.c_str()) != 0) ::_exit(1);
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      ::execl("/proc/self/exe", "core_test", "victim", name.c_str(), nullptr);
      ::_exit(1);
    }
    ::close(in[0]);
    ::close(out[1]);
    input_ = in[1];
    pollfd ready{out[0], POLLIN, 0};
    const bool told = ::poll(&ready, 1, kAnswerMilliseconds) == 1 &&
                      ::read(out[0], &told_, sizeof(told_)) == static_cast<ssize_t>(sizeof(told_));
    ::close(out[0]);
    if (!told) pid_ = Reap();
  }
  ~Victim() {
    ::close(input_);
    if (pid_ > 0) Reap();
  }
  Victim(const Victim&) = delete;
  Victim& operator=(const Victim&) = delete;
  Victim(Victim&&) = delete;
  Victim& operator=(Victim&&) = delete;

  bool lives() const { return pid_ > 0; }
  pid_t pid() const { return pid_; }
  std::string_view secret() const { return {told_.secret.data(), kCanaryBytes}; }
  std::string_view plain() const { return {told_.plain.data(), kCanaryBytes}; }
  std::uintptr_t secret_at() const { return told_.secret_at; }

  // How it ended.
  int Abort() {
    if (::write(input_, "a", 1) != 1) return -1;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

 private:
  pid_t Reap() const {
    ::waitpid(pid_, nullptr, 0);
    return -1;
  }

  pid_t pid_ = -1;
  int input_ = -1;
  Told told_;
};

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "warder-core.XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  Folder(Folder&&) = delete;
  Folder& operator=(Folder&&) = delete;
  const std::filesystem::path& path() const { return path_; }

  // Of all files in it.
  std::string Bytes() const {
    std::string all;
    for (const auto& each : std::filesystem::directory_iterator(path_)) {
      std::ifstream file(each.path(), std::ios::binary);
      all.append(std::istreambuf_iterator<char>(file), {});
    }
    return all;
  }
  bool empty() const { return std::filesystem::is_empty(path_); }

 private:
  std::filesystem::path path_;
};

// Why a process that dies in a folder of ours leaves no core there that could be looked into; empty: it does.
std::string WhyNoCores() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return "a sanitizer lets its processes write no cores";
#endif
  std::string pattern;
  std::getline(std::ifstream("/proc/sys/kernel/core_pattern"), pattern);
  rlimit core{};
  ::getrlimit(RLIMIT_CORE, &core);
  if (pattern.empty()) return "this machine writes no cores (core_pattern is empty)";
  if (pattern.front() == '|' || pattern.front() == '/') {
    return "this machine's cores go elsewhere (core_pattern is " + pattern + "), where a test has no business";
  }
  if (core.rlim_max == 0) return "this process may write no cores (RLIMIT_CORE is 0)";
  return {};
}

TEST(CoreTest, ACoreHoldsTheSecretsOfAProcessThatIsNotHardened) {
  if (const std::string why = WhyNoCores(); !why.empty()) GTEST_SKIP() << why;
  const Folder folder;
  Victim victim(Mode::kPlain, folder.path());
  ASSERT_TRUE(victim.lives());
  const int status = victim.Abort();
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) << status;
  EXPECT_TRUE(WCOREDUMP(status));
  EXPECT_TRUE(folder.Bytes().find(victim.secret()) != std::string::npos);
}

TEST(CoreTest, AHardenedProcessLeavesNoCore) {
  const Folder folder;
  Victim victim(Mode::kHardened, folder.path());
  ASSERT_TRUE(victim.lives());
  const int status = victim.Abort();
  ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) << status;
  EXPECT_FALSE(WCOREDUMP(status)) << "the kernel's word: there is none, nowhere";
  EXPECT_TRUE(folder.empty());
}

TEST(CoreTest, TheSecureHeapIsInNoCoreWhateverElseIs) {
  if (const std::string why = WhyNoCores(); !why.empty()) GTEST_SKIP() << why;
  const Folder folder;
  Victim victim(Mode::kSecureHeap, folder.path());
  ASSERT_TRUE(victim.lives());
  EXPECT_TRUE(WCOREDUMP(victim.Abort()));
  const std::string core = folder.Bytes();
  EXPECT_TRUE(core.find(victim.plain()) != std::string::npos) << "the control";
  EXPECT_TRUE(core.find(victim.secret()) == std::string::npos);
}

// What another process of the same, ordinary user can do with `victim`; a bit each.
enum Reach : int { kReadsMem = 1, kReadsVm = 2, kReadsEnvironment = 4, kTraces = 8 };
constexpr int kAll = kReadsMem | kReadsVm | kReadsEnvironment | kTraces;

int ReachOf(const Victim& victim) {
  const std::string proc = "/proc/" + std::to_string(victim.pid());
  int reach = 0;
  std::array<char, kCanaryBytes> read{};
  const auto found = [&](ssize_t got) {
    return got == static_cast<ssize_t>(read.size()) && std::string_view(read.data(), read.size()) == victim.secret();
  };
  const int memory = ::open((proc + "/mem").c_str(), O_RDONLY | O_CLOEXEC);
  if (memory >= 0 && found(::pread(memory, read.data(), read.size(), static_cast<off_t>(victim.secret_at())))) {
    reach |= kReadsMem;
  }
  ::close(memory);
  read = {};
  const iovec here{read.data(), read.size()};
  const iovec there{reinterpret_cast<void*>(victim.secret_at()), read.size()};  // NOLINT(performance-no-int-to-ptr)
  if (found(::process_vm_readv(victim.pid(), &here, 1, &there, 1, 0))) reach |= kReadsVm;
  const int environment = ::open((proc + "/environ").c_str(), O_RDONLY | O_CLOEXEC);
  char byte = 0;
  if (environment >= 0 && ::read(environment, &byte, 1) >= 0) reach |= kReadsEnvironment;
  ::close(environment);
  if (::ptrace(PTRACE_SEIZE, victim.pid(), nullptr, nullptr) == 0) reach |= kTraces;
  return reach;
}

// The same, looked at by an ordinary user who started the victim: nobody has more rights, but root.
int ReachOfAnOrdinaryUser(Mode mode) {
  const pid_t observer = ::fork();
  if (observer == 0) {
    const bool root = ::geteuid() == 0;
    if (root && (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0)) ::_exit(64);
    const Victim victim(mode, "/");
    ::_exit(victim.lives() ? ReachOf(victim) : 65);
  }
  int status = 0;
  ::waitpid(observer, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(CoreTest, ProcessesOfTheSameUserReachIntoOneThatIsNotHardenedAndNotIntoOneThatIs) {
  const int plain = ReachOfAnOrdinaryUser(Mode::kPlain);
  const int hardened = ReachOfAnOrdinaryUser(Mode::kHardened);
  EXPECT_EQ(hardened, 0);
  // Yama may forbid some of it to everybody, in which case there is less to be kept from.
  if (plain == 0) GTEST_SKIP() << "this machine lets no process look into another";
  EXPECT_EQ(plain, kAll);
}

}  // namespace
}  // namespace warder

int main(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "victim") {
    return warder::BeVictim(static_cast<warder::Mode>(std::atoi(argv[2])));
  }
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
