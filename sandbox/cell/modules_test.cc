// Which bundles load, and what is said about those that do not.
#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

using ModulesTest = CellTest;

TEST_F(ModulesTest, LoadsFilesAndJson) {
  const auto end = Run({{"index.js",
                         "import { twice } from './lib/math.js';\n"
                         "import data from './data.json' with { type: 'json' };\n" +
                             FlowWith("const { name } = await import('./lib/late.js');\n"
                                      "return { data: [twice(data.n), name] };")},
                        {"lib/math.js", "export { twice } from './deep/twice.js';"},
                        {"lib/deep/twice.js", "export const twice = (n) => 2 * n;"},
                        {"lib/late.js", "export const name = await Promise.resolve('late');"},
                        {"data.json", R"({"n": 21})"}});
  EXPECT_TRUE(end.result().succeeded()) << Describe(end);
  EXPECT_EQ(cell.output, R"([42,"late"])");
}

TEST_F(ModulesTest, LoadsCycles) {
  const auto end = Run({{"index.js", "import './a.js';\n" + FlowWith("return { data: globalThis.order };")},
                        {"a.js", "import './b.js'; globalThis.order.push('a');"},
                        {"b.js", "import './a.js'; globalThis.order = ['b'];"}});
  EXPECT_EQ(cell.output, R"(["b","a"])") << Describe(end);
}

TEST_F(ModulesTest, RefusesAnImportFromOutside) {
  const auto rejected = Run({{"index.js", "import './lib/a.js';\n" + FlowWith("")},
                             {"lib/a.js", "// a comment\n  import fs from 'node:fs';"}})
                            .result()
                            .rejected();
  EXPECT_EQ(rejected.kind(), proto::BundleRejected::IMPORT);
  EXPECT_EQ(rejected.message(),
            "lib/a.js imports \"node:fs\", but a bundle can import only its own files, by a relative path, and "
            "\"warder\": bundle what it needs with it.");
  EXPECT_EQ(rejected.file(), "lib/a.js");
  EXPECT_EQ(rejected.line(), 2U);
  EXPECT_EQ(rejected.column(), 18U);
}

TEST_F(ModulesTest, RefusesAnImportThatLeavesTheBundle) {
  const auto rejected = Run({{"index.js", "import '../up.js';"}}).result().rejected();
  EXPECT_EQ(rejected.kind(), proto::BundleRejected::IMPORT);
  EXPECT_EQ(rejected.message(), "index.js imports \"../up.js\", which leaves the bundle: put it into the bundle.");
}

TEST_F(ModulesTest, RefusesAnUnknownExport) {
  const auto rejected = Run({{"index.js", "import { missing } from 'warder';"}}).result().rejected();
  EXPECT_EQ(rejected.kind(), proto::BundleRejected::IMPORT);
  EXPECT_EQ(rejected.file(), "index.js");
  EXPECT_EQ(rejected.line(), 1U);
  EXPECT_NE(rejected.message().find("does not provide an export named 'missing'"), std::string::npos)
      << rejected.message();
}

TEST_F(ModulesTest, NamesThePlaceOfASyntaxError) {
  const auto rejected =
      Run({{"index.js", "import './broken.js';"}, {"broken.js", "const a = 1;\nlet b = ;\n"}}).result().rejected();
  EXPECT_EQ(rejected.kind(), proto::BundleRejected::SYNTAX);
  EXPECT_EQ(rejected.message(), "broken.js: SyntaxError: Unexpected token ';'");
  EXPECT_EQ(rejected.file(), "broken.js");
  EXPECT_EQ(rejected.line(), 2U);
  EXPECT_EQ(rejected.column(), 9U);
}

TEST_F(ModulesTest, NamesBrokenJson) {
  const auto rejected =
      Run({{"index.js", "import './d.json' with { type: 'json' };"}, {"d.json", "{,}"}}).result().rejected();
  EXPECT_EQ(rejected.kind(), proto::BundleRejected::SYNTAX);
  EXPECT_EQ(rejected.file(), "d.json");
}

TEST_F(ModulesTest, SaysThatTheEntryIsMissing) {
  const auto rejected = Run({{"other.js", ""}}).result().rejected();
  EXPECT_EQ(rejected.kind(), proto::BundleRejected::IMPORT);
  EXPECT_EQ(rejected.message(), "The bundle has no file \"index.js\".");
}

