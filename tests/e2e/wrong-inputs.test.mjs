// What is wrong in a file or an argument is told in one sentence that names where it is, which field it is, the value
// where that is no secret, and what to do about it. Nothing runs then, and nothing is written.
//
// Each row is one wrong input and what its sentence has to name: [given, where, field, value, remedy]; null where there
// is none to name (a secret's value, what is missing). What JavaScript itself says of a syntax error names its place.
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, test } from "node:test";
import { readRecords, toCell, writeRecords } from "../replay/journal.mjs";
import { Exit, flowSource, refusalOf, run, temporaryFolder } from "./support.mjs";

const bundle = flowSource(`return { data: 1 };`);
const secret = "s3cret-value-of-a-credential";
const latin1 = Buffer.from([0x22, 0x61, 0xe9, 0x22]); // "aé"
const deep = `${"[".repeat(300)}${"]".repeat(300)}`;
const long = "x".repeat(5_000);

// --- Declarations

const imports = `import { action, apiKey, basic, component, custom, flow, integration, manual, oauth2, poll, schedule, webhook } from "warder";`;
const declaration = (text) => ({
  files: { "index.js": `${imports}\nconst flows = [flow({ name: "F", key: "f", run() {} })];\nexport default ${text};\n` },
  args: ["describe", "index.js"],
});
const integration = (fields) => declaration(`integration({ name: "T", version: "1", flows, ${fields} })`);
const flow = (fields) => declaration(`integration({ name: "T", version: "1", flows: [flow({ name: "F", key: "f", run() {}, ${fields} })] })`);
const input = (fields) => flow(`inputs: { total: { ${fields} } }`);
const trigger = (text) => flow(`trigger: ${text}`);
const component = (fields) => integration(`components: [component({ key: "acme", label: "A", ${fields} })]`);
const connection = (text) => component(`connections: { main: ${text} }`);
const at = "index.js:3:";
const https = `origins: ["https://api.acme.test"]`;
const urls = `authorizeUrl: "https://id.acme.test/a", tokenUrl: "https://id.acme.test/t"`;

const declarations = [
  [integration(`name: undefined`), at, "name", "missing", "a text"],
  [integration(`version: 1`), at, "version", "1", "a text"],
  [integration(`flows: []`), at, "flows", "[]", "at least one flow"],
  [integration(`flows: [{ key: "f" }]`), at, "flows", `{ key: "f" }`, "flow(…)"],
  [integration(`flows: [flows[0], flows[0]]`), at, "flows", `"f"`, "keys of their own"],
  [integration(`flwos: []`), at, `"flwos"`, "flwos", "name, version, description, components, config, flows"],
  [integration(`components: {}`), at, "components", "{}", "a list"],
  [integration(`config: { acme: { type: "connection", connection: "acme.oauth" } }`), at, "config.acme.connection", `"acme.oauth"`, "they have none"],
  [integration(`config: { acme: { type: "connection" } }`), at, "config.acme.connection", "missing", `"acme.oauth"`],
  [flow(`key: "Main Flow"`), at, "key", `"Main Flow"`, `a-z and 0-9 joined by "-"`],
  [flow(`run: "main"`), at, "run", `"main"`, "(context, event) => …"],
  [flow(`triger: manual()`), at, `"triger"`, "triger", "trigger"],
  [flow(`limits: { wall: "1 hour" }`), at, "limits.wall", `"1 hour"`, `"30s"`],
  [flow(`limits: { wal: "1s" }`), at, "limits", `"wal"`, "wall"],
  [flow(`limits: { wall: "99m" }`), "index.js", "wall", "99m", "1ms to 15m"],
  [flow(`retry: { maxAttempts: 50 }`), at, "retry.maxAttempts", "50", "from 1 to 20"],
  [flow(`retry: { maxAttempts: 2, delay: "5 minutes" }`), at, "retry.delay", `"5 minutes"`, `"5m"`],
  [flow(`retry: { maxAttempts: 2, delay: "40d" }`), at, "retry.delay", `"40d"`, "31d"],
  [flow(`retry: { maxAttempts: 2, backoff: "expo" }`), at, "retry.backoff", `"expo"`, `"fixed", "linear", "exponential"`],
  [flow(`inputs: { "total sum": { type: "number" } }`), at, "inputs", `"total sum"`, `letters, digits and "_"`],
  [flow(`inputs: { total: "number" }`), at, "inputs.total", `"number"`, `{ type: "string" }`],
  [input(`type: "decimal"`), at, "inputs.total.type", `"decimal"`, `"number"`],
  [input(`type: "number", default: "1"`), at, "inputs.total.default", `"1"`, "a number"],
  [input(`type: "number", minimum: 9, maximum: 1`), at, "inputs.total.minimum", "9", "at most the maximum, 1"],
  [input(`type: "string", choices: []`), at, "inputs.total.choices", "[]", "at least one"],
  [input(`type: "boolean", choices: [true]`), at, "inputs.total", `"choices"`, "it takes type, label"],
  [input(`type: "string", required: "yes"`), at, "inputs.total.required", `"yes"`, "true or false"],
  [input(`type: "string", required: true, default: "a"`), at, "inputs.total.required", null, "left out"],
  [trigger(`"webhook"`), at, "trigger", `"webhook"`, "webhook(…)"],
  [trigger(`webhook({ verify: { scheme: "githb", secret: "hook" } })`), at, "verify.scheme", `"githb"`, `"github"`],
  [trigger(`webhook({ verify: { scheme: "github" } })`), at, "verify.secret", "missing", "a text"],
  [trigger(`webhook({})`), at, "verify", "missing", `{ scheme: "none" }`],
  [trigger(`webhook({ verify: { scheme: "none" }, methods: ["GETT"] })`), at, "methods[0]", `"GETT"`, "GET, HEAD, POST"],
  [trigger(`schedule({ cron: "61 * * * *" })`), at, "cron", `"61"`, "0 to 59"],
  [trigger(`schedule({ cron: "* * *" })`), at, "cron", `"* * *"`, "five fields"],
  [trigger(`schedule({ cron: "0 3 * * *", timezone: "Mars/Olympus" })`), at, "timezone", `"Mars/Olympus"`, `"Europe/Berlin"`],
  [trigger(`schedule({ cron: "0 3 * * *", every: "15m" })`), at, "cron or every", `"15m"`, "leave one of them out"],
  [trigger(`poll({ every: "10s" })`), at, "every", `"10s"`, "1m to 31d"],
  [component(`key: "Acme"`), at, "key", `"Acme"`, `a-z and 0-9 joined by "-"`],
  [component(`actions: { get: () => 1 }`), at, "actions.get", "[Function get]", "action(…)"],
  [component(`actions: { get: action({ label: "Get" }) }`), at, "perform", "missing", "(context, params) => …"],
  [connection(`oauth2({ ${urls} })`), at, "origins", "missing", "at least one origin"],
  [connection(`oauth2({ ${urls}, origins: ["https://api.acme.test/v1"] })`), at, "origins[0]", `"https://api.acme.test/v1"`, `such as "https://api.acme.test"`],
  [connection(`oauth2({ ${urls}, ${https}, grant: "password" })`), at, "grant", `"password"`, `"client-credentials"`],
  [connection(`oauth2({ ${urls}, ${https}, tokenUrl: "id.acme.test/t" })`), at, "tokenUrl", `"id.acme.test/t"`, `"https://id.acme.test`],
  [connection(`oauth2({ ${urls}, ${https}, scopes: ["a b"] })`), at, "scopes[0]", `"a b"`, "without blanks"],
  [connection(`apiKey({ ${https} })`), at, "header or query", null, `header: "x-api-key"`],
  [connection(`apiKey({ ${https}, header: "x-key", query: "key" })`), at, "header or query", `"key"`, "leave one of them out"],
  [connection(`apiKey({ ${https}, header: "x key" })`), at, "header", `"x key"`, "the name of a header"],
  [connection(`custom({ ${https}, fields: { token: "Token" } })`), at, "fields.token", `"Token"`, "an object"],
];

