#include "engine/source_map/stack_places.h"

#include <gtest/gtest.h>

namespace warder::source_map {
namespace {

// Knows line 3 of index.js.
std::optional<SourceMap::Place> Locate(std::string_view module, Position at) {
  if (module != "index.js" || at.line != 2) return std::nullopt;
  return SourceMap::Place{"src/a.ts", {9, at.column}};
}

TEST(StackPlacesTest, ReplacesThePlaceOfEachFrame) {
  EXPECT_EQ(MapPlaces("at f (index.js:3:7)\n"
                      "at async Object.run [as x] (index.js:3:1)\n"
                      "at index.js:3:9\n"
                      "at async index.js:3:2\n"
                      "at new C (index.js:4:1)\n"
                      "at Array.map (<anonymous>)\n"
                      "at g (lib/other.js:3:1)",
                      Locate),
            "at f (src/a.ts:10:7)\n"
            "at async Object.run [as x] (src/a.ts:10:1)\n"
            "at src/a.ts:10:9\n"
            "at async src/a.ts:10:2\n"
            "at new C (index.js:4:1)\n"
            "at Array.map (<anonymous>)\n"
            "at g (lib/other.js:3:1)");
}

TEST(StackPlacesTest, LeavesWhateverElseAScriptWrites) {
  for (const std::string_view stack :
       {"", "\n", "\n\n", "at ", "at (", "at )", "at f ()", "at f (index.js:3:)", "at f (:3:7)", "at f (index.js:3:0)",
        "at f (index.js:0:1)", "at f (index.js:-3:7)", "at f (index.js:3:7", "at f (index.js:99999999999:7)",
        "at f (index.js:3: 7)", "index.js:3:7 and more", "at f (index.js:3:+7)", ":::", "at :3:7"}) {
    EXPECT_EQ(MapPlaces(stack, Locate), stack);
  }
  const std::string long_line(100'000, '(');
  EXPECT_EQ(MapPlaces(long_line, Locate), long_line);
}

TEST(StackPlacesTest, ReplacesThePlaceThatASentenceBeginsWith) {
  EXPECT_EQ(MapLeadingPlace("index.js:3:7: no such thing: it is not there", "index.js", Locate),
            "src/a.ts:10:7: no such thing: it is not there");
  for (const std::string_view sentence :
       {"index.js:4:7: x", "index.js: x", "index.js", "other.js:3:7: x", "", "index.js:3:7"}) {
    EXPECT_EQ(MapLeadingPlace(sentence, "index.js", Locate), sentence);
  }
}

}  // namespace
}  // namespace warder::source_map
