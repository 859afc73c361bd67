// Stored connections end to end: what is typed in is used, and is nowhere; what is taken away is gone.
import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Exit, parseOrNull, poll, run, serve, startFlow, temporaryFolder } from "./support.mjs";

const token = "canary-51d2e84b607f3a9c";

// A vault of its own, a policy for `origin`, and the command on both.
function vault(t, origin = "https://api.acme.test", lines = "inject bearer token") {
  const folder = temporaryFolder(t);
  const state = join(folder, "state");
  const place = ["--state", state, "--kek", join(folder, "kek")];
  const policy = join(folder, "acme.policy");
  writeFileSync(policy, `origin ${origin}\nallow GET /v1/**\n${lines}\n`);
  return {
    folder, state, place, policy,
    connect: (name, { input = token, args = [] } = {}) =>
      run(["connect", name, "--policy", policy, "--from-stdin", ...place, ...args], { input }),
    command: (...args) => run([...args, ...place]),
  };
}

// Every byte of every file below `folder`.
function bytesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath ?? entry.path, entry.name), "latin1"))
    .join("\n");
}

test("a credential that was piped in reaches the upstream and no file, output or log", async (t) => {
  const { origin, requests } = await serve(t, (request, response) => response.end(request.headers.authorization));
  const place = vault(t, origin);
  const connected = await place.connect("acme");
  assert.equal(connected.code, Exit.succeeded, connected.stderr);
  assert.match(connected.stderr, /made the key of the vault/);
  const flow = startFlow(t, `
    const response = await context.connections.acme.fetch("/v1/orders");
    return { data: await response.text() };`, { args: ["--json", "--connect", "acme", ...place.place] });
  const { code, stdout, stderr } = await flow.exited;
  assert.equal(code, Exit.succeeded, stderr);
  assert.equal(requests[0].headers.authorization, `Bearer ${token}`);
  assert.equal(parseOrNull(stdout).output, "Bearer [redacted]");

  const review = await place.command("connection", "review", "--json");
  assert.deepEqual(JSON.parse(review.stdout)[0].calls, { [origin]: 1 }, review.stderr);
  const log = await place.command("tenant", "log", "local");
  const events = log.stdout.trim().split("\n").map((line) => JSON.parse(line).event.event);
  assert.deepEqual(events, ["connection made", "use", "calls", "review"]);
  for (const sink of [stdout, stderr, connected.stderr, review.stdout, log.stdout, bytesOf(place.folder)]) {
    assert.ok(!sink.includes(token));
  }
  for (const name of readdirSync(place.state, { recursive: true })) {
    assert.equal(statSync(join(place.state, name)).mode & 0o077, 0, name);
  }
});

test("what is removed is lost to a running execution", async (t) => {
  let answered = 0;
  const { origin } = await serve(t, (request, response) => {
    if (request.url === "/v1/quick") response.end("quick");
    else answered += 1; // never ends
  });
  const place = vault(t, origin);
  await place.connect("acme");
  const flow = startFlow(t, `
    const { acme } = context.connections;
    const quick = await (await acme.fetch("/v1/quick")).text();
    const slow = await acme.fetch("/v1/slow").catch((error) => error.message);
    const after = await acme.fetch("/v1/quick").catch((error) => error.message);
    return { data: { quick, slow, after } };`, { args: ["--json", "--connect", "acme", ...place.place] });
  await poll("the slow call", () => answered > 0);
  const removed = await place.command("connection", "remove", "acme");
  assert.equal(removed.code, Exit.succeeded, removed.stderr);
  const { code, stdout, stderr } = await flow.exited;
  assert.equal(code, Exit.succeeded, stderr);
  const { output } = parseOrNull(stdout);
  assert.equal(output.quick, "quick");
  assert.match(output.slow, /taken back/);
  assert.match(output.after, /no such connection/);
  const again = startFlow(t, "return 1;", { args: ["--connect", "acme", ...place.place] });
  const { code: refused, stderr: why } = await again.exited;
  assert.equal(refused, Exit.invalid);
  assert.match(why, /has no connection "acme"; make it with: warder connect acme/);
});