// --- Bundles

const entry = (text, more = {}) => ({ files: { "index.js": text, ...more }, args: ["run", "."] });
const bundles = [
  [{ files: {}, args: ["run", "absent"] }, "absent", "bundle", "No such file", "check the path"],
  [{ files: { "other.js": bundle }, args: ["run", "."] }, "bundle .", "index.js", null, "a bundle folder starts there"],
  [{ files: { "index.ts": bundle }, args: ["run", "index.ts"] }, "index.ts", "bundle", null, "has to be bundled first"],
  [entry(latin1), "index.js", "offset 2", null, "save it as UTF-8"],
  [entry(`let = = 3;\n${bundle}`), "index.js:1:", "SyntaxError", null, null],
  [entry(`export default 7;`), "index.js", "default export", "it is 7", "integration({ name, version, flows })"],
  [entry(`export const flows = [];`), "index.js", "default export", "there is none", "integration({ name, version, flows })"],
  [entry(`import x from "lodash";\n${bundle}`), "index.js:1:", "imports", `"lodash"`, "bundle what it needs with it"],
  [entry(`import x from "../x.js";\n${bundle}`), "index.js:1:", "imports", `"../x.js"`, "put it into the bundle"],
  [entry(`import x from "./absent.js";\n${bundle}`), "index.js:1:", "imports", `"./absent.js"`, "check its path"],
  [entry(`import t from "./t.json";\n${bundle}`, { "t.json": "{}" }), "index.js:1:", "imports", `"./t.json"`, `with { type: "json" }`],
  [entry(`import t from "./t.json" with { type: "json" };\n${bundle}`, { "t.json": "{oops" }), "t.json", "line 1 column 2", null, "Expected property name"],
];

// --- Events, configurations, limits

const orders = `${imports}
export default integration({ name: "T", version: "1",
  components: [component({ key: "acme", label: "A", connections: { main: basic({ ${https} }) } })],
  config: { region: { type: "string", choices: ["eu", "us"] }, most: { type: "number" }, acme: { type: "connection", connection: "acme.main" } },
  flows: [flow({ name: "F", key: "f", run() { return { data: 1 }; }, inputs: {
    id: { type: "string", required: true, minimum: 2 },
    count: { type: "number", integer: true, minimum: 1, maximum: 9 },
    kind: { type: "string", choices: ["a", "b"] },
    paid: { type: "boolean" },
    lines: { type: "list", maximum: 2, items: { type: "object", fields: { sku: { type: "string", required: true } } } },
    prices: { type: "map", items: { type: "number" } } } })] });
`;
const event = (text) => ({ files: { "index.js": orders, "event.json": text }, args: ["run", "index.js", "--event", "event.json"] });
const piped = (text) => ({ files: { "index.js": orders }, args: ["run", "index.js", "--event", "-"], input: text });
const config = (text) => ({
  files: { "index.js": orders, "event.json": `{"id":"42"}`, "config.json": text },
  args: ["run", "index.js", "--event", "event.json", "--config", "config.json"],
});
const limits = (text) => ({ files: { "index.js": bundle, "limits.json": text }, args: ["run", "index.js", "--limits", "limits.json"] });

