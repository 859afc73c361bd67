// Innocent data passes unchanged, through secrets that have nothing to do with it. WARDER_SCRUB_CLEAN_MB says how many
// megabytes of each kind; 1 unless told.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "engine/broker/scrub/scrubber.h"
#include "engine/broker/scrub/testing/clean_text.h"
#include "engine/broker/scrub/testing/compile.h"

namespace warder::broker {
namespace {

using testing::CleanText;
using testing::NameOf;
using testing::RandomSecrets;
using testing::TextKind;

constexpr std::size_t kMegabyte = 1'000'000;

std::size_t Megabytes() {
  const char* text = std::getenv("WARDER_SCRUB_CLEAN_MB");  // NOLINT(concurrency-mt-unsafe): one thread
  return text == nullptr ? 1 : std::stoul(text);
}

class CleanData : public ::testing::Test {
 protected:
  CleanData() {
    std::vector<std::string> secrets = RandomSecrets(16, 40, &random_);
    const std::vector<std::string> short_ones = RandomSecrets(8, 8, &random_);
    secrets.insert(secrets.end(), short_ones.begin(), short_ones.end());
    secrets.emplace_back("sk_live_aKx93hZpQw7");
    pattern_ = testing::Compile(secrets).value();
  }

  void ExpectUnchanged(const std::string& text) {
    Scrubber scrubber(pattern_);
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random_() % 40'000;
      scrubber.Push(std::string_view(text).substr(at, size), &out);
      at += size;
    }
    scrubber.Finish(&out);
    ASSERT_EQ(scrubber.redactions(), 0U);
    ASSERT_TRUE(out == text);
  }

  std::mt19937_64 random_{5};
  std::shared_ptr<const ScrubPattern> pattern_;
};

TEST_F(CleanData, GeneratedText) {
  for (const TextKind kind :
       {TextKind::kJson, TextKind::kHtml, TextKind::kBase64, TextKind::kHex, TextKind::kPercent, TextKind::kBytes}) {
    SCOPED_TRACE(NameOf(kind));
    for (std::size_t i = 0; i < Megabytes(); ++i) ExpectUnchanged(CleanText(kind, kMegabyte, &random_));
  }
}

// Whatever is installed: programs' documentation, tables, pictures.
TEST_F(CleanData, FilesOfThisMachine) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::recursive_directory_iterator files("/usr/share", fs::directory_options::skip_permission_denied, error);
  if (error) GTEST_SKIP() << "/usr/share cannot be read: " << error.message();
  std::size_t left = Megabytes() * kMegabyte;
  for (auto file = fs::begin(files); file != fs::end(files) && left > 0; file.increment(error)) {
    if (!file->is_regular_file(error) || file->is_symlink(error)) continue;
    std::ifstream stream(file->path(), std::ios::binary);
    std::string text(kMegabyte, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(std::min(left, text.size())));
    text.resize(static_cast<std::size_t>(stream.gcount()));
    SCOPED_TRACE(file->path());
    ExpectUnchanged(text);
    left -= text.size();
  }
}

// The control: one secret in the midst of it all is found.
TEST_F(CleanData, AndASecretAmongIt) {
  std::string text = CleanText(TextKind::kBase64, kMegabyte, &random_);
  text.insert(text.size() / 2, "sk_live_aKx93hZpQw7");
  Scrubber scrubber(pattern_);
  std::string out;
  scrubber.Push(text, &out);
  scrubber.Finish(&out);
  EXPECT_EQ(scrubber.redactions(), 1U);
  EXPECT_EQ(out.find("sk_live_aKx93hZpQw7"), std::string::npos);
}

}  // namespace
}  // namespace warder::broker
