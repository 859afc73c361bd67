// Seals, the index's form, keys in files and in the environment.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <thread>

#include "engine/base/base64.h"
#include "engine/store/testing/children.h"
#include "engine/store/testing/scratch.h"
#include "engine/vault/index.h"
#include "engine/vault/local_key.h"
#include "engine/vault/seal.h"

namespace warder::vault {
namespace {

namespace fs = std::filesystem;
using store::Scratch;
using testing::HasSubstr;

TEST(SealTest, AContextIsOneListOfParts) {
  const auto bytes = [](const SealContext& context) { return std::string(context.bytes()); };
  std::set<std::string> all = {
      bytes(SealContext("ab")),
      bytes(SealContext("a").Add("b")),
      bytes(SealContext("a").Add("").Add("b")),
      bytes(SealContext("a").Add("b").Add("")),
      bytes(SealContext("").Add("ab")),
      bytes(SealContext("a").Add(std::uint64_t{1})),
      bytes(SealContext("a").Add(std::uint64_t{256})),
  };
  EXPECT_EQ(all.size(), 7u);
}

TEST(SealTest, NoTwoSealsAreAlike) {
  const Secret key(std::string(32, 'k'));
  const SealContext context("test");
  const std::string sealed = Seal(key, context, "text");
  EXPECT_NE(sealed, Seal(key, context, "text"));
  EXPECT_EQ(sealed.size(), 4 + kSealOverhead);
  EXPECT_EQ(Unseal(key, context, sealed).value().view(), "text");
  EXPECT_FALSE(Unseal(key, SealContext("other"), sealed));
  EXPECT_TRUE(Unseal(key, context, Seal(key, context, "")).value().empty());
}

TEST(IndexTest, WhatIsWrittenIsReadAndNothingElseIs) {
  Index index{7, {3, std::string(64, 'a')}, {{{"crm", ""}, 1}, {{"crm", "token"}, 7}, {{"erp", ""}, 2}}};
  const std::string bytes = EncodeIndex(index);
  EXPECT_EQ(DecodeIndex(bytes), index);
  EXPECT_EQ(DecodeIndex(EncodeIndex(Index())), Index());
  for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(DecodeIndex(bytes.substr(0, size))) << size;
  EXPECT_FALSE(DecodeIndex(bytes + '\0'));
  EXPECT_FALSE(DecodeIndex('\2' + bytes.substr(1)));
  // Every change either is no index or another one.
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    const auto read = DecodeIndex(changed);
    EXPECT_TRUE(!read || EncodeIndex(*read) == changed) << bit;
  }
  index.epoch = 6;  // below one of its generations
  EXPECT_FALSE(DecodeIndex(EncodeIndex(index)));
}

class LocalKeyTest : public testing::Test {
 protected:
  std::string Refusal() const {
    const auto key = LocalKey::FromFile(file_, LocalKey::IfMissing::kRefuse);
    return key ? "" : key.error().message;
  }
  std::string IdOfFile() const {
    const auto key = LocalKey::FromFile(file_, LocalKey::IfMissing::kRefuse);
    return key ? (*key)->id() : key.error().message;
  }

