// What a cell could execute: nothing that anybody can write, and nothing but what the image's files hold.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/e2e/engine/support.h"

namespace warder::e2e {
namespace {

using testing::IsEmpty;

constexpr std::string_view kV8 = "libnode";

// A line of /proc/PID/maps, proc_pid_maps(5).
struct Region {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;
  std::string rights;
  std::uint64_t offset = 0;
  std::string path;  // empty: anonymous
  bool executable() const { return rights[2] == 'x'; }
  bool writable() const { return rights[1] == 'w'; }
  std::size_t size() const { return end - begin; }
};

std::vector<Region> RegionsOf(pid_t pid) {
  std::vector<Region> regions;
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream words(line);
    Region region;
    char dash = 0;
    std::string device, inode;
    words >> std::hex >> region.begin >> dash >> region.end >> region.rights >> region.offset >> device >> inode >>
        region.path;
    regions.push_back(region);
  }
  return regions;
}

std::string Memory(pid_t pid, const Region& region) {
  std::string bytes(region.size(), '\0');
  const iovec local{bytes.data(), bytes.size()};
  const iovec remote{reinterpret_cast<void*>(region.begin), bytes.size()};  // NOLINT(performance-no-int-to-ptr)
  const ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
  if (got != std::ssize(bytes)) throw std::runtime_error("process_vm_readv: " + std::to_string(errno));
  return bytes;
}

std::string FileBytes(const std::filesystem::path& path, std::uint64_t offset, std::size_t size) {
  std::ifstream file(path, std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  std::string bytes(size, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(size));
  bytes.resize(static_cast<std::size_t>(file.gcount()));
  return bytes;
}

std::string ImageFolder() {
  const char* const folder = std::getenv("WARDER_IMAGE");  // NOLINT(concurrency-mt-unsafe): nobody writes it
  if (folder == nullptr) throw std::runtime_error("WARDER_IMAGE is not set: run this by meson test");
  return folder;
}

std::string Describe(const Region& region) {
  std::ostringstream text;
  text << std::hex << region.begin << '-' << region.end << ' ' << region.rights << ' ' << region.path;
  return text.str();
}

// How many bytes of V8's code are a copy and not the file's pages.
std::size_t CopiedCode(const std::vector<Region>& regions) {
  std::size_t bytes = 0;
  for (const Region& region : regions) {
    if (region.executable() && region.path.empty()) bytes += region.size();
  }
  return bytes;
}

class ExecutableMemoryTest : public testing::TestWithParam<StartMode> {
 protected:
  void SetUp() override {
    execution_ = engine_->Start(Request(),
                                [this](const Event& event) { waiting_ = waiting_ || event.kind == Event::Kind::kLog; });
    ASSERT_TRUE(Poll([this] { return waiting_.load(); }));
  }
  void TearDown() override {
    execution_->Cancel();
    execution_->Wait();
  }

  static ExecutionRequest Request() {
    ExecutionRequest request;
    request.bundle = FlowBundle("console.log('waiting'); await new Promise((done) => setTimeout(done, 60_000));");
    return request;
  }

  // The zygote and its cell, not the launcher.
  static std::vector<pid_t> Jailed() {
    std::vector<pid_t> jailed = DescendantsOf(::getpid());
    std::erase_if(jailed, [](pid_t pid) {
      std::string name;
      std::ifstream("/proc/" + std::to_string(pid) + "/comm") >> name;
      return name != "zygote";
    });
    return jailed;
  }

 private:
  std::unique_ptr<Engine> engine_ = Engine::Open({.start_mode = GetParam(), .pooled_cells = 0});
  std::atomic<bool> waiting_ = false;
  std::optional<Execution> execution_;
};

TEST_P(ExecutableMemoryTest, NothingIsWritableAndExecutable) {
  ASSERT_GE(Jailed().size(), 2U);
  for (const pid_t pid : Jailed()) {
    std::vector<std::string> both;
    std::size_t executable = 0;
    for (const Region& region : RegionsOf(pid)) {
      executable += region.executable() ? 1 : 0;
      if (region.executable() && region.writable()) both.push_back(Describe(region));
    }
    EXPECT_THAT(both, IsEmpty());
    EXPECT_GT(executable, 5U);  // the libraries': the test looks at what it thinks it does
  }
}

TEST_P(ExecutableMemoryTest, AllCodeIsThatOfTheImagesFiles) {
  const std::filesystem::path root = std::filesystem::path(ImageFolder()) / "root";
  for (const pid_t pid : Jailed()) {
    const std::vector<Region> regions = RegionsOf(pid);
    const auto v8 = std::find_if(regions.begin(), regions.end(), [](const Region& region) {
      return region.path.find(kV8) != std::string::npos && region.offset == 0;
    });
    ASSERT_NE(v8, regions.end());
    for (const Region& region : regions) {
      if (!region.executable() || region.path.starts_with('[')) continue;
      // A copy of V8's code is where the file's pages were.
      const std::string path = region.path.empty() ? v8->path : region.path;
      const std::uint64_t offset = region.path.empty() ? region.begin - v8->begin : region.offset;
      EXPECT_TRUE(Memory(pid, region).starts_with(FileBytes(root / path.substr(1), offset, region.size())))
          << Describe(region);
    }
  }
}

TEST_P(ExecutableMemoryTest, CellsShareTheZygotesLargePagesOfCode) {
  std::string setting;
  std::getline(std::ifstream("/sys/kernel/mm/transparent_hugepage/enabled"), setting);
  if (setting.empty()) GTEST_SKIP() << "this kernel has no transparent large pages";
  for (const pid_t pid : Jailed()) {
    const std::size_t copied = CopiedCode(RegionsOf(pid));
    if (copied == 0) GTEST_SKIP() << "this kernel gave no large pages (" << setting << ")";
    EXPECT_EQ(copied, std::size_t{14} << 20);
  }
}

INSTANTIATE_TEST_SUITE_P(StartModes, ExecutableMemoryTest, testing::Values(StartMode::kWarm, StartMode::kFresh),
                         [](const auto& mode) { return mode.param == StartMode::kWarm ? "Warm" : "Fresh"; });

}  // namespace
}  // namespace warder::e2e
