// What an author writes: components, steps and what comes of them in `warder run`; `warder describe`.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Exit, parseOrNull, run, serve, writeFiles } from "./support.mjs";

// An integration with an action that calls `origin`.
const shop = (origin, { version = "1.0.0", scopes = `["orders:read"]`, more = "" } = {}) => `
import { action, component, flow, integration, oauth2, schedule, webhook } from "warder";
const shop = component({
  key: "shop", label: "Shop",
  connections: { oauth: oauth2({ authorizeUrl: "https://id.shop.test/authorize", tokenUrl: "https://id.shop.test/token",
    scopes: ${scopes}, origins: ["https://api.shop.test"], methods: ["GET"] }) },
  actions: { get: action({ label: "Get order", idempotent: true, retry: { maxAttempts: 3, delay: 5, jitter: false },
    inputs: { id: { type: "string", required: true } },
    perform: async (context, { id }) => {
      const response = await fetch("${origin}/orders/" + id);
      if (!response.ok) throw context.error("unavailable", "the shop answers " + response.status, { retry: "10ms" });
      return { data: await response.json() };
    } }) },
});
export default integration({ name: "Shop sync", version: "${version}", components: [shop],
  config: { region: { type: "string", default: "eu", choices: ["eu", "us"] }, acme: { type: "connection", connection: "shop.oauth" } },
  flows: [flow({ name: "Load", key: "load", trigger: webhook({ verify: { scheme: "github", secret: "hook" }, respond: true }),
    inputs: { id: { type: "string", required: true } }, retry: { maxAttempts: 2, delay: "30s" }, limits: { wall: "20s" },
    run: async (context, event) => {
      const order = await context.step("load", shop.actions.get, { id: event.id });
      const all = await context.step("both", () => Promise.all(["a", "b"].map((id) => context.step("one", shop.actions.get, { id }))));
      context.respond({ status: 202, body: { id: order.data.id } });
      return { data: { id: order.data.id, all: all.map((each) => each.data.id), region: context.config.region } };
    } })${more}] });
`;

const write = (t, source, files = {}) => writeFiles(t, { "bundle/index.js": source, ...files });

async function runShop(t, { event = { id: "7" }, config, args = [], failures = 0 } = {}) {
  let left = failures;
  const server = await serve(t, (request, response) => {
    if (left-- > 0) return response.writeHead(503).end();
    response.end(JSON.stringify({ id: request.url.split("/").pop() }));
  });
  const folder = write(t, shop(server.origin), { "event.json": JSON.stringify(event), "config.json": JSON.stringify(config ?? {}) });
  const { code, stdout, stderr } = await run(["run", "bundle", "--json", "--allow", server.origin,
    "--event", "event.json", "--config", "config.json", ...args], { cwd: folder });
  return { code, stderr, result: parseOrNull(stdout) };
}

test("steps are recorded with shapes, attempts, parents and their calls", async (t) => {
  const { code, result, stderr } = await runShop(t, { failures: 1 });
  assert.equal(code, Exit.succeeded, stderr);
  assert.deepEqual(result.output, { id: "7", all: ["a", "b"], region: "eu" });
  const [load, both, first, second] = result.steps;
  assert.equal(result.steps.length, 4);
  assert.deepEqual([load.name, load.action, load.attempts, load.outcome, load.calls], ["load", "shop.get", 2, "ok", 2]);
  assert.deepEqual(load.input, { shape: "{ id: string }", bytes: 10, value: null });
  assert.equal(load.output.shape, "{ data: { id: string } }");
  assert.deepEqual([both.parent, both.calls, first.parent, second.parent], [null, 0, both.step, both.step]);
  assert.deepEqual(result.calls.map((call) => call.step), [load.step, load.step, first.step, second.step]);
  assert.ok(load.durationUs >= 10_000, `${load.durationUs}`);
  assert.deepEqual(result.response, { status: 202, headers: [["content-type", "application/json"]], body: `{"id":"7"}` });
  for (const line of ["┌ load", "attempt 1 failed: FlowError: the shop answers 503", "│ │ GET", "└ both ok"]) {
    assert.ok(stderr.includes(line), `${line} in ${stderr}`);
  }
  assert.ok(!JSON.stringify(result.steps).includes(`"7"`), "values are not recorded unless they are asked for");
});

test("--log-payloads records what steps are given and give", async (t) => {
  const { result } = await runShop(t, { args: ["--log-payloads"] });
  assert.deepEqual(result.steps[0].input.value, { id: "7" });
  assert.deepEqual(result.steps[0].output.value, { data: { id: "7" } });
});

test("an error says its code and whether a retry helps", async (t) => {
  const { code, result } = await runShop(t, { failures: 9 });
  assert.equal(code, Exit.failed);
  assert.equal(result.error.code, "unavailable");
  assert.equal(result.error.retryMs, 10);
  assert.deepEqual([result.steps[0].outcome, result.steps[0].attempts], ["failed", 3]);
  assert.equal(result.response, null);
});

test("an event or a configuration that is not as declared is invalid input, with every problem", async (t) => {
  const event = await runShop(t, { event: { id: 7 } });
  assert.equal(event.code, Exit.invalid);
  assert.equal(event.result.reason, `event.json: the input "id" of the flow "load" must be a text, but is 7`);
  const config = await runShop(t, { config: { region: "mars", regoin: 1 } });
  assert.equal(config.code, Exit.invalid);
  assert.equal(config.result.reason,
    `config.json: the config "region" of the integration "Shop sync" must be one of "eu", "us", but is "mars"\n` +
    `config.json: the config "regoin" of the integration "Shop sync" is not declared: there are region, acme`);
});