  Scratch scratch_;
  fs::path file_ = scratch_.folder() / "state" / "kek";
  const SealContext context_{"test"};
};

TEST_F(LocalKeyTest, AFileIsMadeOnceForItsOwnerAlone) {
  EXPECT_THAT(Refusal(), HasSubstr("No such file"));
  bool made = false;
  const auto key = LocalKey::FromFile(file_, LocalKey::IfMissing::kMake, &made);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_TRUE(made);
  struct stat status {};
  ASSERT_EQ(::stat(file_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  const auto again = LocalKey::FromFile(file_, LocalKey::IfMissing::kMake, &made);
  ASSERT_TRUE(again);
  EXPECT_FALSE(made);
  EXPECT_EQ((*again)->id(), (*key)->id());
  EXPECT_THAT((*key)->id(), testing::MatchesRegex("local:[0-9a-f]{32}"));
  EXPECT_EQ(std::distance(fs::directory_iterator(file_.parent_path()), {}), 1);
  EXPECT_EQ((*again)->Unwrap(*(*key)->Wrap(Secret("data key"), context_), context_)->view(), "data key");
}

TEST_F(LocalKeyTest, ManyThatStartAtOnceGetOneKey) {
  store::InChildren(8, [&](int i) {
    const auto key = LocalKey::FromFile(file_, LocalKey::IfMissing::kMake);
    ASSERT_TRUE(key) << key.error().message;
    store::WriteBytes(scratch_.folder() / std::to_string(i), (*key)->id());
  });
  for (int i = 0; i < 8; ++i) EXPECT_EQ(store::BytesOf(scratch_.folder() / std::to_string(i)), IdOfFile());
}

TEST_F(LocalKeyTest, WhatOthersCouldReadOrPlantIsRefused) {
  ASSERT_TRUE(LocalKey::FromFile(file_, LocalKey::IfMissing::kMake));
  ASSERT_EQ(Refusal(), "");
  ::chmod(file_.c_str(), 0640);
  EXPECT_THAT(Refusal(), HasSubstr("chmod 600"));
  ::chmod(file_.c_str(), 0600);
  const fs::path target = scratch_.folder() / "target";
  fs::rename(file_, target);
  fs::create_symlink(target, file_);
  EXPECT_THAT(Refusal(), HasSubstr("it is a link"));
  fs::remove(file_);
  ASSERT_EQ(::mkfifo(file_.c_str(), 0600), 0);
  EXPECT_THAT(Refusal(), HasSubstr("not a regular file"));
}

TEST_F(LocalKeyTest, AFolderInWhichOthersCouldPutAnotherKeyIsRefused) {
  ASSERT_TRUE(LocalKey::FromFile(file_, LocalKey::IfMissing::kMake));
  ASSERT_EQ(Refusal(), "");
  for (const fs::path& folder : {file_.parent_path(), scratch_.folder()}) {
    for (const mode_t mode : {0720, 0702}) {
      ::chmod(folder.c_str(), mode);
      EXPECT_THAT(Refusal(), HasSubstr("others can write to the folder " + folder.string()));
    }
    ::chmod(folder.c_str(), 01777);  // as /tmp is: they cannot touch what is not theirs
    EXPECT_EQ(Refusal(), "");
    ::chmod(folder.c_str(), 0700);
  }
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(scratch_.folder().c_str(), 4711, 4711), 0);
    EXPECT_THAT(Refusal(), HasSubstr("belongs to user 4711, who could put another one there"));
    ASSERT_EQ(::chown(scratch_.folder().c_str(), 0, 0), 0);
  }
  EXPECT_EQ(Refusal(), "");
}

// What is read is what was looked at: names that change meanwhile change nothing.
TEST_F(LocalKeyTest, WhatIsReadIsWhatWasChecked) {
  ASSERT_TRUE(LocalKey::FromFile(file_, LocalKey::IfMissing::kMake));
  const std::string id = IdOfFile();
  const fs::path open = scratch_.folder() / "open";
  store::WriteBytes(open, Base64Of(std::string(32, 'x')));
  ::chmod(open.c_str(), 0666);
  std::atomic<bool> over = false;
  std::thread swapper([&] {
    while (!over) ::renameat2(AT_FDCWD, open.c_str(), AT_FDCWD, file_.c_str(), RENAME_EXCHANGE);
  });
  int read = 0;
  for (int i = 0; i < 2'000; ++i) {
    const std::string now = IdOfFile();
    if (now.starts_with("local:")) {
      EXPECT_EQ(now, id);
      ++read;
    } else {
      EXPECT_THAT(now, HasSubstr("chmod 600 it"));
    }
  }
  over = true;
  swapper.join();
  std::printf("read %d of 2000 times\n", read);
}

TEST_F(LocalKeyTest, WhatIsNoKeyIsRefused) {
  ASSERT_TRUE(LocalKey::FromFile(file_, LocalKey::IfMissing::kMake));
  const std::string good = store::BytesOf(file_);
  for (const std::string& text :
       {std::string(), std::string("hunter2"), good.substr(1), good + good, Base64Of(std::string(31, 'k')),
        Base64Of(std::string(33, 'k')), " " + good, std::string(1000, 'A')}) {
    store::WriteBytes(file_, text);
    EXPECT_THAT(Refusal(), HasSubstr("kek is refused: ")) << text;
  }
  store::WriteBytes(file_, good.substr(0, 44));  // without the end of the line
  EXPECT_EQ(Refusal(), "");
}

TEST_F(LocalKeyTest, TheEnvironmentIsReadOnceAndWiped) {
  EXPECT_EQ(LocalKey::FromEnvironment()->get(), nullptr);
  const std::string text = Base64Of(std::string(32, 'k'));
  ::setenv(LocalKey::kVariable, text.c_str(), 1);
  const char* const place = std::getenv(LocalKey::kVariable);
  const auto key = LocalKey::FromEnvironment();
  ASSERT_TRUE(key && *key);
  EXPECT_EQ((*key)->id(), LocalKey(Secret(std::string(32, 'k'))).id());
  EXPECT_EQ(std::getenv(LocalKey::kVariable), nullptr);
  EXPECT_EQ(place[0], '\0');
  EXPECT_EQ(place[43], '\0');
  ::setenv(LocalKey::kVariable, "hunter2", 1);
  const auto refused = LocalKey::FromEnvironment();
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("$WARDER_KEK is refused: it is not 32 bytes in base64"));
  EXPECT_EQ(refused.error().message.find("hunter2"), std::string::npos);
  EXPECT_EQ(std::getenv(LocalKey::kVariable), nullptr);
}

TEST_F(LocalKeyTest, WhatItDidNotWrapItDoesNotUnwrap) {
  LocalKey key(Secret(std::string(32, 'k')));
  LocalKey other(Secret(std::string(32, 'o')));
  const std::string wrapped = *key.Wrap(Secret(std::string(32, 'd')), context_);
  EXPECT_TRUE(key.Unwrap(wrapped, context_));
  EXPECT_FALSE(other.Unwrap(wrapped, context_));
  EXPECT_FALSE(key.Unwrap(wrapped, SealContext("another tenant")));
  for (std::size_t bit = 0; bit < wrapped.size() * 8; ++bit) {
    std::string changed = wrapped;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(key.Unwrap(changed, context_)) << bit;
  }
  for (std::size_t size = 0; size < wrapped.size(); ++size) EXPECT_FALSE(key.Unwrap(wrapped.substr(0, size), context_));
}

}  // namespace
}  // namespace warder::vault
