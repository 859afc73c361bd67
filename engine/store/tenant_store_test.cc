#include "engine/store/tenant_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "engine/store/testing/scratch.h"

namespace warder::store {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST(TenantIdTest, NamesThatCanBeFileNames) {
  for (const char* text : {"a", "0", "acme", "acme-eu.west_2", "a..b", "a-wal"}) {
    const auto id = TenantId::Parse(text);
    ASSERT_TRUE(id) << text;
    EXPECT_EQ(id->text(), text);
  }
  EXPECT_TRUE(TenantId::Parse(std::string(64, 'a')));
}

TEST(TenantIdTest, AllOthersAreRefused) {
  using std::string_literals::operator""s;
  for (const std::string& text : {""s, "."s, ".."s, ".a"s, "-a"s, "_a"s, "A"s, "aB"s, "a/b"s, "../a"s, "a b"s, "a\0b"s,
                                  "a\n"s, "\xc3\xa4"s, "a:b"s, "a%2f"s, std::string(65, 'a')}) {
    const auto id = TenantId::Parse(text);
    ASSERT_FALSE(id) << text;
    EXPECT_EQ(id.error().kind, ErrorKind::kInvalidInput);
  }
}

class TenantStoreTest : public testing::Test {
 protected:
  Scratch scratch_;
  fs::path state_ = scratch_.folder() / "state";
  TenantId acme_ = *TenantId::Parse("acme");
};

TEST_F(TenantStoreTest, AFileIsMadeOnceAndOpenedOftenAndDeletedWhole) {
  EXPECT_THAT(TenantStore::Open(state_, acme_).error().message, HasSubstr("is missing"));
  EXPECT_FALSE(TenantStore::Exists(state_, acme_));
  {
    auto made = TenantStore::Create(state_, acme_);
    ASSERT_TRUE(made) << made.error().message;
    ASSERT_TRUE(made->audit().Append({{"type", "made"}}));
    EXPECT_EQ(made->database().file().filename(), "acme.db");
    EXPECT_THAT(TenantStore::Create(state_, acme_).error().message, HasSubstr("already"));
    auto opened = TenantStore::Open(state_, acme_);
    ASSERT_TRUE(opened) << opened.error().message;
    EXPECT_EQ(opened->audit().Head()->sequence, 1u);
    struct stat status {};
    ASSERT_EQ(::stat((state_ / "tenants").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0700u);
  }
  ASSERT_TRUE(TenantStore::Create(state_, *TenantId::Parse("acme2")));
  ASSERT_TRUE(TenantStore::Delete(state_, acme_));
  EXPECT_FALSE(TenantStore::Exists(state_, acme_));
  EXPECT_TRUE(TenantStore::Exists(state_, *TenantId::Parse("acme2")));
  EXPECT_TRUE(TenantStore::Delete(state_, acme_));
}

TEST_F(TenantStoreTest, AFolderOfSomebodyElseIsRefused) {
  fs::create_directories(state_ / "elsewhere");
  fs::create_directory_symlink(state_ / "elsewhere", state_ / "tenants");
  EXPECT_THAT(TenantStore::Create(state_, acme_).error().message, HasSubstr("is a link"));
  EXPECT_TRUE(fs::is_empty(state_ / "elsewhere"));
  fs::remove(state_ / "tenants");
  ASSERT_TRUE(TenantStore::Create(state_, acme_));
  ::chmod((state_ / "tenants").c_str(), 0755);
  EXPECT_THAT(TenantStore::Open(state_, acme_).error().message, HasSubstr("chmod 700"));
}

}  // namespace
}  // namespace warder::store