TEST_F(ModulesTest, WantsAnIntegration) {
  const auto rejected = Run({{"index.js", "export default { flows: [] };"}}).result().rejected();
  EXPECT_EQ(rejected.kind(), proto::BundleRejected::SHAPE);
  EXPECT_EQ(rejected.message(),
            "The bundle's default export must be integration({ name, version, flows }), but it is { flows: [] }.");
}

TEST_F(ModulesTest, NamesTheFlowsThatThereAre) {
  cell.start.set_flow("u");
  const auto rejected = RunFlow("").result().rejected();
  EXPECT_EQ(rejected.kind(), proto::BundleRejected::NO_SUCH_FLOW);
  EXPECT_EQ(rejected.message(), "The integration \"T\" has no flow \"u\"; it has t.");
}

TEST_F(ModulesTest, AMalformedDeclarationIsToldWhatIsWrongAndWhere) {
  const std::pair<const char*, const char*> cases[] = {
      {"flow({ name: 'A', key: 'Not good', run() {} });",
       "the key of the flow \"A\" must be words of a-z and 0-9 joined by \"-\", at most 64 characters, but is \"Not "
       "good\""},
      {"flow({ name: 'A', key: 'a' });",
       "the run of the flow \"a\" is missing: it must be a function (context, event) => …"},
      {"flow({ key: 'a', run() {} });", "the name of the flow \"a\" is missing: it must be a text"},
      {"flow({ nmae: 'A', key: 'a', run() {} });",
       "the flow \"a\" has no \"nmae\"; it takes name, key, description, trigger, inputs, retry, limits, jit, onError, "
       "run\n"
       "lib/own.js:3:3: the name of the flow \"a\" is missing: it must be a text"},
      {"integration({});",
       "the name of an integration is missing: it must be a text\n"
       "lib/own.js:3:3: the version of an integration is missing: it must be a text\n"
       "lib/own.js:3:3: the flows of an integration are missing: they must be a list"},
      {"integration();", "an integration takes an object, but got undefined"},
      {"integration({ name: 'A', version: 1, flows: 7 });",
       "the version of the integration \"A\" must be a text, but is 1\n"
       "lib/own.js:3:3: the flows of the integration \"A\" must be a list of at least one flow, but are 7"},
      {"integration({ name: 'A', version: '1', flows: [{}] });",
       "the flows of the integration \"A\" must come from flow(…), but one is {}"},
  };
  for (const auto& [declaration, message] : cases) {
    for (const char* const before : {"", "await null; "}) {
      TestCell one(Program());
      one.AddInput(proto::Input::MODULE, "index.js", "import './lib/own.js';");
      one.AddInput(proto::Input::MODULE, "lib/own.js",
                   std::string("import { flow, integration } from 'warder';\n") + before + "\n  " + declaration);
      one.SendStart();
      const auto end = one.RunToEnd();
      ASSERT_TRUE(end) << declaration;
      const auto& rejected = end->result().rejected();
      EXPECT_EQ(rejected.kind(), proto::BundleRejected::SHAPE) << Describe(*end);
      EXPECT_EQ(rejected.message(), message);
      EXPECT_EQ(rejected.file(), "lib/own.js");
      EXPECT_EQ(rejected.line(), 3U);
      EXPECT_EQ(rejected.column(), 3U);
    }
  }
}

TEST_F(ModulesTest, ADeclarationInsideOfAFlowIsTheFlowsError) {
  EXPECT_EQ(RunFlow("flow({ name: 'B', key: 'b' });").result().thrown().message(),
            "the run of the flow \"b\" is missing: it must be a function (context, event) => …");
}

TEST_F(ModulesTest, AnErrorThatOnlyWrapsOneIsTheAuthors) {
  const auto end = Run({{"index.js",
                         "import { integration } from 'warder';\n"
                         "try { integration({}); } catch (cause) { throw new Error('mine', { cause }); }"}});
  EXPECT_EQ(end.result().thrown().message(), "mine");
}

TEST_F(ModulesTest, ADynamicImportFailsWhereItStands) {
  EXPECT_EQ(
      Output("const said = [];\n"
             "for (const name of ['./none.js', 'fs', '../x.js']) await import(name).catch((e) => said.push(e.name));\n"
             "return { data: said };"),
      R"(["TypeError","TypeError","TypeError"])");
}

}  // namespace
}  // namespace warder::cell