test("tenants: made, kept apart, moved to other keys, shredded", async (t) => {
  const place = vault(t);
  for (const tenant of ["customer-7", "customer-8"]) {
    assert.equal((await place.command("tenant", "create", tenant)).code, Exit.succeeded);
  }
  await place.connect("acme", { args: ["--tenant", "customer-7"] });
  const list = async (tenant) => JSON.parse((await place.command("connection", "list", "--json", "--tenant", tenant)).stdout);
  assert.deepEqual((await list("customer-7")).map(({ name, state, kind }) => [name, state, kind]), [["acme", "active", "fields"]]);
  assert.deepEqual(await list("customer-8"), []);

  const before = readFileSync(join(place.folder, "kek"), "utf8");
  for (const command of [["rotate-key", "customer-7"], ["rotate-kek"], ["verify", "customer-7"]]) {
    const { code, stderr } = await place.command("tenant", ...command);
    assert.equal(code, Exit.succeeded, stderr);
  }
  assert.notEqual(readFileSync(join(place.folder, "kek"), "utf8"), before);
  assert.equal((await list("customer-7")).length, 1);

  const unsure = await place.command("tenant", "shred", "customer-7");
  assert.equal(unsure.code, Exit.invalid);
  assert.match(unsure.stderr, /add --yes/);
  assert.equal((await place.command("tenant", "shred", "customer-7", "--yes")).code, Exit.succeeded);
  assert.equal((await place.command("tenant", "list")).stdout, "customer-8\n");
  const gone = await place.command("connection", "list", "--tenant", "customer-7");
  assert.equal(gone.code, Exit.invalid);
  assert.match(gone.stderr, /there is no tenant "customer-7"/);
});

test("limits end a connection, and the review says what to look into", async (t) => {
  const place = vault(t);
  await place.connect("acme", { args: ["--lifetime-days", "7", "--rotate-after-days", "400"] });
  const { stdout } = await place.command("connection", "review", "--json", "--days", "30");
  const [review] = JSON.parse(stdout);
  assert.equal(review.ends - review.created, 7 * 86_400);
  assert.match(review.remarks.join("\n"), /not used in the last 30 days[^]*ends in/);
});

test("a vault that will not do is one sentence", async (t) => {
  const place = vault(t);
  await place.connect("acme");
  const cases = [
    [["connect", "acme", "--policy", place.policy, "--from-stdin"], token, /has a connection "acme" already; .*--replace/],
    [["connect", "1st", "--policy", place.policy, "--from-stdin"], token, /name is a letter, then letters/],
    [["connect", "b", "--policy", place.policy, "--from-stdin"], "", /standard input is empty/],
    [["connect", "b", "--policy", place.policy, "--from-stdin"], "short", /"token" has to have at least 8 characters/],
    [["connect", "b", "--policy", place.policy], token, /no terminal to type the secret on; pipe it in with --from-stdin/],
    [["connect", "b", "--policy", place.policy, "--from-stdin", "--tenant", "nobody"], token, /no tenant "nobody"; make it with/],
    [["connect", "b", "--policy", place.policy, "--oauth", "--issuer", "http://id.acme.test", "--client-id", "x"], "", /access_token/],
    [["connection", "refresh", "acme"], "", /is no OAuth connection/],
    [["connection", "remove", "nothing"], "", /has no connection "nothing"/],
    [["tenant", "create", "../up"], "", /a-z/],
  ];
  for (const [args, input, sentence] of cases) {
    const { code, stderr } = await run([...args, ...place.place], { input });
    assert.equal(code, Exit.invalid, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, sentence);
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
    assert.ok(!stderr.includes(token));
  }
  const fresh = vault(t);
  for (const [name, input] of [["1st", token], ["b", "short"], ["b", ""]]) {
    assert.equal((await fresh.connect(name, { input })).code, Exit.invalid);
    assert.ok(!existsSync(fresh.state) && !existsSync(join(fresh.folder, "kek")), "nothing was made for it");
  }
  const none = await run(["connection", "list", "--state", join(place.folder, "none")]);
  assert.equal(none.code, Exit.invalid);
  assert.match(none.stderr, /no vault in .*none yet; warder connect and warder tenant create make one/);
  assert.ok(!existsSync(join(place.folder, "none")));
  const other = join(place.folder, "other");
  writeFileSync(other, `${Buffer.alloc(32, 7).toString("base64")}\n`, { mode: 0o600 });
  const { code, stderr } = await run(["tenant", "list", "--state", place.state, "--kek", other]);
  assert.equal(code, Exit.invalid, stderr);
  assert.match(stderr, /key/);
  // The key may be in the environment, where nothing that is started inherits it.
  const kek = readFileSync(join(place.folder, "kek"), "utf8").trim();
  const fromEnvironment = await run(["connection", "list", "--json", "--state", place.state, "--kek", "env"], { env: { WARDER_KEK: kek } });
  assert.equal(JSON.parse(fromEnvironment.stdout).length, 1, fromEnvironment.stderr);
});