const events = [
  [event(`{"id":7}`), "event.json", `"id"`, "7", "must be a text"],
  [event(`{}`), "event.json", `"id"`, "missing", "must be a text"],
  [event(`{"id":"4"}`), "event.json", `"id"`, "has 1", "at least 2 characters"],
  [event(`{"id":"42","count":"3"}`), "event.json", `"count"`, `"3"`, "a whole number"],
  [event(`{"id":"42","count":1.5}`), "event.json", `"count"`, "1.5", "a whole number"],
  [event(`{"id":"42","count":12}`), "event.json", `"count"`, "12", "at most 9"],
  [event(`{"id":"42","kind":"c"}`), "event.json", `"kind"`, `"c"`, `one of "a", "b"`],
  [event(`{"id":"42","paid":"yes"}`), "event.json", `"paid"`, `"yes"`, "true or false"],
  [event(`{"id":"42","lines":{}}`), "event.json", `"lines"`, "{}", "a list"],
  [event(`{"id":"42","lines":[{"sku":"a"},{}]}`), "event.json", `"lines[1].sku"`, "missing", "a text"],
  [event(`{"id":"42","lines":[{"sku":"a"},{"sku":"b"},{"sku":"c"}]}`), "event.json", `"lines"`, "has 3", "at most 2 entries"],
  [event(`{"id":"42","prices":{"net total":"1"}}`), "event.json", `"prices["net total"]"`, `"1"`, "a number"],
  [event(`{"id":"42","count":"${long}"}`), "event.json", `"count"`, `"xxx`, "a whole number"],
  [event(`[]`), "event.json", "the event", "[]", "an object"],
  [event(`{\n  "id": 42,\n  oops`), "event.json", "line 3, column 3", "syntax error", "one JSON value"],
  [event(``), "event.json", "line 1, column 1", "incomplete", "one JSON value"],
  [event(`{"id":"42"} {}`), "event.json", "line 1, column 13", "extra data", "one JSON value"],
  [event(deep), "event.json", "more than 256 levels", "line 1, column 257", "one JSON value"],
  [event(latin1), "event.json", "offset 2", "not UTF-8", "in UTF-8"],
  [piped(`{"id":7}`), "standard input", `"id"`, "7", "must be a text"],
  [piped(`{`), "standard input", "line 1, column 2", "incomplete", "one JSON value"],
  [{ files: { "index.js": orders }, args: ["run", "index.js"] }, "--event", "the event", "null", "an object"],
  [{ files: { "index.js": orders }, args: ["run", "index.js", "--event", "absent.json"] }, "absent.json", "the event", "No such file", "check the path"],
  [{ files: { "index.js": orders }, args: ["run", "index.js", "--event", "."] }, "from .", "the event", "Is a directory", "name a readable file"],
];
const configs = [
  [config(`[]`), "config.json", "the configuration", "[]", "an object"],
  [config(`{"regoin":"eu"}`), "config.json", `"regoin"`, "is not declared", "there are region, most"],
  [config(`{"region":"mars"}`), "config.json", `"region"`, `"mars"`, `one of "eu", "us"`],
  [config(`{"most":"1000"}`), "config.json", `"most"`, `"1000"`, "a number"],
  [config(`{"acme":"other"}`), "config.json", `"acme"`, `"other"`, "must name a granted connection"],
  [config(`{\n"region" "eu"}`), "config.json", "line 2, column 10", "syntax error", "one JSON value"],
  [{ files: { "index.js": orders }, args: ["run", "index.js", "--config", "absent.json"] }, "absent.json", "the configuration", "No such file", "check the path"],
];
const limitFiles = [
  [limits(`{"wall": "1s"`), "limits.json", "line 1, column 14", "incomplete", "one JSON value"],
  [limits(`[]`), "limits.json", "limits", "[]", `such as {"wall": "30s"}`],
  [limits(`{"walls":"1s"}`), "limits.json", `"walls"`, "does not exist", "wall, cpu"],
  [limits(`{"wall":"1s","wall":"2s"}`), "limits.json", "twice", "line 1, column 19", "leave one of them"],
  [limits(`{"wall":"1h"}`), "limits.json", `"wall"`, `"1h"`, `"2m"`],
  [limits(`{"wall":"${long}"}`), "limits.json", `"wall"`, `"xxx`, `"2m"`],
  [limits(`{"wall":"0s"}`), "limits.json", `"wall"`, "0ms", "1ms to 15m"],
  [limits(`{"wall":-1}`), "limits.json", `"wall"`, "-1", `"30s"`],
  [limits(`{"heap":"1TB"}`), "limits.json", `"heap"`, `"1TB"`, `"1GB"`],
  [limits(`{"heap":"100GB"}`), "limits.json", `"heap"`, "100GB", "8MB to 1GB"],
  [limits(`{"calls":1.5}`), "limits.json", `"calls"`, "1.5 ", "a whole number"],
  [limits(`{"bundle":"10B"}`), "index.js", `"bundle"`, "10B", "raise the limit"],
];

