#include "sandbox/zygote/testcases/raw_calls.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <sstream>
#include <vector>

namespace warder::testcases {

namespace {

volatile int soft_limit_seen = 0;
alignas(4096) std::array<char, 4096> page;

std::string Answer(long result) { return "= " + std::to_string(result < 0 ? -static_cast<long>(errno) : result); }

std::string Call(std::istringstream& words) {
  long number = 0;
  words >> number;
  std::array<unsigned long, 6> arguments{};
  std::deque<std::string> strings;  // stable addresses
  std::size_t count = 0;
  for (std::string word; count < arguments.size() && words >> word; ++count) {
    char* end = nullptr;
    const unsigned long value = std::strtoul(word.c_str(), &end, 0);
    if (*end == '\0') {
      arguments.at(count) = value;
    } else if (word == "buffer") {
      arguments.at(count) = reinterpret_cast<unsigned long>(page.data());
    } else {
      arguments.at(count) = reinterpret_cast<unsigned long>(strings.emplace_back(word).c_str());
    }
  }
  return Answer(syscall(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]));
}

std::string MapWriteExecute() {
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return Answer(-1);
  static_cast<char*>(memory)[0] = '\xc3';
  return Answer(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
}

std::string Int80(std::istringstream& words) {
  long number = 0;
  words >> number;
  long result = 0;
  asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(0), "c"(0), "d"(0) : "memory", "r8", "r9", "r10", "r11");
  return "= " + std::to_string(result);
}

void Segv() {
  volatile int* volatile nowhere = nullptr;
  *nowhere = 1;  // NOLINT(clang-analyzer-core.NullDereference): meant
}

[[noreturn]] void Grow() {
  constexpr std::size_t kStep = std::size_t{1} << 20;
  for (;;) {
    void* memory = mmap(nullptr, kStep, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) _exit(42);
    std::memset(memory, 1, kStep);
  }
}

}  // namespace

void OnSoftLimit(int) { soft_limit_seen = 1; }

std::string Execute(std::string_view line) {
  std::istringstream words{std::string(line)};
  std::string verb;
  words >> verb;
  if (verb == "call") return Call(words);
  if (verb == "mmap-write-exec") return MapWriteExecute();
  if (verb == "int80") return Int80(words);
  if (verb == "segv") Segv();
  if (verb == "abort") std::abort();
  if (verb == "grow") Grow();
  if (verb == "loop") {
    for (;;) asm volatile("");
  }
  if (verb == "exit") {
    int status = 0;
    words >> status;
    _exit(status);
  }
  if (verb == "soft") {
    while (soft_limit_seen == 0) asm volatile("pause");
    return "soft";
  }
  if (verb == "facts") {
    return "pid=" + std::to_string(getpid()) + " tid=" + std::to_string(syscall(SYS_gettid)) +
           " environment=" + (environ == nullptr || environ[0] == nullptr ? "" : environ[0]);
  }
  if (verb == "clock") {
    timespec now{};
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0 ? std::to_string(now.tv_sec) : "none";
  }
  return "unknown";
}

}  // namespace warder::testcases
