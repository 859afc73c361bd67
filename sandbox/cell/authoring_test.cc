// What the `warder` module accepts as declarations, and what it says of those that it does not.
#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

using AuthoringTest = CellTest;

// An integration with one component, one action with these inputs, and a flow that runs the action on the event.
std::string ActionWith(const std::string& inputs) {
  return "import { action, apiKey, component, flow, integration } from 'warder';\n"
         "const shop = component({ key: 'shop', label: 'Shop',\n"
         "  connections: { key: apiKey({ header: 'x-api-key', origins: ['https://api.shop.test'] }) },\n"
         "  actions: { get: action({ label: 'Get', inputs: " +
         inputs +
         ", perform: async (context, params) => ({ data: params }) }) } });\n"
         "export default integration({ name: 'T', version: '1', components: [shop],\n"
         "  flows: [flow({ name: 'T', key: 't', run: async (context, event) => context.step('get', shop.actions.get, "
         "event) })] });\n";
}

class ManyCells : public testing::Test {
 protected:
  static proto::FromCell Run(const std::string& source, const std::string& event = "null",
                             const std::string& config = "{}", std::string* output = nullptr) {
    TestCell cell(Program());
    cell.AddInput(proto::Input::MODULE, "index.js", source);
    cell.AddInput(proto::Input::EVENT, "", event);
    cell.AddInput(proto::Input::CONFIG, "", config);
    cell.SendStart();
    auto end = cell.RunToEnd().value_or(proto::FromCell());
    if (output != nullptr) *output = cell.output;
    return end;
  }
  // The output, or what is wrong.
  static std::string Said(const std::string& source, const std::string& event = "null",
                          const std::string& config = "{}") {
    std::string output;
    const auto end = Run(source, event, config, &output);
    if (end.result().succeeded()) return output;
    return end.result().has_rejected() ? end.result().rejected().message() : end.result().thrown().message();
  }
};

// Every declaration stands in line 2 of a module that nobody runs.
struct Wrong {
  const char* declaration;
  const char* sentence;
};

class WrongDeclarations : public ManyCells, public testing::WithParamInterface<Wrong> {};

TEST_P(WrongDeclarations, AreToldWithFileFieldValueAndRemedy) {
  const auto end =
      Run("import * as w from 'warder'; const { action, apiKey, basic, component, custom, flow, integration, manual, "
          "oauth2, "
          "poll, schedule, webhook } = w; const run = () => {}; const origins = ['https://a.test'];\n" +
          std::string(GetParam().declaration));
  const auto& rejected = end.result().rejected();
  EXPECT_EQ(rejected.kind(), proto::BundleRejected::SHAPE) << Describe(end);
  EXPECT_EQ(rejected.message(), GetParam().sentence);
  EXPECT_EQ(rejected.file(), "index.js");
  EXPECT_EQ(rejected.line(), 2U);
  EXPECT_GT(rejected.column(), 0U);
}

