#include "engine/audit/key_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <thread>
#include <vector>

namespace warder::audit {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class KeyFileTest : public testing::Test {
 protected:
  KeyFileTest() {
    std::string pattern = (fs::temp_directory_path() / "key-test.XXXXXX").string();
    scratch_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { fs::remove_all(scratch_); }

  static std::string Refusal(const fs::path& path) {
    const auto key = LoadSigningKey(path);
    return key ? "" : key.error().message;
  }
  fs::path Made(const char* name) const {
    EXPECT_TRUE(*MakeKeyFile(scratch_ / name));
    return scratch_ / name;
  }

  fs::path scratch_;
};

TEST_F(KeyFileTest, AKeyIsMadeOnceForItsOwnerAloneWithItsFolders) {
  const fs::path path = scratch_ / "state" / "warder" / "key.pem";
  const auto made = MakeKeyFile(path);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(*made);
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  EXPECT_EQ(status.st_nlink, 1u);
  ASSERT_EQ(::stat(path.parent_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0700u);

  const std::string id = LoadSigningKey(path)->public_key().id();
  EXPECT_FALSE(*MakeKeyFile(path));
  EXPECT_EQ(LoadSigningKey(path)->public_key().id(), id);
  EXPECT_EQ(std::distance(fs::directory_iterator(path.parent_path()), {}), 1);
}

TEST_F(KeyFileTest, ManyThatStartAtOnceGetOneKey) {
  const fs::path path = scratch_ / "key.pem";
  std::atomic<int> made = 0;
  std::vector<std::string> ids(8);
  std::vector<std::thread> threads;
  threads.reserve(ids.size());
  for (std::string& id : ids) {
    threads.emplace_back([&] {
      made += *MakeKeyFile(path) ? 1 : 0;
      id = LoadSigningKey(path)->public_key().id();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(made, 1);
  EXPECT_EQ(ids, std::vector<std::string>(8, ids.front()));
  EXPECT_EQ(std::distance(fs::directory_iterator(scratch_), {}), 1);
}

TEST_F(KeyFileTest, WhatOthersCouldReadOrReplaceIsRefused) {
  const fs::path path = Made("key.pem");
  for (const mode_t mode : {0640u, 0604u, 0660u, 0700u, 04600u}) {
    ASSERT_EQ(::chmod(path.c_str(), mode), 0);
    EXPECT_THAT(Refusal(path), HasSubstr("chmod 600")) << std::oct << mode;
  }
  ASSERT_EQ(::chmod(path.c_str(), 0400), 0);
  EXPECT_EQ(Refusal(path), "");
  fs::create_symlink("key.pem", scratch_ / "link");
  EXPECT_THAT(Refusal(scratch_ / "link"), HasSubstr("it is a link"));
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(path.c_str(), 1, 1), 0);
    EXPECT_THAT(Refusal(path), HasSubstr("it belongs to user 1"));
  }
}

TEST_F(KeyFileTest, WhatIsNoKeyIsRefused) {
  EXPECT_THAT(Refusal(scratch_ / "absent"), HasSubstr("openssl genpkey -algorithm ed25519"));
  EXPECT_THAT(Refusal(scratch_), HasSubstr("not a regular file"));
  ASSERT_EQ(::mkfifo((scratch_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(Refusal(scratch_ / "pipe"), HasSubstr("not a regular file"));
  const auto with = [&](const std::string& text) {
    const fs::path path = scratch_ / "text";
    std::ofstream(path) << text;
    ::chmod(path.c_str(), 0600);
    return Refusal(path);
  };
  EXPECT_THAT(with(""), HasSubstr("not an unencrypted Ed25519 private key"));
  EXPECT_THAT(with(std::string(100'000, 'x')), HasSubstr("File too large"));
}

TEST_F(KeyFileTest, WhereNothingCanBeMadeIsOneSentence) {
  std::ofstream(scratch_ / "file") << "";
  const auto made = MakeKeyFile(scratch_ / "file" / "key.pem");
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("--signing-key"));
  // The errno of mkdir itself, where looking at what is there fails in another way or not at all.
  const auto in_proc = MakeKeyFile("/proc/warder-state/key.pem");
  ASSERT_FALSE(in_proc);
  EXPECT_THAT(in_proc.error().message, HasSubstr("No such file or directory"));
  const auto too_long = MakeKeyFile(scratch_ / std::string(300, 'x') / "key.pem");
  ASSERT_FALSE(too_long);
  EXPECT_THAT(too_long.error().message, HasSubstr("File name too long"));
}

}  // namespace
}  // namespace warder::audit
