// Steps, and what else the context gives a flow.
#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

class StepsTest : public CellTest {
 protected:
  // "began 2 in 1: name action shape", one a line.
  std::string Told() const {
    std::string text;
    for (const proto::Step& step : cell.steps) {
      const std::string at = std::to_string((step.clock_us() - TestEngine::kEpochUs) / 1000);
      text += at + " " + std::to_string(step.step()) + " ";
      if (step.has_began()) {
        const auto& began = step.began();
        text += "in " + std::to_string(began.parent()) + ": " + began.name() + "|" + began.action() + "|" +
                began.input().shape() + "|" + began.input().json();
      } else if (step.has_retried()) {
        text += "again in " + std::to_string(step.retried().delay_ms()) + ": " + step.retried().error();
      } else {
        const auto& ended = step.ended();
        text += ended.succeeded() ? "ok: " + ended.output().shape() + "|" + ended.output().json()
                                  : "failed: " + ended.error();
      }
      text += "\n";
    }
    return text;
  }
};

constexpr const char* kShop =
    "import { action, component, flow, integration } from 'warder';\n"
    "let left = 2;\n"
    "const shop = component({ key: 'shop', label: 'Shop', onError: (e) => e.message === 'raw' ? new Error('better') : "
    "undefined,\n"
    "  actions: { get: action({ label: 'Get', inputs: { id: { type: 'string', required: true } }, retry: { "
    "maxAttempts: 3,\n"
    "    delay: 100, backoff: 'linear', jitter: false }, perform: async (context, { id }) => {\n"
    "    if (id === 'raw') throw new Error('raw');\n"
    "    if (id === 'never') throw context.error('gone', 'no such order', { retry: false });\n"
    "    if (id === 'later' && left-- > 0) throw context.error('busy', 'later', { retry: '2s' });\n"
    "    return { data: { id, key: context.idempotencyKey('x') } }; } }),\n"
    "    bad: action({ label: 'Bad', perform: () => 7 }) } });\n";

std::string ShopFlow(const std::string& body, const std::string& more = "") {
  return std::string(kShop) + "export default integration({ name: 'T', version: '1', components: [shop], flows: [" +
         more + "flow({ name: 'T', key: 't', run: async (context, event) => {\n" + body + "\n} })] });\n";
}

TEST_F(StepsTest, AreToldWithNamesShapesAndTimes) {
  cell.start.set_flow("t");
  const auto end = Run({{"index.js", ShopFlow("const a = await context.step('load', shop.actions.get, { id: 'o-1' });\n"
                                              "const b = await context.step('map', async () => {\n"
                                              "  await context.sleep('1s');\n"
                                              "  return context.step('inner', () => [a.data.id, 2, null]); });\n"
                                              "return { data: b };")}});
  EXPECT_EQ(cell.output, R"(["o-1",2,null])") << Describe(end);
  EXPECT_EQ(Told(),
            "0 1 in 0: load|shop.get|{ id: string }|\n"
            "0 1 ok: { data: { id: string, key: string } }|\n"
            "0 2 in 0: map||nothing|\n"
            "1000 3 in 2: inner||nothing|\n"
            "1000 3 ok: [3 × string]|\n"
            "1000 2 ok: [3 × string]|\n");
  EXPECT_EQ(cell.steps[0].began().input().bytes(), 12U);
}

TEST_F(StepsTest, TellValuesWhereTheyAreAskedFor) {
  cell.start.set_step_payloads(true);
  EXPECT_TRUE(Run({{"index.js", ShopFlow("await context.step('s', () => ({ a: 'b' }));\n"
                                         "await context.step('big', () => 'x'.repeat(70_000));\n"
                                         "return await context.step('loop', () => { const o = { data: 1 }; o.o = o; "
                                         "return { data: 1, o }; });")}})
                  .result()
                  .succeeded());
  ASSERT_EQ(cell.steps.size(), 6U);
  EXPECT_EQ(cell.steps[1].ended().output().json(), R"({"a":"b"})");
  EXPECT_EQ(cell.steps[3].ended().output().json(), "");
  EXPECT_EQ(cell.steps[5].ended().output().json(), "");
}