constexpr Wrong kWrong[] = {
    // inputs
    {"action({ label: 'A', perform: run, inputs: { id: { type: 'strnig' } } })",
     "the inputs.id.type of the action \"A\" must be one of \"string\", \"number\", \"boolean\", \"object\", \"list\", "
     "\"map\", \"connection\", \"any\", but is \"strnig\""},
    {"component({ key: 'a', label: 'A', actions: { get: action({ label: 'G', perform: run, inputs: { id: {} } }) } })",
     "the inputs.id.type of the action \"a.get\" is missing: it must be one of \"string\", \"number\", \"boolean\", "
     "\"object\", \"list\", \"map\", \"connection\", \"any\""},
    {"action({ label: 'A', perform: run, inputs: { id: 'string' } })",
     "the inputs.id of the action \"A\" must be an object such as { type: \"string\" }, but is \"string\""},
    {"action({ label: 'A', perform: run, inputs: ['id'] })",
     "the inputs of the action \"A\" must be an object such as { id: { type: \"string\" } }, but is [ \"id\" ]"},
    {"action({ label: 'A', perform: run, inputs: { 'order id': { type: 'string' } } })",
     "the inputs of the action \"A\" must have names of letters, digits and \"_\" that begin with a letter, at most 64 "
     "characters, but has \"order id\""},
    {"action({ label: 'A', perform: run, inputs: { n: { type: 'number', default: '7' } } })",
     "the inputs.n.default of the action \"A\" must be a number, but is \"7\""},
    {"action({ label: 'A', perform: run, inputs: { n: { type: 'number', minimum: 5, maximum: 3 } } })",
     "the inputs.n.minimum of the action \"A\" must be at most the maximum, 3, but is 5"},
    {"action({ label: 'A', perform: run, inputs: { n: { type: 'boolean', choices: [true] } } })",
     "the inputs.n of the action \"A\" has no \"choices\"; it takes type, label, description, required, default, "
     "clean"},
    {"action({ label: 'A', perform: run, inputs: { s: { type: 'string', choices: ['a', 1] } } })",
     "the inputs.s.choices[1] of the action \"A\" must be a string as the input is, but is 1"},
    {"action({ label: 'A', perform: run, inputs: { s: { type: 'string', required: 'yes' } } })",
     "the inputs.s.required of the action \"A\" must be true or false, but is \"yes\""},
    {"action({ label: 'A', perform: run, inputs: { s: { type: 'string', required: true, default: 'x' } } })",
     "the inputs.s.required of the action \"A\" must be left out: an input with a default is never missing"},
    {"action({ label: 'A', perform: run, inputs: { s: { type: 'string', clean: 'trim' } } })",
     "the inputs.s.clean of the action \"A\" must be a function (value) => …, but is \"trim\""},
    {"action({ label: 'A', perform: run, inputs: { l: { type: 'list', items: { type: 'object', fields: { x: { type: "
     "'object', fields: { y: { type: 'string' } } } } } } } })",
     "the inputs.l.items.fields.x of the action \"A\" must not be nested deeper than 3 levels: take an input of the "
     "type "
     "\"any\" there"},
    {"action({ label: 'A', perform: run, inputs: { c: { type: 'connection', connection: 'acme' } } })",
     "the inputs.c.connection of the action \"A\" must be a component's key and one of its connections, such as "
     "\"acme.oauth\", but is \"acme\""},
    // actions and components
    {"action({ label: 'A' })",
     "the perform of the action \"A\" is missing: it must be a function (context, params) => …"},
    {"action(7)", "an action takes an object, but got 7"},
    {"component({ key: 'Acme', label: 'A' })",
     "the key of a component must be words of a-z and 0-9 joined by \"-\", at most 64 characters, but is \"Acme\""},
    {"component({ key: 'a', label: 'A', actions: { get: { perform: run } } })",
     "the actions.get of the component \"a\" must come from action(…), but is { perform: [Function run] }"},
    {"component({ key: 'a', label: 'A', connections: { c: manual() } })",
     "the connections.c of the component \"a\" must come from oauth2(…), apiKey(…), basic(…) or custom(…), but is { "
     "kind: "
     "\"manual\" }"},
    // connections
    {"component({ key: 'a', label: 'A', connections: { c: basic({}) } })",
     "the origins of the connection \"a.c\" is missing: it must be a list of at least one origin"},
    {"basic({ origins: ['https://a.test/v1'] })",
     "the origins[0] of a connection must be an origin such as \"https://api.acme.test\", but is "
     "\"https://a.test/v1\""},
    {"basic({ origins: ['https://a.test', 'https://a.test'] })",
     "the origins of a connection has \"https://a.test\" twice"},
    {"basic({ origins: ['ftp://a.test'] })",
     "the origins[0] of a connection must be an origin such as \"https://api.acme.test\", but is \"ftp://a.test\""},
    {"basic({ origins, methods: ['get'] })",
     "the methods[0] of a connection must be one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, but is \"get\""},
    {"apiKey({ origins })",
     "the header or query of a connection must be given: where the key is sent, such as header: \"x-api-key\""},
    {"apiKey({ origins, header: 'x-key', query: 'key' })",
     "the header or query of a connection must stand alone, but are \"x-key\" and \"key\": leave one of them out"},
    {"apiKey({ origins, header: 'x api' })",
     "the header of a connection must be the name of a header, but is \"x api\""},
    {"oauth2({ origins, authorizeUrl: 'https://id.test/a' })",
     "the tokenUrl of a connection is missing: it must be a URL such as \"https://id.acme.test/authorize\""},
    {"oauth2({ origins, authorizeUrl: '/a', tokenUrl: 'https://id.test/t' })",
     "the authorizeUrl of a connection must be a URL such as \"https://id.acme.test/authorize\", but is \"/a\""},
    {"oauth2({ origins, grant: 'implicit', tokenUrl: 'https://id.test/t' })",
     "the grant of a connection must be one of \"authorization-code\", \"client-credentials\", \"device\", "
     "\"jwt-bearer\", but is \"implicit\""},
    {"oauth2({ origins, grant: 'client-credentials', tokenUrl: 'https://id.test/t', scopes: ['a b'] })",
     "the scopes[0] of a connection must be a scope without blanks and quotes, but is \"a b\""},
    {"custom({ origins, fields: {} })",
     "the fields of a connection must have at least one field of the credential, but is {}"},
    // triggers
    {"webhook({})",
     "the verify of the trigger \"webhook\" is missing: it must be an object such as { scheme: \"standard-webhooks\", "
     "secret: \"signingSecret\" }, or { scheme: \"none\" }"},
    {"webhook({ verify: { scheme: 'md5', secret: 's' } })",
     "the verify.scheme of the trigger \"webhook\" must be one of \"none\", \"standard-webhooks\", \"github\", "
     "\"stripe\", \"slack\", \"shopify\", \"hmac\", but is \"md5\""},
    {"webhook({ verify: { scheme: 'github' } })",
     "the verify.secret of the trigger \"webhook\" is missing: it must be a text"},
    {"webhook({ verify: { scheme: 'github', secret: 's', header: 'x' } })",
     "the verify.header of the trigger \"webhook\" must be left out: only the scheme \"hmac\" takes it, but it is "
     "\"x\""},
    {"schedule({})",
     "the cron or every of the trigger \"schedule\" must be given, such as cron: \"*/15 * * * *\" or every: \"15m\""},
    {"schedule({ cron: '0 6 * * *', every: '1d' })",
     "the cron or every of the trigger \"schedule\" must stand alone, but are \"0 6 * * *\" and \"1d\": leave one of "
     "them out"},
    {"schedule({ cron: '61 * * * *' })",
     "the cron of the trigger \"schedule\" must have a minute of 0 to 59, a range, \"*\" or a step such as \"*/5\", "
     "but "
     "has \"61\""},
    {"schedule({ cron: '* * *' })",
     "the cron of the trigger \"schedule\" must be five fields (minute hour day month weekday) between single blanks, "
     "but "
     "is \"* * *\""},
    {"schedule({ cron: '0 6 * * 1-5', timezone: 'Mars/Base' })",
     "the timezone of the trigger \"schedule\" must be a time zone such as \"Europe/Berlin\", but is \"Mars/Base\""},
    {"schedule({ every: '5 minutes' })",
     "the every of the trigger \"schedule\" must be a duration such as \"500ms\", \"30s\", \"5m\", \"2h\" or \"1d\", "
     "but "
     "is \"5 minutes\""},
    {"poll({ every: '5s' })", "the every of the trigger \"poll\" must be from 1m to 31d, but is \"5s\""},
    {"manual({ every: '5m' })", "the trigger \"manual\" has no \"every\"; it takes nothing"},
    // flows
    {"flow({ name: 'F', key: 'f', run, trigger: 'webhook' })",
     "the trigger of the flow \"f\" must come from webhook(…), schedule(…), poll(…) or manual(), but is \"webhook\""},
    {"flow({ name: 'F', key: 'f', run, retry: { maxAttempts: 0 } })",
     "the retry.maxAttempts of the flow \"f\" must be a whole number from 1 to 20, but is 0"},
    {"flow({ name: 'F', key: 'f', run, retry: 3 })", "the retry of the flow \"f\" must be an object, but is 3"},
    {"flow({ name: 'F', key: 'f', run, retry: { maxAttempts: 3, backoff: 'cubic' } })",
     "the retry.backoff of the flow \"f\" must be one of \"fixed\", \"linear\", \"exponential\", but is \"cubic\""},
    {"flow({ name: 'F', key: 'f', run, limits: { wll: '60s' } })",
     "the limits of the flow \"f\" has no \"wll\"; it takes wall, cpu, heap, array-buffer, calls, in-flight, timers, "
     "request-bytes, response-bytes, log, output, event"},
    {"flow({ name: 'F', key: 'f', run, limits: { heap: '64 MB' } })",
     "the limits.heap of the flow \"f\" must be a size such as \"64KB\", \"32MB\" or \"1GB\", but is \"64 MB\""},
    {"flow({ name: 'F', key: 'f', run, onError: true })",
     "the onError of the flow \"f\" must be a function (context, error) => …, but is true"},
    // integrations
    {"integration({ name: 'I', version: '1', components: {}, flows: [flow({ name: 'F', key: 'f', run })] })",
     "the components of the integration \"I\" must be a list, but are {}"},
    {"const f = flow({ name: 'F', key: 'f', run }); integration({ name: 'I', version: '1', flows: [f, f] })",
     "the flows of the integration \"I\" must have keys of their own, but two have the key \"f\""},
    {"integration({ name: 'I', version: '1', flows: [flow({ name: 'F', key: 'f', run })], config: { c: { type: "
     "'connection' } } })",
     "the config.c.connection of the integration \"I\" is missing: it must name a connection of a component, such as "
     "\"acme.oauth\""},
    {"integration({ name: 'I', version: '1', flows: [flow({ name: 'F', key: 'f', run })], config: { c: { type: "
     "'connection', connection: 'acme.oauth' } } })",
     "the config.c.connection of the integration \"I\" must name a connection of its components (they have none), but "
     "is "
     "\"acme.oauth\""},
};

