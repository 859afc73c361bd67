// What a script can reach, exactly: testing/surface.txt lists it, and whatever is more or less than that fails here.
// And what methods that a script has replaced are given of the runtime's own: testing/handed_over.txt. What stands
// there is mostly the reference implementation of streams, which was not written to live among hostile scripts.
//
// To list what has changed, after looking at it: WARDER_UPDATE_SURFACE=1 meson test -C build cell
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

const std::string kFolder = WARDER_CELL_TESTING;
constexpr std::size_t kShownLines = 60;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> LinesOf(const std::string& path) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// "+ Blob  function(0) w-c" for what is not listed, "- …" for what is listed and not there.
std::string Difference(std::vector<std::string> listed, std::vector<std::string> found) {
  std::sort(listed.begin(), listed.end());
  std::sort(found.begin(), found.end());
  std::string text;
  std::size_t count = 0;
  const auto add = [&](char sign, const std::vector<std::string>& one, const std::vector<std::string>& other) {
    std::vector<std::string> only;
    std::set_difference(one.begin(), one.end(), other.begin(), other.end(), std::back_inserter(only));
    for (const std::string& line : only) {
      if (++count <= kShownLines) text += std::string(1, sign) + " " + line + "\n";
    }
  };
  add('-', listed, found);
  add('+', found, listed);
  if (count > kShownLines) text += "and " + std::to_string(count - kShownLines) + " more\n";
  return text;
}

class WalkTest : public CellTest {
 protected:
  // What the walk says: the lines at INFO, natives of the cell that it has come upon at ERROR.
  std::vector<std::string> Walk(proto::Log::Level level) {
    cell.start.set_flow("walk");
    cell.start.set_log_bytes(4 << 20);
    auto& acme = *cell.start.add_connections();
    acme.set_name("acme");
    acme.set_handle("handle");
    acme.set_origin("https://acme.test");
    auto& token = *acme.add_placeholders();
    token.set_field("token");
    token.set_text("wrd_token");
    const auto end =
        Run({{"index.js", ReadFile(kFolder + "/walk_flow.js")}, {"walk.js", ReadFile(kFolder + "/walk.js")}});
    EXPECT_TRUE(end.result().succeeded()) << Describe(end);
    std::vector<std::string> lines;
    for (const auto& log : cell.logs) {
      if (log.level() == level) lines.push_back(log.message());
    }
    return lines;
  }

  // What patched methods were given of the runtime's own.
  std::vector<std::string> Record() {
    StartBundle({{"index.js", ReadFile(kFolder + "/recorder_flow.js")},
                 {"reach.js", ReadFile(kFolder + "/reach.js")},
                 {"use_platform.js", ReadFile(kFolder + "/use_platform.js")}});
    auto end = cell.RunToEnd();
    while (end && !end->has_result() && !end->has_stopped()) {
      if (end->has_http_request()) {
        cell.RespondHead(end->http_request().call(), 200, true, {{"content-type", "text/plain"}});
        cell.RespondBody(end->http_request().call(), "hello", true);
      }
      end = cell.RunToEnd();
    }
    EXPECT_TRUE(end && end->result().succeeded()) << (end ? Describe(*end) : "");
    EXPECT_EQ(cell.output, "null");
    std::vector<std::string> found;
    for (const auto& log : cell.logs) {
      if (log.level() == proto::Log::WARN) found.push_back(log.message());
      EXPECT_FALSE(log.message().ends_with("a native of the cell")) << log.message();
    }
    std::sort(found.begin(), found.end());
    return found;
  }
};

// Writes the list instead, where that is asked for.
void Compare(const char* name, const std::vector<std::string>& found) {
  const std::string path = kFolder + "/" + name;
  if (std::getenv("WARDER_UPDATE_SURFACE") != nullptr) {
    std::ofstream file(path);
    for (const std::string& line : found) file << line << "\n";
  }
  EXPECT_EQ(Difference(LinesOf(path), found), "")
      << "if that is meant: WARDER_UPDATE_SURFACE=1 meson test -C build cell";
}

TEST_F(WalkTest, ReachesExactlyWhatIsListed) {
  const auto found = Walk(proto::Log::INFO);
  Compare("surface.txt", found);
  EXPECT_GT(found.size(), 1'000U);
}

TEST_F(WalkTest, ReachesNoNativeOfTheCell) { EXPECT_EQ(Walk(proto::Log::ERROR), std::vector<std::string>()); }

// What a patched method was given of the runtime's own.
TEST_F(WalkTest, PatchedMethodsAreGivenOnlyWhatIsListed) { Compare("handed_over.txt", Record()); }

// The platform is made when scripts have run, and comes through that as if it had been there before.
TEST_F(WalkTest, PatchedMethodsOfTheLanguageAreGivenNoMoreWhereThePlatformComesIntoBeing) {
  cell.AddInput(proto::Input::EVENT, "", R"({"late":true})");
  const auto found = Record();
  const auto listed = LinesOf(kFolder + "/handed_over.txt");
  for (const std::string& line : found) {
    EXPECT_NE(std::find(listed.begin(), listed.end(), line), listed.end()) << line;
  }
}

// What a script has replaced may break the platform for the script, and nothing else: the cell does not die of it.
class LiarTest : public WalkTest, public testing::WithParamInterface<const char*> {
 protected:
  static constexpr int kSeeds = 30;
};

TEST_P(LiarTest, NoLieOfAPatchedMethodKillsTheCell) {
  int whole = 0;
  for (int seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE(seed);
    TestCell liar(Program());
    liar.AddInput(proto::Input::EVENT, "",
                  std::string("{\"lie\":\"") + GetParam() + "\",\"seed\":" + std::to_string(seed) + "}");
    liar.AddInput(proto::Input::MODULE, "index.js", ReadFile(kFolder + "/liar_flow.js"));
    for (const char* name : {"reach.js", "use_platform.js"}) {
      liar.AddInput(proto::Input::MODULE, name, ReadFile(kFolder + "/" + name));
    }
    auto& acme = *liar.start.add_connections();
    acme.set_name("acme");
    acme.set_handle("handle");
    acme.set_origin("https://acme.test");
    liar.SendStart();
    auto end = liar.RunToEnd();
    for (; end && !end->has_result() && !end->has_stopped(); end = liar.RunToEnd()) {
      if (end->has_state_read() || end->has_state_commit()) {
        proto::ToCell answer;
        if (end->has_state_read()) answer.mutable_state_value()->set_call(end->state_read().call());
        if (end->has_state_commit()) answer.mutable_state_committed()->set_call(end->state_commit().call());
        liar.Send(answer);
      }
      if (!end->has_http_request()) continue;
      const auto call = end->http_request().call();
      liar.RespondHead(call, 200, true, {{"content-type", "text/plain"}});
      liar.RespondBody(call, "hello", true);
    }
    // It may end with an error, or never settle and be told so; a death says nothing.
    ASSERT_TRUE(end) << "the cell ended with " << liar.Wait();
    EXPECT_FALSE(end->has_result() && end->result().has_rejected()) << Describe(*end);
    EXPECT_EQ(liar.Wait(), 0) << Describe(*end);
    // What it returned it has said, whatever became of its state then.
    if (!liar.output.empty()) whole += std::stoi(liar.output);
  }
  EXPECT_GT(whole, kSeeds);  // or the platform was not used at all
}

INSTANTIATE_TEST_SUITE_P(Lies, LiarTest,
                         testing::Values("object", "text", "number", "string", "floats", "list", "proxy", "nothing"));

}  // namespace
}  // namespace warder::cell