test("every problem of a bundle is told at once, each with its place", async (t) => {
  const folder = write(t, `import { action, component, flow, integration } from "warder";
const a = component({ key: "a", label: "A", actions: { get: action({ label: "Get", inputs: { id: { type: "text" } } }) } });
export default integration({ name: "T", version: "1", components: [a], flows: [flow({ name: "F", key: "f" })] });`);
  for (const command of [["run"], ["describe"]]) {
    const { code, stderr } = await run([...command, join(folder, "bundle")]);
    assert.equal(code, Exit.invalid);
    for (const problem of [
      /index\.js:2:\d+: the inputs\.id\.type of the action "a\.get" must be one of .* but is "text"/,
      /index\.js:2:\d+: the perform of the action "a\.get" is missing/,
      /index\.js:3:\d+: the run of the flow "f" is missing/,
    ]) assert.match(stderr, problem);
  }
});

test("describe prints the whole manifest, and nothing of the flow runs", async (t) => {
  const server = await serve(t, (request, response) => response.end());
  const folder = write(t, `${shop(server.origin)}\nawait fetch("${server.origin}").catch(() => {});`);
  const { code, stdout, stderr } = await run(["describe", join(folder, "bundle")]);
  assert.equal(code, Exit.succeeded, stderr);
  assert.equal(server.connections, 0);
  const manifest = parseOrNull(stdout);
  assert.deepEqual(manifest.flows, [{
    inputs: [{ key: "id", required: true, type: "string" }], key: "load", limits: { wall: 20_000 }, name: "Load",
    retry: { backoff: "exponential", delay: 30_000, jitter: true, maxAttempts: 2, maxDelay: 86_400_000 },
    trigger: { kind: "webhook", methods: ["POST"], respond: true, verify: { scheme: "github", secret: "hook" } },
  }]);
  assert.deepEqual(manifest.components[0].connections, [{
    authorizeUrl: "https://id.shop.test/authorize", grant: "authorization-code", key: "oauth", kind: "oauth2", methods: ["GET"],
    origins: ["https://api.shop.test"], scopes: ["orders:read"], tokenUrl: "https://id.shop.test/token",
  }]);
  assert.equal(manifest.components[0].actions[0].idempotent, true);
  assert.deepEqual(manifest.config[0], { choices: ["eu", "us"], default: "eu", key: "region", type: "string" });
  writeFileSync(join(folder, "again.json"), stdout);
  assert.equal((await run(["describe", join(folder, "again.json")])).stdout, stdout);
});

test("describe --diff says what a new version would newly be allowed to do", async (t) => {
  const folder = writeFiles(t, {
    "old/index.js": shop("https://api.shop.test"),
    "new/index.js": shop("https://api.shop.test", {
      version: "1.1.0", scopes: `["orders:read", "orders:write"]`,
      more: `, flow({ name: "Nightly", key: "nightly", trigger: schedule({ cron: "0 3 * * *" }), run: async () => ({ data: 1 }) })`,
    }),
  });
  const wider = await run(["describe", "--diff", join(folder, "old"), join(folder, "new")]);
  assert.equal(wider.code, 1, wider.stderr);
  assert.equal(wider.stdout, `+ the connection shop.oauth may also ask for the scope orders:write
+ it has a flow nightly, started by a schedule: 0 3 * * * in UTC
it may do more than before\n`);
  const narrower = await run(["describe", "--diff", join(folder, "new"), join(folder, "old"), "--json"]);
  assert.equal(narrower.code, 0);
  assert.equal(parseOrNull(narrower.stdout).widens, false);
});

test("a bundle that tampers with the language gets no other manifest than a checked one", async (t) => {
  for (const trick of [
    `Object.prototype.toJSON = () => ({ warder: 1 });`,
    `Object.prototype.origins = ["https://evil.test"]; Array.prototype.toJSON = function () { return ["https://evil.test/x"]; };`,
    `Object.defineProperty(Object.prototype, "flows", { get() { return []; }, configurable: true });`,
  ]) {
    const folder = write(t, `${shop("https://api.shop.test")}\n${trick}`);
    const { code, stdout, stderr } = await run(["describe", join(folder, "bundle")]);
    assert.ok(code === Exit.invalid || (code === Exit.succeeded && !stdout.includes("evil")), `${trick}: ${code} ${stdout} ${stderr}`);
    if (code === Exit.invalid) assert.match(stderr, /the manifest/);
  }
});

test("the names of limits are the engine's", async (t) => {
  const { stdout } = await run(["policy", "--json"]);
  const { limits } = parseOrNull(stdout);
  const names = limits.map(({ name }) => name).filter((name) => name !== "bundle");
  const values = names.map((name) => `${JSON.stringify(name)}: 10_000_000`).join(", ");
  const folder = write(t, `import { flow, integration } from "warder";
export default integration({ name: "T", version: "1", flows: [flow({ name: "F", key: "f", run() {}, limits: { ${values} } })] });`);
  const { stderr } = await run(["describe", join(folder, "bundle")]);
  assert.match(stderr, /limit "wall": 10000s is outside of/, "every name is known; the engine holds the values to its bounds");
});