INSTANTIATE_TEST_SUITE_P(All, WrongDeclarations, testing::ValuesIn(kWrong));

TEST_F(AuthoringTest, AllProblemsOfABundleAreToldAtOnce) {
  const auto end = Run({{"index.js",
                         "import { action, component, flow, integration } from 'warder';\n"
                         "import { shop } from './shop.js';\n"
                         "export default integration({ name: 'T', components: [shop],\n"
                         "  flows: [flow({ name: 'T', key: 't' })] });\n"},
                        {"shop.js",
                         "import { action, component } from 'warder';\n"
                         "export const shop = component({ key: 'shop', actions: {\n"
                         "  get: action({ label: 'Get', inputs: { id: { type: 'text' } } }) } });\n"}});
  const auto& rejected = end.result().rejected();
  EXPECT_EQ(rejected.file(), "shop.js");
  EXPECT_EQ(rejected.line(), 3U);
  EXPECT_EQ(
      rejected.message(),
      "the inputs.id.type of the action \"shop.get\" must be one of \"string\", \"number\", \"boolean\", "
      "\"object\", \"list\", \"map\", \"connection\", \"any\", but is \"text\"\n"
      "shop.js:3:8: the perform of the action \"shop.get\" is missing: it must be a function (context, params) => …\n"
      "shop.js:2:21: the label of the component \"shop\" is missing: it must be a text\n"
      "index.js:4:11: the run of the flow \"t\" is missing: it must be a function (context, event) => …\n"
      "index.js:3:16: the version of the integration \"T\" is missing: it must be a text");
}