// --- Connections and their policies

const acme = `origin https://api.acme.test\nallow GET /v1/**\ninject bearer token\n`;
const credential = (text, policy = acme, args = ["--connect", "acme=acme.json"]) => ({
  files: { "index.js": bundle, "acme.json": text, "acme.policy": policy },
  secrets: ["acme.json"],
  args: ["run", "index.js", ...args],
});
const whole = `{"policy":"acme.policy","fields":{"token":"${secret}"}}`;
const policy = (text) => ({ files: { "acme.policy": text }, args: ["policy", "show", "acme.policy"] });
const ruled = (line) => policy(`origin https://api.acme.test\nallow * /**\n${line}\n`);

const connections = [
  [credential(`{"policy":`), "acme.json", "line 1, column 11", "incomplete", "one JSON value"],
  [credential(`{"fields":{"token":"${secret}"}}`), "acme.json", `no "policy"`, null, `{"policy": "FILE"`],
  [credential(`{"policy":"acme.policy"}`), "acme.json", `no "fields"`, null, `"fields": {"NAME": "VALUE"}`],
  [credential(`{"policy":7,"fields":{"token":"${secret}"}}`), "acme.json", `"policy"`, null, "the path of a policy"],
  [credential(`{"policy":"absent.policy","fields":{"token":"${secret}"}}`), "acme.json", `"policy"`, "absent.policy", "No such file or directory; check the path"],
  [credential(`{"policy":"acme.policy","fields":["${secret}"]}`), "acme.json", `"fields"`, null, `{"NAME": "VALUE"}`],
  [credential(`{"policy":"acme.policy","fields":{"token":7777777777}}`), "acme.json", `"token"`, null, "put it in quotes"],
  [credential(`{"policy":"acme.policy","fields":{"token":"s3cret"}}`), "acme.json", `"token"`, null, "at least 8 characters"],
  [credential(`{"policy":"acme.policy","fields":{"tokne":"${secret}"}}`), "acme.json", `"token"`, "tokne", "give it"],
  [credential(`{"policy":"acme.policy","fields":{"token":"${secret}","user":"${secret}"}}`), "acme.json", `"user"`, null, "take it out"],
  [credential(`{"policy":"acme.policy","fields":{"token":"${secret}"},"origin":"x"}`), "acme.json", `"origin"`, null, "take it out"],
  [credential(`{"policy":"acme.policy","fields":{"token":"${secret}","token":"${secret}"}}`), "acme.json", "twice", "line 1, column 80", "leave one of them"],
  [{ ...credential(whole), secrets: [] }, "acme.json", "open to other users", null, "chmod 600 acme.json"],
  [credential(whole, acme.replace("origin", "orign")), "acme.policy", "line 1, column 1", "'orign'", "'origin'"],
  [credential(whole, acme.replace("GET", "GETT")), "acme.policy", "line 2, column 7", "'GETT'", "GET, HEAD"],
  [credential(whole, acme, ["--connect", "acme=absent.json"]), "absent.json", "connection", "No such file", "check the path"],
  [credential(whole, acme, ["--connect", "acme=."]), "file .", "connection", "regular file", "name the connection's JSON file"],
  [credential(whole, acme, ["--connect", "=acme.json"]), "--connect", "NAME=FILE", `"=acme.json"`, "acme=acme.json"],
  [credential(whole, acme, ["--connect", "acme"]), "vault", "the connection \"acme\"", null, "warder connect"],
  [credential(whole, acme, ["--connect", "acme=acme.json", "--connect", "acme=acme.json"]), "connection", "name", `"acme"`, "give one of them another name"],
];

