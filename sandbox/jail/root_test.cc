#include "sandbox/jail/root.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "sandbox/base/unique_fd.h"
#include "sandbox/jail/testing/child.h"

namespace warder::jail {
namespace {

using testing::InNamespacedChild;
using testing::Say;

#define SKIP_WITHOUT_NAMESPACES(end) \
  if ((end).said.starts_with("no user namespace")) GTEST_SKIP() << (end).said

std::string Open(const char* path, int flags) {
  const UniqueFd file(open(path, flags | O_CLOEXEC, 0600));
  return file ? "opened" : std::to_string(errno);
}

class RootTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "warder-root-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
    std::filesystem::permissions(folder_, std::filesystem::perms{0755});
    std::ofstream(folder_ / "file") << "here";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(RootTest, TheImageIsAllThereIsAndReadOnly) {
  const auto end = InNamespacedChild([&]() -> std::string {
    if (chdir(folder_.c_str()) != 0) return "chdir";
    if (const auto done = CutPropagation(); !done) return Say(done);
    if (const auto done = PivotIntoCurrentDirectory(); !done) return Say(done);
    return Open("/file", O_RDONLY) + " " + Open("/etc/passwd", O_RDONLY) + " " + Open("/../../etc/passwd", O_RDONLY) +
           " " + Open("/new", O_WRONLY | O_CREAT);
  });
  SKIP_WITHOUT_NAMESPACES(end);
  const std::string none = std::to_string(ENOENT);
  EXPECT_EQ(end.said, "opened " + none + " " + none + " " + std::to_string(EROFS));
}

TEST_F(RootTest, ThenThereIsNothing) {
  const auto end = InNamespacedChild([&]() -> std::string {
    if (chdir(folder_.c_str()) != 0) return "chdir";
    if (const auto done = CutPropagation(); !done) return Say(done);
    if (const auto done = PivotIntoCurrentDirectory(); !done) return Say(done);
    if (const auto done = PivotIntoNothing(); !done) return Say(done);
    std::string said = Open("/file", O_RDONLY) + " " + Open("/new", O_WRONLY | O_CREAT);
    for (const auto& entry : std::filesystem::directory_iterator("/")) said += " " + entry.path().string();
    char where[16] = {};
    said += getcwd(where, sizeof where) != nullptr ? std::string(" at ") + where : " lost";
    // Still with every right in this namespace: it can be made writable by nobody, nor filled.
    said += mount(nullptr, "/", nullptr, MS_REMOUNT | MS_BIND, nullptr) == 0 && mkdir("/x", 0700) == 0 ? " filled" : "";
    return said;
  });
  SKIP_WITHOUT_NAMESPACES(end);
  EXPECT_EQ(end.said, std::to_string(ENOENT) + " " + std::to_string(EROFS) + " at /");
}

TEST_F(RootTest, WithoutRightsEachStepIsRefused) {
  const auto end = testing::InChild([&]() -> std::string {
    if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0) return "cannot leave root";
    return Say(CutPropagation()) + "|" + Say(PivotIntoCurrentDirectory()) + "|" + Say(PivotIntoNothing());
  });
  EXPECT_NE(end.said.find("mount-namespace: "), std::string::npos) << end.said;
  EXPECT_NE(end.said.find("|root: open_tree"), std::string::npos) << end.said;
  EXPECT_NE(end.said.find("|root: fsopen"), std::string::npos) << end.said;
}

TEST_F(RootTest, MountsBelowTheImageAreNotTaken) {
  std::filesystem::create_directory(folder_ / "below");
  const auto end = InNamespacedChild([&]() -> std::string {
    if (mount("tmpfs", (folder_ / "below").c_str(), "tmpfs", 0, nullptr) != 0) return "mount";
    if (chdir(folder_.c_str()) != 0) return "chdir";
    std::string said = Say(PivotIntoCurrentDirectory());
    if (mkdir("/below/x", 0700) == 0) said += " but with what was mounted below";
    return said;
  });
  SKIP_WITHOUT_NAMESPACES(end);
  // The kernel either refuses, or the new root is without the mount below.
  EXPECT_TRUE(end.said.starts_with("root: ") || end.said == "ok") << end.said;
}

}  // namespace
}  // namespace warder::jail