TEST_F(AuthoringTest, AnErrorBehindAMalformedDeclarationIsItsConsequence) {
  const auto end = Run({{"index.js",
                         "import { component } from 'warder';\n"
                         "const a = component(7); a.actions.get.run();"}});
  EXPECT_EQ(end.result().rejected().message(), "a component takes an object, but got 7") << Describe(end);
}

TEST_F(AuthoringTest, ManyProblemsAreCountedInTheEnd) {
  const auto end = Run({{"index.js",
                         "import { action } from 'warder';\n"
                         "for (let i = 0; i < 100; ++i) action({ label: `${i}` });"}});
  const std::string& message = end.result().rejected().message();
  EXPECT_TRUE(message.starts_with("the perform of the action \"0\" is missing")) << message;
  EXPECT_TRUE(message.ends_with("\nand 60 more")) << message;
}

class Values : public ManyCells {};

TEST_F(Values, AreReadAsDeclared) {
  EXPECT_EQ(
      Said(ActionWith("{ id: { type: 'string', clean: (v) => `${v}` }, n: { type: 'number', default: 7 },\n"
                      "  tags: { type: 'list', items: { type: 'string' }, default: ['a'] }, on: { type: 'boolean' },\n"
                      "  extra: { type: 'map', items: { type: 'number' } }, any: { type: 'any' },\n"
                      "  to: { type: 'object', fields: { city: { type: 'string', default: 'Ulm' } } } }"),
           R"({"id":42,"on":null,"extra":{"__proto__":1,"b c":2},"any":[null],"to":{}})"),
      R"({"id":"42","n":7,"tags":["a"],"extra":{"__proto__":1,"b c":2},"any":[null],"to":{"city":"Ulm"}})");
}