TEST_F(StepsTest, AreTriedAgainAsDeclared) {
  Run({{"index.js",
        ShopFlow("const fixed = { retry: { maxAttempts: 2, delay: 50, backoff: 'fixed', jitter: false } };\n"
                 "const said = [];\n"
                 "for (const [name, id] of [['a', 'raw'], ['b', 'never'], ['c', 'later']])\n"
                 "  await context.step(name, shop.actions.get, { id }).then((r) => said.push(r.data.id), (e) => "
                 "said.push(e.message));\n"
                 "await context.step('d', ({ attempt }) => { throw attempt; }, fixed).catch((e) => said.push(e));\n"
                 "return { data: said };")}});
  EXPECT_EQ(cell.output, R"(["better","no such order","later",2])");
  EXPECT_EQ(Told(),
            "0 1 in 0: a|shop.get|{ id: string }|\n"
            "0 1 again in 100: Error: better\n"
            "100 1 again in 200: Error: better\n"
            "300 1 failed: Error: better\n"
            "300 2 in 0: b|shop.get|{ id: string }|\n"
            "300 2 failed: FlowError: no such order\n"
            "300 3 in 0: c|shop.get|{ id: string }|\n"
            "300 3 again in 2000: FlowError: later\n"
            "2300 3 again in 2000: FlowError: later\n"
            "4300 3 ok: { data: { id: string, key: string } }|\n"
            "4300 4 in 0: d||nothing|\n"
            "4300 4 again in 50: 1\n"
            "4350 4 failed: 2\n");
}

TEST_F(StepsTest, JitterComesFromTheSeed) {
  const std::string body =
      "await context.step('a', () => { throw 1; }, { retry: { maxAttempts: 4, delay: '10s' } }).catch(() => {});\n"
      "return { data: 1 };";
  std::vector<std::string> told;
  for (const char seed : {'a', 'a', 'b'}) {
    TestCell one(Program());
    one.start.set_seed(std::string(32, seed));
    one.AddInput(proto::Input::MODULE, "index.js", "Math.random = () => 9;\n" + FlowWith(body));
    one.SendStart();
    ASSERT_TRUE(one.RunToEnd()->result().succeeded());
    std::string delays;
    for (const proto::Step& step : one.steps) {
      if (!step.has_retried()) continue;
      const std::uint64_t full = delays.empty() ? 10'000 : delays.find(' ') == delays.rfind(' ') ? 20'000 : 40'000;
      EXPECT_GE(step.retried().delay_ms(), full / 2);
      EXPECT_LE(step.retried().delay_ms(), full);
      delays += std::to_string(step.retried().delay_ms()) + " ";
    }
    told.push_back(delays);
  }
  EXPECT_EQ(told[0], told[1]);
  EXPECT_NE(told[0], told[2]);
}

TEST_F(StepsTest, OwnTheCallsAndLogsThatTheyMakeAlsoSideBySide) {
  StartFlow(
      "const call = async (name) => { await context.sleep(name === 'a' ? 2 : 1); context.log.info(name);\n"
      "  return (await fetch(`https://api.test/${name}`)).status; };\n"
      "const both = await Promise.all(['a', 'b'].map((name) => context.step(name, () => call(name))));\n"
      "await fetch('https://api.test/none');\n"
      "return { data: both };");
  std::map<std::string, std::uint64_t> step_of;
  for (auto frame = cell.RunToEnd(); frame && frame->has_http_request(); frame = cell.RunToEnd()) {
    const auto& request = frame->http_request();
    step_of[request.url()] = request.step();
    cell.RespondHead(request.call(), 200, false);
  }
  EXPECT_EQ(cell.output, "[200,200]");
  EXPECT_EQ(step_of["https://api.test/a"], 1U);
  EXPECT_EQ(step_of["https://api.test/b"], 2U);
  EXPECT_EQ(step_of["https://api.test/none"], 0U);
  ASSERT_EQ(cell.logs.size(), 2U);
  EXPECT_EQ(cell.logs[0].step(), 2U);
  EXPECT_EQ(cell.logs[1].step(), 1U);
}

