#include "warder/hygiene.h"

#include <curl/curl.h>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "engine/base/secret.h"

namespace {

// What free() is given is looked at before it goes: the program is linked with --wrap=free.
const void* watched = nullptr;
std::size_t watched_bytes = 0;
enum class Seen { kNothing, kZeroes, kContents } seen = Seen::kNothing;

void Watch(const void* memory, std::size_t bytes) {
  watched = memory;
  watched_bytes = bytes;
  seen = Seen::kNothing;
}

}  // namespace

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): the linker's names
void __real_free(void* memory);
void __wrap_free(void* memory) {
  if (memory != nullptr && memory == watched) {
    const auto* const bytes = static_cast<const char*>(memory);
    seen = std::all_of(bytes, bytes + watched_bytes, [](char byte) { return byte == 0; }) ? Seen::kZeroes
                                                                                          : Seen::kContents;
    watched = nullptr;
  }
  __real_free(memory);
}
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
}

namespace warder {
namespace {

constexpr std::size_t kBytes = 64;

// What can be done once in a process is done in one of its own, which says in its exit code what did not hold.
class HygieneTest : public testing::Test {
 protected:
  HygieneTest() { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};
#define EXPECT_IN_A_PROCESS(statement) \
  EXPECT_EXIT(                         \
      {                                \
        statement;                     \
        ::_exit(HasFailure() ? 1 : 0); \
      },                               \
      testing::ExitedWithCode(0), "")

TEST_F(HygieneTest, AllOfItIsReachedInAFreshProcess) {
  EXPECT_IN_A_PROCESS({
    const MemoryHygiene hygiene = HardenMemory();
    EXPECT_TRUE(hygiene.secure_heap);
    EXPECT_TRUE(hygiene.crypto_zeroes);
    EXPECT_TRUE(hygiene.transfers_zero);
    EXPECT_TRUE(hygiene.no_core);
    EXPECT_TRUE(hygiene.not_dumpable);
    rlimit core{};
    ::getrlimit(RLIMIT_CORE, &core);
    EXPECT_LE(core.rlim_max, 1u);
    EXPECT_EQ(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), 0);
    EXPECT_EQ(HardenMemory().missing, hygiene.missing);
  });
}

TEST_F(HygieneTest, OpenSslZeroesWhatItGivesBack) {
  EXPECT_IN_A_PROCESS({
    HardenMemory();
    void* const memory = OPENSSL_malloc(kBytes);
    std::memset(memory, 'S', kBytes);
    Watch(memory, kBytes);
    OPENSSL_free(memory);
    EXPECT_EQ(seen, Seen::kZeroes);

    void* const small = OPENSSL_malloc(kBytes);
    std::memset(small, 'S', kBytes);
    Watch(small, kBytes);
    void* const large = OPENSSL_realloc(small, 1 << 20);
    EXPECT_EQ(seen, Seen::kZeroes);
    EXPECT_EQ(static_cast<const char*>(large)[kBytes - 1], 'S');
    OPENSSL_free(large);

    // The control: what an ordinary free is given.
    void* const plain = std::malloc(kBytes);
    std::memset(plain, 'S', kBytes);
    Watch(plain, kBytes);
    std::free(plain);
    EXPECT_EQ(seen, Seen::kContents);
  });
}

TEST_F(HygieneTest, LibcurlZeroesWhatItGivesBack) {
  EXPECT_IN_A_PROCESS({
    HardenMemory();
    curl_slist* const list = curl_slist_append(nullptr, "authorization: Bearer s3cret");
    Watch(list->data, std::strlen(list->data));
    curl_slist_free_all(list);
    EXPECT_EQ(seen, Seen::kZeroes);
  });
}

TEST_F(HygieneTest, TooLateIsSaid) {
  EXPECT_IN_A_PROCESS({
    OPENSSL_free(OPENSSL_malloc(1));
    curl_global_init(CURL_GLOBAL_DEFAULT);
    const MemoryHygiene hygiene = HardenMemory();
    EXPECT_FALSE(hygiene.crypto_zeroes);
    EXPECT_FALSE(hygiene.transfers_zero);
    EXPECT_FALSE(hygiene.complete());
    std::string all;
    for (const std::string& sentence : hygiene.missing) all += sentence + "\n";
    EXPECT_NE(all.find("OpenSSL had allocated memory already"), std::string::npos) << all;
    EXPECT_NE(all.find("libcurl was in use already"), std::string::npos) << all;
  });
}

TEST_F(HygieneTest, SecretsLieInTheSecureHeapAsLongAsThereIsRoom) {
  EXPECT_IN_A_PROCESS({
    EXPECT_FALSE(Secret("before").in_secure_heap());
    EXPECT_EQ(UnprotectedSecrets(), 1u);
    HardenMemory();
    EXPECT_TRUE(Secret("s3cret").in_secure_heap());
    std::vector<Secret> many;
    while (UnprotectedSecrets() == 1 && many.size() < 100)
      many.push_back(Secret(std::string(kSecureHeapBytes / 16, 'S')));
    EXPECT_GE(many.size(), 8u);
    EXPECT_EQ(UnprotectedSecrets(), 2u);
    EXPECT_FALSE(many.back().in_secure_heap());
    EXPECT_EQ(many.back().view(), std::string(kSecureHeapBytes / 16, 'S'));
    many.clear();
    EXPECT_TRUE(Secret("s3cret").in_secure_heap());
  });
}

}  // namespace
}  // namespace warder