const policies = [
  [policy(`orign https://api.acme.test`), "acme.policy", "line 1, column 1", "'orign'", "'origin'"],
  [policy(`origin`), "acme.policy", "line 1, column 7", "an origin is missing", "SCHEME://HOST"],
  [policy(`origin api.acme.test`), "acme.policy", "line 1, column 8", "'api.acme.test'", "as in origin https://api.acme.test"],
  [policy(`origin https://api.acme.test/v1`), "acme.policy", "line 1, column 8", "'https://api.acme.test/v1'", "write https://api.acme.test"],
  [policy(`origin https://bücher.test`), "acme.policy", "line 1, column 17", "beyond ASCII", "punycode"],
  [policy(`origin https://api.acme.test`), "acme.policy", "origin", "allows nothing", "allow * /**"],
  [policy(`allow * /**`), "acme.policy", "line 1, column 1", "a rule", "write origin SCHEME://HOST"],
  [policy(`connection "acme`), "acme.policy", "line 1, column 12", "does not close", `end the word with "`],
  [policy(`connection -acme`), "acme.policy", "line 1, column 12", "'-acme' is no name", "connection NAME"],
  [ruled(`origin https://api.acme.test`), "acme.policy", "line 3, column 8", "'https://api.acme.test' is there twice", "leave one of them"],
  [ruled(`allow * /**`), "acme.policy", "line 3, column 9", "'/**'", "take the line out"],
  [ruled(`allow GETT /v1`), "acme.policy", "line 3, column 7", "'GETT'", "GET, HEAD, POST"],
  [ruled(`allow GET,GET /v1`), "acme.policy", "line 3, column 11", "'GET' is there twice", "leave one of them"],
  [ruled(`allow GET v1`), "acme.policy", "line 3, column 11", "'v1'", `begins with "/"`],
  [ruled(`allow GET /v1/{id`), "acme.policy", "line 3, column 11", "'/v1/{id'", "write {name}"],
  [ruled(`allow GET /a/../b`), "acme.policy", "line 3, column 11", "'/a/../b'", "write the path that it leads to"],
  [ruled(`timeout 30`), "acme.policy", "line 3, column 9", "'30'", "timeout 30s"],
  [ruled(`timeout 30m`), "acme.policy", "line 3, column 9", "'30m'", "1ms to 15m"],
  [ruled(`rate 10`), "acme.policy", "line 3, column 6", "'10'", "rate 10/s"],
  [ruled(`retry 99`), "acme.policy", "line 3, column 7", "'99'", "1 to 10"],
  [ruled(`retry 2\nretry 3`), "acme.policy", "line 4, column 1", "'retry'", "leave one of them"],
  [ruled(`response-bytes 10TB`), "acme.policy", "line 3, column 16", "'10TB'", "KB, MB or GB"],
  [ruled(`redirects all`), "acme.policy", "line 3, column 11", "'all'", "none, same-origin or listed"],
  [ruled(`request-headers host`), "acme.policy", "line 3, column 17", "'host'", "request-headers x-acme-*"],
  [ruled(`query *`), "acme.policy", "line 3, column 7", "'*'", "leave the line out"],
  [ruled(`inject beerer token`), "acme.policy", "line 3, column 8", "'beerer'", "'bearer'"],
  [ruled(`inject basic user`), "acme.policy", "line 3, column 18", "a field is missing", "inject basic user password"],
  [ruled(`inject hmac-sha256 key header x-s message "{metod}"`), "acme.policy", "line 3", "{metod}", "{method}"],
  [ruled(`inject hmac-sha256 key header x-s message "{timestamp}"`), "acme.policy", "line 3", "timestamp", "timestamp x-time"],
  [ruled(`tls min 1.1`), "acme.policy", "line 3, column 9", "'1.1'", "1.2 or 1.3"],
  [ruled(`tls ca ca.pem`), "acme.policy", "line 3, column 8", "'ca.pem'", "absolute path"],
  [ruled(`tls pin sha1//x`), "acme.policy", "line 3, column 9", "'sha1//x'", "sha256//"],
];

// --- Fixtures

const fixture = (text) => ({ files: { "index.js": bundle, "x.fixture.json": text }, args: ["test", "x.fixture.json"] });
const call = (request, reply = `{}`) => fixture(`{"calls":[{"request":{"url":"https://a.test/",${request}},"reply":${reply}}]}`);
const reply = (text) => call(`"method":"GET"`, text);
const expected = (text) => fixture(`{"expect":${text}}`);
const file = "x.fixture.json";