TEST_F(StepsTest, AreNoLongerToldWhereTheLogIsFull) {
  cell.start.set_log_bytes(1'000);
  StartFlow(
      "for (let i = 0; i < 20; ++i) await context.step('s', () => i);\n"
      "await context.step('last', () => fetch('https://api.test/'));\n"
      "return { data: 'ran' };");
  const auto call = cell.RunToEnd();
  ASSERT_TRUE(call && call->has_http_request());
  EXPECT_EQ(call->http_request().step(), 0U);
  cell.RespondHead(1, 200, false);
  EXPECT_TRUE(cell.RunToEnd()->result().succeeded());
  EXPECT_LT(cell.steps.size(), 15U);
  ASSERT_EQ(cell.logs.size(), 1U);
  EXPECT_EQ(cell.output, R"("ran")");
}

TEST_F(StepsTest, RefuseWhatTheyCannotDo) {
  const std::pair<const char*, const char*> cases[] = {
      {"context.step('', () => 1)", "the name of a step must be a text of at most 200 characters, but is \"\""},
      {"context.step('a')", "the step \"a\" takes an action of a component, or a function, but got undefined"},
      {"context.step('a', { perform() {} })",
       "the step \"a\" takes an action of a component, or a function, but got { perform: [Function perform] }"},
      {"context.step('a', shop.actions.get, 7)", "the params of the action \"shop.get\" must be an object, but are 7"},
      {"context.step('a', shop.actions.get, {})",
       "the input \"id\" of the action \"shop.get\" is missing: it must be a text"},
      {"context.step('a', shop.actions.bad)",
       "the action \"shop.bad\" must return an object { data: … }, but returned 7"},
      {"context.step('a', () => 1, { retry: { maxAttempts: 99 } })",
       "the retry.maxAttempts of the step \"a\" must be a whole number from 1 to 20, but is 99"},
      {"(function deep(n) { return context.step('a', () => deep(n + 1)); })(0)",
       "the step \"a\" is nested deeper than 16 steps"},
      {"context.sleep('1 minute')", "sleep takes milliseconds or a duration such as \"30s\", but got \"1 minute\""},
      {"context.invokeFlow('none')", "there is no flow \"none\" to invoke; the integration has t"},
      {"context.invokeFlow('t', event)", "the step \"t\" is nested deeper than 16 steps"},
  };
  for (const auto& [call, message] : cases) {
    TestCell one(Program());
    one.AddInput(proto::Input::MODULE, "index.js", ShopFlow(std::string("return await ") + call + ";"));
    one.SendStart();
    const auto end = one.RunToEnd();
    ASSERT_TRUE(end);
    EXPECT_EQ(end->result().thrown().message(), message) << call;
  }
}

TEST_F(StepsTest, IdempotencyKeysAreStableForExecutionStepAndLabel) {
  const std::string body =
      "const key = (l) => context.idempotencyKey(l);\n"
      "const s = async () => { await null; return key('l'); };\n"
      "const all = [key('l'), key('m'), await context.step('a', s), await context.step('a', s), await "
      "context.step('b', s)];\n"
      "let first; const again = await context.step('r', () => { const now = key('l'); if (first) return now === first; "
      "first = now; throw 1; },\n"
      "  { retry: { maxAttempts: 2, delay: 0 } });\n"
      "return { data: [all, new Set(all).size, again, key() === key(''), /^[0-9a-f]{32}$/.test(key())] };";
  std::vector<std::string> outputs;
  for (const char* const id : {"x-1", "x-1", "x-2"}) {
    TestCell one(Program());
    one.start.set_execution_id(id);
    one.AddInput(proto::Input::MODULE, "index.js", FlowWith(body));
    one.SendStart();
    one.RunToEnd();
    outputs.push_back(one.output);
  }
  EXPECT_EQ(outputs[0], outputs[1]);
  EXPECT_NE(outputs[0], outputs[2]);
  EXPECT_TRUE(outputs[0].ends_with("],5,true,true,true]")) << outputs[0];
  // SHA-256 of "x-1\n\nl", as any other program computes it.
  EXPECT_TRUE(outputs[0].starts_with("[[\"26f9310eb69b5a269a195ff918827fd4\"")) << outputs[0];
}

TEST_F(StepsTest, AFlowsErrorHandlerHasTheLastWord) {
  const auto run = [](const std::string& handler) {
    TestCell one(Program());
    one.AddInput(proto::Input::MODULE, "index.js",
                 "import { flow, integration } from 'warder';\n"
                 "export default integration({ name: 'T', version: '1', flows: [flow({ name: 'T', key: 't', onError: " +
                     handler + ", run: async () => { throw new Error('mine'); } })] });");
    one.SendStart();
    const auto end = one.RunToEnd();
    return end->result().succeeded() ? one.output : end->result().thrown().message();
  };
  EXPECT_EQ(run("async (context, error) => ({ data: `saved from ${error.message}` })"), "\"saved from mine\"");
  EXPECT_EQ(run("() => {}"), "mine");
  EXPECT_EQ(run("() => { throw new Error('worse'); }"), "worse");
  EXPECT_EQ(run("() => 7"), "the onError of a flow returns an object { data: … }, but this one returned 7");
}

TEST_F(StepsTest, AnotherFlowIsAStepWithAnEventOfItsOwn) {
  cell.start.set_flow("t");
  Run({{"index.js", ShopFlow("const event2 = { n: 1 };\n"
                             "const r = await context.invokeFlow('other', event2);\n"
                             "const e = await context.invokeFlow('other', {}).catch((e) => e.message);\n"
                             "return { data: [r, event2, e] };",
                             "flow({ name: 'O', key: 'other', inputs: { n: { type: 'number', required: true } },\n"
                             "  run: async (context, event) => { event.n += 1; return context.step('in', () => ({ "
                             "data: event.n })); } }), ")}});
  EXPECT_EQ(cell.output,
            R"([{"data":2},{"n":1},"the input \"n\" of the flow \"other\" is missing: it must be a number"])");
  EXPECT_EQ(Told(),
            "0 1 in 0: other|flow:other|{ n: number }|\n"
            "0 2 in 1: in||nothing|\n"
            "0 2 ok: { data: number }|\n"
            "0 1 ok: { data: number }|\n"
            "0 3 in 0: other|flow:other|{}|\n"
            "0 3 failed: TypeError: the input \"n\" of the flow \"other\" is missing: it must be a number\n");
}