TEST_F(Values, AllThatIsWrongIsToldAtOnce) {
  const std::string source = ActionWith(
      "{ connection: { type: 'connection', required: true }, id: { type: 'string', required: true, minimum: 2 },\n"
      "  n: { type: 'number', integer: true, maximum: 10 }, size: { type: 'string', choices: ['s', 'm'] },\n"
      "  lines: { type: 'list', items: { type: 'object', fields: { sku: { type: 'string', required: true } } } },\n"
      "  when: { type: 'any', clean: () => { throw new RangeError('no date') } } }");
  EXPECT_EQ(
      Said(source, R"({"id":"x","n":1.5,"size":"xl","lines":[{"sku":"a"},{},{"sku":1,"b":2}],"when":0,"idd":1})"),
      "the input \"connection\" of the action \"shop.get\" is missing: it must be a connection\n"
      "the input \"id\" of the action \"shop.get\" must have at least 2 characters, but has 1\n"
      "the input \"n\" of the action \"shop.get\" must be a whole number, but is 1.5\n"
      "the input \"size\" of the action \"shop.get\" must be one of \"s\", \"m\", but is \"xl\"\n"
      "the input \"lines[1].sku\" of the action \"shop.get\" is missing: it must be a text\n"
      "the input \"lines[2].sku\" of the action \"shop.get\" must be a text, but is 1\n"
      "the input \"lines[2].b\" of the action \"shop.get\" is not declared: there are sku\n"
      "the input \"when\" of the action \"shop.get\" cannot be cleaned: no date; it is 0\n"
      "the input \"idd\" of the action \"shop.get\" is not declared: there are connection, id, n, size, lines, when");
}

TEST_F(Values, OfAnEventAndAConfigurationAreReadBeforeTheFlowRuns) {
  const std::string source =
      "import { flow, integration } from 'warder';\n"
      "export default integration({ name: 'T', version: '1', config: { region: { type: 'string', default: 'eu' },\n"
      "  limit: { type: 'number', required: true } }, flows: [flow({ name: 'T', key: 't', inputs: { id: { type: "
      "'string',\n"
      "  required: true } }, run: async (context, event) => ({ data: [context.config, event] }) })] });\n";
  EXPECT_EQ(Said(source, R"({"id":"a","more":1})", R"({"limit":3})"),
            R"([{"region":"eu","limit":3},{"id":"a","more":1}])");
  const auto config = Run(source, R"({"id":"a"})", R"({"limti":3})").result().rejected();
  EXPECT_EQ(config.kind(), proto::BundleRejected::INPUT);
  EXPECT_EQ(config.file(), "");
  EXPECT_EQ(config.message(),
            "the config \"limit\" of the integration \"T\" is missing: it must be a number\n"
            "the config \"limti\" of the integration \"T\" is not declared: there are region, limit");
  EXPECT_EQ(Said(source, R"({"id":7})", R"({"limit":3})"),
            "the input \"id\" of the flow \"t\" must be a text, but is 7");
  EXPECT_EQ(Said(source, "7", R"({"limit":3})"), "the event of the flow \"t\" must be an object, but is 7");
}

TEST_F(AuthoringTest, AConnectionOfTheConfigurationIsTheGrantedOne) {
  auto* granted = cell.start.add_connections();
  granted->set_name("acme");
  granted->set_handle("h1");
  granted->set_origin("https://api.acme.test");
  const std::string source =
      "import { basic, component, flow, integration } from 'warder';\n"
      "const acme = component({ key: 'acme', label: 'A', connections: { b: basic({ origins: ['https://api.acme.test'] "
      "}) } });\n"
      "const c = { type: 'connection', connection: 'acme.b', required: true };\n"
      "export default integration({ name: 'T', version: '1', components: [acme], config: { acme: c, other: c },\n"
      "  flows: [flow({ name: 'T', key: 't', run: async ({ config, connections }) => ({\n"
      "    data: [config.acme === connections.acme, config.other === connections.acme] }) })] });\n";
  cell.AddInput(proto::Input::CONFIG, "", R"({"other":"acme"})");
  EXPECT_TRUE(Run({{"index.js", source}}).result().succeeded());
  EXPECT_EQ(cell.output, "[true,true]");
}

TEST_F(ManyCells, AConnectionThatIsNotGrantedIsNamed) {
  const std::string source =
      "import { basic, component, flow, integration } from 'warder';\n"
      "const acme = component({ key: 'acme', label: 'A', connections: { b: basic({ origins: ['https://api.acme.test'] "
      "}) } });\n"
      "const c = { type: 'connection', connection: 'acme.b', required: true };\n"
      "export default integration({ name: 'T', version: '1', components: [acme], config: { acme: c, other: c },\n"
      "  flows: [flow({ name: 'T', key: 't', run: async () => ({ data: 1 }) })] });\n";
  EXPECT_EQ(
      Said(source, "null", R"({"other":"acme"})"),
      "the config \"acme\" of the integration \"T\" is missing: a connection of this name must be granted, but no "
      "connection is granted\n"
      "the config \"other\" of the integration \"T\" must name a granted connection, but is \"acme\": no connection "
      "is granted");
}

}  // namespace
}  // namespace warder::cell