const fixtures = [
  [fixture(`{\n"name": "a",\n}`), file, "line 3, column 1", "syntax error", "one JSON value"],
  [fixture(latin1), file, "offset 2", "not UTF-8", "in UTF-8"],
  [fixture(`7`), file, "it is 7", "7", "a fixture or an array of fixtures"],
  [fixture(`[{}]`), file, `[0] has no "name"`, null, "has its own"],
  [fixture(`[{"name":"a"},{"name":"a"}]`), file, "[1].name", `"a"`, "give it another"],
  [fixture(`{"name":"a","name":"b"}`), file, "twice", "line 1, column 18", "leave one of them"],
  [fixture(`{"nmae":"a"}`), file, `"nmae"`, "nmae", `did you mean "name"?`],
  [fixture(`{"flow":1}`), file, "flow", "1", "the key of a flow"],
  [fixture(`{"config":[]}`), file, "config", "[]", "an object"],
  [fixture(`{"limits":{"wall":"1h"}}`), file, "limits", `"1h"`, `"2m"`],
  [fixture(`{"clock":"2026-02-31T00:00:00Z"}`), file, "clock", `"2026-02-31T00:00:00Z"`, `"2026-01-31T12:00:00Z"`],
  [fixture(`{"order":"random"}`), file, "order", `"random"`, `"strict", "any"`],
  [fixture(`{"journal":"a.journal","event":1}`), file, "event", "1", "take one of them out"],
  [fixture(`{"connections":{"acme":{}}}`), file, "connections.acme", `no "origin"`, `"https://api.example.com"`],
  [fixture(`{"connections":{"acme":{"origin":"api.acme.test"}}}`), file, "connections.acme.origin", `"api.acme.test"`, `"https://api.example.com"`],
  [fixture(`{"calls":{}}`), file, "calls", "{}", "an array"],
  [fixture(`{"calls":[{}]}`), file, "calls[0]", `no "request"`, `{"method": "GET"`],
  [call(`"method":"GETT"`), file, "calls[0].request.method", `"GETT"`, `"GET"`],
  [call(`"connection":"acme"`), file, "calls[0].request.connection", `"acme"`, `declare it in "connections"`],
  [call(`"headers":{"accept":1}`), file, "calls[0].request.headers.accept", "1", "texts"],
  [call(`"body":1,"bodyContains":2`), file, "calls[0].request.bodyContains", "2", "take one of them out"],
  [fixture(`{"calls":[{"request":{"url":"/orders"},"reply":{}}]}`), file, "calls[0].request.url", `"/orders"`, "an absolute URL"],
  [fixture(`{"calls":[{"request":{"url":"https://a.test/{id"},"reply":{}}]}`), file, "calls[0].request.url", `"https://a.test/{id"`, "write {name}"],
  [reply(`{"status":99}`), file, "calls[0].reply.status", "99", "from 200 to 599"],
  [reply(`{"status":204,"body":"x"}`), file, "calls[0].reply.body", `"x"`, "take it out"],
  [reply(`{"headers":{"a b":"1"}}`), file, "calls[0].reply.headers", "a b", "the name of a header"],
  [reply(`{"headers":{"a":"1\\n2"}}`), file, "calls[0].reply.headers.a", `"1\\n2"`, "no line breaks"],
  [reply(`{"base64":"%%"}`), file, "calls[0].reply.base64", `"%%"`, "padded base64"],
  [reply(`{"delay":"5 s"}`), file, "calls[0].reply.delay", `"5 s"`, `"250ms"`],
  [reply(`{"delay":90000000}`), file, "calls[0].reply.delay", "90000000", "at most 24 hours"],
  [reply(`{"error":"dns"}`), file, "calls[0].reply.error", `"dns"`, `"network", "timeout", "refused"`],
  [reply(`{"statsu":200}`), file, "calls[0].reply", `"statsu"`, `"status"`],
  [expected(`{"verdict":"ok"}`), file, "expect.verdict", `"ok"`, `"succeeded"`],
  [expected(`{"limit":"wal"}`), file, "expect.limit", `"wal"`, "warder policy"],
  [expected(`{"verdict":"failed","output":1}`), file, "expect.output", "1", "take it out"],
  [expected(`{"logs":[{"level":"fatal"}]}`), file, "expect.logs[0].level", `"fatal"`, `"error"`],
  [expected(`{"steps":[{}]}`), file, "expect.steps[0]", `no "name"`, "the name of the step"],
  [{ files: { "index.js": bundle }, args: ["test", "."] }, "in .", "*.fixture.json", null, "docs/journals.md"],
  [{ files: { "index.js": bundle }, args: ["test", "index.js"] }, "index.js", "fixture", null, ".fixture.json"],
  [{ ...fixture(`{}`), args: ["test", file, "--filter", "zzz"] }, "--filter", "fixture", `"zzz"`, "path or name"],
];

// --- Manifests

const manifest = (fields, text = JSON.stringify({ warder: 1, name: "T", version: "1", components: [], config: [],
  flows: [{ key: "f", name: "F", trigger: { kind: "manual" }, inputs: [], limits: {} }], ...fields })) =>
  ({ files: { "m.json": text }, args: ["describe", "m.json"] });
const manifestFlow = (fields) => manifest({ flows: [{ key: "f", name: "F", trigger: { kind: "manual" }, inputs: [], limits: {}, ...fields }] });
const manifestConnection = (fields) =>
  manifest({ components: [{ key: "a", label: "A", actions: [], connections: [{ key: "o", kind: "basic", origins: ["https://a.test"], ...fields }] }] });

const manifests = [
  [manifest({}, `{"warder": 1,`), "m.json", "line 1, column 14", "incomplete", "one JSON value"],
  [manifest({}, `{"warder": 1, "warder": 1}`), "m.json", "twice", "line 1, column 22", "leave one of them"],
  [manifest({}, `[]`), "m.json", "manifest", "[]", "an object"],
  [manifest({ warder: 2 }), "m.json", "warder", "2", "must be 1"],
  [manifest({ name: 7 }), "m.json", "name", "7", "a text"],
  [manifest({ flows: [] }), "m.json", "flows", "[]", "at least one flow"],
  [manifest({ grants: 1 }), "m.json", `"grants"`, null, "take it out"],
  [manifestFlow({ key: "Main" }), "m.json", "flows[0].key", `"Main"`, "a-z and 0-9"],
  [manifestFlow({ trigger: { kind: "email" } }), "m.json", "flows[0].trigger.kind", `"email"`, "webhook, schedule, poll, manual"],
  [manifestFlow({ limits: { wall: 99999999 } }), "m.json", "flows[0].limits", "99999999ms", "1ms to 15m"],
  [manifest({ config: [{ key: "a", type: "connection", connection: "b.c" }] }), "m.json", "config[0].connection", `"b.c"`, "a connection of a component"],
  [manifest({ config: [{ key: "a", type: "number", minimum: "0" }] }), "m.json", "config[0].minimum", `"0"`, "a number"],
  [manifestConnection({ origins: ["https://a.test/"] }), "m.json", "components[0].connections[0].origins[0]", `"https://a.test/"`, `"https://api.acme.test"`],
  [manifestConnection({ kind: "apiKey" }), "m.json", "components[0].connections[0]", null, "must have header or query"],
];

// --- Journals, receipts and keys