TEST_F(StepsTest, PagesAndBatches) {
  EXPECT_EQ(
      Output("const pages = { '': [[1, 2], 'a'], a: [[], 'b'], b: [[3], null] }; const seen = [];\n"
             "for await (const n of context.paginate(async ({ cursor = '', page }) => ({ items: pages[cursor][0], "
             "next: pages[cursor][1] }))) seen.push(n);\n"
             "const fail = async (p, o) => { try { for await (const n of context.paginate(p, o)); } catch (e) { return "
             "e.message; } };\n"
             "const said = [await fail(async () => ({ items: [], next: 'x' })), await fail(async ({ page }) => ({ "
             "items: [], next: page }), { maxPages: 3 }),\n"
             "  await fail(async () => [])];\n"
             "let most = 0, now = 0;\n"
             "const sums = await context.batch([1, 2, 3, 4, 5, 6, 7], async (some, i) => { most = Math.max(most, "
             "++now); await context.sleep(5 - i); --now; return [i, ...some]; }, { size: 2, concurrency: 3 });\n"
             "const from = await context.batch((async function* () { yield 1; yield 2; })(), (some) => some.length);\n"
             "return { data: [seen, said, sums, most, from] };"),
      R"json([[1,2,3],["page 2 gives the cursor that it was fetched with, \"x\": the listing would never end",)json"
      R"json("there are more than 3 pages: raise maxPages, or narrow what is listed","a page must be an object { items: […], next }, but is []"],)json"
      R"json([[0,1,2],[1,3,4],[2,5,6],[3,7]],3,[2]])json");
}

TEST_F(StepsTest, AWebhookIsAnsweredOnce) {
  EXPECT_EQ(Output("context.respond({ status: 202, headers: { 'X-Id': 'a' }, body: { ok: true } }); const said = [];\n"
                   "for (const r of [{}, 7, { status: 99 }, { headers: { 'content-length': '1' } }, { headers: { a: "
                   "'x\\n' } }, { body: () => 1 }])\n"
                   "  try { context.respond(r); said.push('went'); } catch (e) { said.push(e.message); }\n"
                   "return { data: said };"),
            R"(["respond can be called once: this execution has responded",)"
            R"("respond takes an object { status, headers, body }, but got 7",)"
            R"("the status of the response must be a number from 200 to 599, but is 99",)"
            R"("respond can be called once: this execution has responded",)"
            R"("respond can be called once: this execution has responded",)"
            R"("respond can be called once: this execution has responded"])");
  ASSERT_EQ(cell.responses.size(), 1U);
  EXPECT_EQ(cell.responses[0].status(), 202U);
  EXPECT_EQ(cell.responses[0].body(), R"({"ok":true})");
  ASSERT_EQ(cell.responses[0].headers_size(), 2);
  EXPECT_EQ(cell.responses[0].headers(0).name(), "x-id");
  EXPECT_EQ(cell.responses[0].headers(1).value(), "application/json");
}

TEST_F(StepsTest, ErrorsSayWhetherARetryHelps) {
  const auto end =
      RunFlow("throw context.error('rate-limited', 'slow down', { retry: '30s', cause: new Error('429') });");
  const auto& thrown = end.result().thrown();
  EXPECT_EQ(thrown.name(), "FlowError");
  EXPECT_EQ(thrown.message(), "slow down");
  EXPECT_EQ(thrown.code(), "rate-limited");
  EXPECT_EQ(thrown.retry(), proto::ThrownError::AFTER);
  EXPECT_EQ(thrown.retry_after_ms(), 30'000U);
  EXPECT_EQ(thrown.causes(0).message(), "429");
  EXPECT_EQ(thrown.stack(), "at run (index.js:3:15)");
}

}  // namespace
}  // namespace warder::cell