// One that was recorded, with something in it changed.
let journal = null;
before(async () => {
  const folder = mkdtempSync(join(tmpdir(), "warder-e2e-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "index.js"), bundle);
  journal = join(folder, "run.journal");
  const { code, stderr } = await run(["run", folder, "--record", journal]);
  assert.equal(code, Exit.succeeded, stderr);
});
const replayed = (write, args = ["replay", "run.journal"]) => ({ files: { "run.journal": write, "index.js": `${bundle}//` }, args });
const bytes = (change) => replayed((path) => writeFileSync(path, change(readFileSync(journal))));
const records = (change) => replayed((path) => {
  const all = readRecords(journal);
  writeRecords(path, change(all) ?? all);
});
const json = (which, change) => records((all) => {
  const record = all.at(which);
  record.payload = Buffer.from(JSON.stringify(change(JSON.parse(record.payload))));
});
const again = "record the execution again";

const journals = [
  [{ files: {}, args: ["replay", "absent.journal"] }, "absent.journal", "journal", "No such file", "check the path"],
  [{ files: {}, args: ["replay", "."] }, "folder .", "*.journal", null, "warder run --record"],
  [replayed(""), "run.journal", "not a journal", null, "warder run --record"],
  [replayed("{}"), "run.journal", "not a journal", null, "warder run --record"],
  [bytes((all) => Buffer.from(all.toString("latin1").replace("journal 2", "journal 9"), "latin1")), "run.journal", "format 9", "format 2 only", again],
  [bytes((all) => all.subarray(0, 25)), "run.journal", "ends within record 1", null, again],
  [bytes((all) => ((all[60] ^= 1), all)), "run.journal", "record 1 (the header)", "does not match its checksum", again],
  [bytes((all) => ((all[17] = 0x3f), all)), "run.journal", "record 1", "of no known kind", again],
  [bytes((all) => Buffer.concat([all, all.subarray(17)])), "run.journal", "behind its last record", null, again],
  [records((all) => all.slice(1)), "run.journal", "record 1", "not the header", again],
  [records((all) => [all[0], ...all]), "run.journal", "record 2", "a second header", again],
  [records((all) => all.filter(({ kind }, i) => kind !== toCell || i > 1)), "run.journal", "record", null, again],
  [json(0, ({ limits, ...rest }) => rest), "run.journal", "header", "members instead of", again],
  [json(0, (all) => ({ ...all, bundle: "1234" })), "run.journal", `"bundle"`, "1234", again],
  [json(0, (all) => ({ ...all, limits: { ...all.limits, wall: 0 } })), "run.journal", `"wall"`, "0ms", again],
  [json(0, (all) => ({ ...all, tenant: "another" })), "run.journal", "tenant", "the header", again],
  [json(-1, (all) => ({ ...all, status: "fine" })), "run.journal", `"status"`, `"fine"`, again],
  [replayed((path) => copyFileSync(journal, path), ["replay", "run.journal", "--bundle", "index.js"]), "run.journal", "bundle index.js", "the hash", "--against"],
];

const publicKey = `-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n`;
const receipt = (text, key = publicKey) => ({ files: { "receipt.json": text, "key.pem": key }, args: ["audit", "verify-receipt", "receipt.json", "--key", "key.pem"] });
const receipts = [
  [receipt(`{"payload":`), "receipt.json", "line 1, column 12", "incomplete", "warder run --receipt"],
  [receipt(`{}`), "receipt.json", "not a receipt", "payloadType, payload and signatures", "warder run --receipt"],
  [receipt(`{}`, "hello"), "key.pem", "public key", null, "-----BEGIN PUBLIC KEY-----"],
  [{ ...receipt(`{}`), args: ["audit", "verify-receipt", "absent.json", "--key", "key.pem"] }, "absent.json", "receipt", "No such file", "check the path"],
  [{ ...receipt(`{}`), args: ["audit", "verify-receipt", "receipt.json"] }, "key.pem", "signing key", null, "--key PUBLIC.pem"],
  [{ files: { "key.pem": "hello" }, args: ["audit", "public-key", "--signing-key", "key.pem"] }, "key.pem", "0644", null, "chmod 600"],
  [{ files: { "key.pem": "hello" }, secrets: ["key.pem"], args: ["audit", "public-key", "--signing-key", "key.pem"] }, "key.pem", "signing key", null, "-----BEGIN PRIVATE KEY-----"],
];

// --- Arguments

const command = (...args) => ({ files: { "index.js": bundle, "acme.policy": acme, "a.fixture.json": "{}" }, args });
const connect = (...args) => ({ ...command("connect", ...args, "--policy", "acme.policy", "--from-stdin"), input: secret });
const commands = [
  [command("rum"), "command", "'rum'", "rum", "did you mean 'run'?"],
  [command("run"), "bundle", "index.js", null, "warder run --help"],
  [command("run", "index.js", "more"), "argument", "'more'", "more", "warder run --help"],
  [command("run", "index.js", "--evnt", "x"), "option", "'--evnt'", null, "did you mean '--event'?"],
  [command("run", "index.js", "--event"), "--event", "takes a FILE", null, "warder run --help"],
  [command("run", "index.js", "--flow", "a", "--flow", "b"), "--flow", "takes one KEY", "2", "warder run --help"],
  [command("run", "index.js", "--flow", "absent"), "index.js", "flow", `"absent"`, "it has main"],
  [command("run", "index.js", "--quiet=maybe"), "--quiet", "takes no value", "maybe", "warder run --help"],
  [command("run", "index.js", "--redact", "email"), "--redact", "requires", null, "--record"],
  [command("run", "index.js", "--allow", "api.acme.test"), "--allow", "origin", `"api.acme.test"`, "https://api.example.com"],
  [command("run", "index.js", "--allow", "https://*.acme.test"), "--allow", "wildcard", `"https://*.acme.test"`, "name each host"],
  [command("run", "index.js", "--allow", "https://api.acme.test/v1"), "--allow", "origin", `"https://api.acme.test/v1"`, "write https://api.acme.test"],
  [command("run", "index.js", "--allow", "ftp://acme.test"), "--allow", "scheme", `"ftp://acme.test"`, "http or https"],
  [command("run", "index.js", "--allow", "https://user@acme.test"), "--allow", "user information", `"https://user@acme.test"`, "send it in a header instead"],
  [command("run", "index.js", "--allow", "https://acme.test:99999"), "--allow", "port", `"https://acme.test:99999"`, "from 1 to 65535"],
  [command("run", "index.js", "--allow", ""), "--allow", "origin", `""`, "https://api.example.com"],
  [command("run", "index.js", "--permit-degraded", "seccomp"), "--permit-degraded", "layer", `"seccomp"`, "landlock"],
  [command("run", "index.js", "--tenant", "a\nb"), "tenant", "name", `a\\nb`, "without control characters"],
  [command("run", "index.js", "--record", "absent/run.journal"), "absent/run.journal", "--record", null, "make it first"],
  [command("run", "index.js", "--receipt", "."), "--receipt .", "a folder", null, "name a file in it"],
  [command("run", "index.js", "--signing-key", "absent.pem"), "absent.pem", "signing key", null, "openssl genpkey"],
  [command("describe", "--diff", "index.js"), "--diff", "takes two", null, "OLD and NEW"],
  [command("replay", "a.journal", "--bundle", "index.js", "--against", "index.js"), "--bundle", "--against", null, "excludes"],
  [command("test", "a.fixture.json", "--yes"), "--yes", "requires", null, "--update"],
  [command("test", "absent"), "absent", "there is no", null, "name a folder or a *.fixture.json"],
  [command("test", "a.fixture.json", "--junit", "absent/a.xml"), "absent/a.xml", "--junit", null, "make it first"],
  [command("policy", "check", "acme.policy", "--request", "GET"), "request", "'GET'", null, "'GET https://api.acme.test/v1'"],
  [command("policy", "check", "acme.policy", "--request", "GET https://a.test/", "--header", "x"), "header", "'x'", null, "'accept: */*'"],
  [command("policy", "show", "absent.policy"), "absent.policy", "policy", "No such file", "check the path"],
  [command("audit"), "audit", "command", null, "verify-receipt, public-key"],
  [command("completion", "csh"), "shell", "csh", "csh", "bash,zsh,fish"],
  [connect("Acme Inc"), "connection", "name", `"Acme Inc"`, `letters, digits, "_" and "-"`],
  [connect("acme", "--tenant", "Acme Inc"), "tenant", "name", `"Acme Inc"`, "a-z, 0-9"],
  [connect("acme", "--lifetime-days", "soon"), "--lifetime-days", "soon", "soon", "a whole number"],
  [connect("acme", "--lifetime-days", "0"), "--lifetime-days", "0", "0", "1 to 36500"],
  [{ ...connect("acme"), input: "" }, "standard input", "empty", null, "pipe the secret in"],
  [{ ...connect("acme"), input: "short" }, `"token"`, "characters", null, "at least 8"],
];

// --- What holds for each

// Every file below `folder` with what is in it.
function contentsOf(folder) {
  const names = readdirSync(folder, { recursive: true }).sort();
  return names.map((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? name : `${name} ${readFileSync(path).toString("base64")}`;
  });
}

const all = { declarations, bundles, events, configs, limitFiles, connections, policies, fixtures, manifests, journals, receipts, commands };
for (const [kind, rows] of Object.entries(all)) {
  rows.forEach(([{ files, secrets = [], args, input }, ...named], i) => {
    test(`${kind} ${i + 1}: ${args.join(" ")}: ${named.filter((each) => each).join(", ")}`, async (t) => {
      const folder = temporaryFolder(t);
      for (const [name, content] of Object.entries(files)) {
        const path = join(folder, name);
        if (typeof content === "function") content(path);
        else writeFileSync(path, content);
        chmodSync(path, secrets.includes(name) ? 0o600 : 0o644);
      }
      const state = join(folder, "state"); // made by the command where it keeps anything
      const before = contentsOf(folder);
      const said = await refusalOf(args, { cwd: folder, input, env: { XDG_STATE_HOME: state, XDG_CONFIG_HOME: state } });
      assert.equal(said.trimEnd().split("\n").length, 1, `not one line: ${said}`);
      for (const each of named) if (each !== null) assert.ok(said.includes(each), `${each} is not in: ${said}`);
      assert.ok(said.length < 1_000, `${said.length} characters: ${said}`);
      assert.ok(!said.includes(secret.slice(0, 6)), `a secret is told: ${said}`);
      assert.deepEqual(contentsOf(folder), before, "something was written");
    });
  });
}
