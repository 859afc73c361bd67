// The OAuth lifecycle end to end, against a certified authorization server: authorized on a terminal, used in a cell,
// refreshed, revoked.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Exit, parseOrNull, poll, root, run, serve, start, startFlow, temporaryFolder } from "./support.mjs";

const here = join(root, "tests/e2e/oidc");
const packages = join(root, "build/tests/e2e/oidc/server");
const installed = spawnSync(join(here, "install.sh"), [packages], { encoding: "utf8" });
const skip = installed.status === 0 ? false : installed.stdout.trim();

// Of the clients that sign, and of the robot's assertions.
const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
const publicKey = keys.publicKey.export({ format: "jwk" });
const pemOf = ({ privateKey }) => privateKey.export({ type: "pkcs8", format: "pem" });
const privateKey = pemOf(keys);
const otherKey = pemOf(generateKeyPairSync("ec", { namedCurve: "P-256" }));
const keyText = (pem) => pem.split("\n")[1];

async function provider(t) {
  const child = spawn("node", [join(packages, "server.mjs"), JSON.stringify({ publicKey })], {
    stdio: ["pipe", "ignore", "inherit", "pipe"],
  });
  t.after(() => child.stdin.end());
  return new Promise((done, failed) => {
    child.stdio[3].setEncoding("utf8").once("data", (line) => done(line.trim()));
    child.once("exit", (code) => failed(new Error(`the authorization server ended with ${code}`)));
  });
}

// What a browser does: follows redirects, keeps cookies.
async function browse(url) {
  const cookies = new Map();
  for (let hop = 0; hop < 20; ++hop) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { redirect: "manual", headers: cookie ? { cookie } : {} });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(";")[0].split(/=(.*)/s);
      cookies.set(name, value);
    }
    const next = response.headers.get("location");
    if (!next) return { status: response.status, url, text: await response.text() };
    url = new URL(next, url).href;
  }
  throw new Error("too many redirects");
}

function vault(t, issuer, recorder) {
  const folder = temporaryFolder(t);
  const policy = join(folder, "acme.policy");
  writeFileSync(policy, `origin ${issuer}\norigin ${recorder}\nallow GET /**\ninject bearer access_token\n`);
  return { folder, policy, place: ["--state", join(folder, "state"), "--kek", join(folder, "kek")] };
}

function bytesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath ?? entry.path, entry.name), "latin1"))
    .join("\n");
}

const me = `
  const { acme } = context.connections;
  const who = await (await acme.fetch(event.issuer + "/me")).json();
  await acme.fetch(event.recorder + "/");
  return { data: who };`;

test("from `warder connect` to a call in a cell to refresh to revocation", { skip }, async (t) => {
  const issuer = await provider(t);
  const { origin: recorder, requests } = await serve(t, (request, response) => response.end());
  const place = vault(t, issuer, recorder);
  const connecting = start(["connect", "acme", "--policy", place.policy, "--oauth", "--issuer", issuer,
    "--client-id", "terminal", "--scope", "openid", "--scope", "offline_access", ...place.place]);
  const url = await poll("the URL to open", () => /^ {2}(http\S+)$/m.exec(connecting.output.stderr)?.[1]);
  const page = await browse(url);
  assert.equal(page.status, 200);
  const connected = await connecting.exited;
  assert.equal(connected.code, Exit.succeeded, connected.stderr);

  const call = async () => {
    const flow = startFlow(t, me, { event: { issuer, recorder }, args: ["--json", "--connect", "acme", ...place.place] });
    const { code, stdout, stderr } = await flow.exited;
    assert.equal(code, Exit.succeeded, stderr);
    assert.deepEqual(parseOrNull(stdout).output, { sub: "anna" });
    return { sinks: stdout + stderr, token: requests.at(-1).headers.authorization.slice("Bearer ".length) };
  };
  const first = await call();
  const refreshed = await run(["connection", "refresh", "acme", ...place.place]);
  assert.equal(refreshed.code, Exit.succeeded, refreshed.stderr);
  const second = await call();
  assert.notEqual(second.token, first.token);

  const log = await run(["tenant", "log", "local", ...place.place]);
  assert.deepEqual(log.stdout.trim().split("\n").map((line) => JSON.parse(line).event.event),
    ["connection made", "use", "calls", "refresh begun", "refreshed", "use", "calls"]);
  const list = await run(["connection", "list", "--json", ...place.place]);
  assert.equal(JSON.parse(list.stdout)[0].issuer, issuer);
  const sinks = [connected.stderr, page.text, first.sinks, second.sinks, log.stdout, list.stdout, bytesOf(place.folder)].join("\n");
  for (const { token } of [first, second]) assert.ok(token.length > 20 && !sinks.includes(token));

  const valid = () => fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${second.token}` } }).then((r) => r.status);
  assert.equal(await valid(), 200);
  const removed = await run(["connection", "remove", "acme", ...place.place]);
  assert.equal(removed.code, Exit.succeeded, removed.stderr);
  assert.match(removed.stderr, /revoked at the authorization server/);
  assert.equal(await valid(), 401);
});

test("examples/oauth, connected as its first lines say", { skip }, async (t) => {
  const issuer = await provider(t);
  const { folder, place } = vault(t, issuer, "https://api.acme.test");
  const example = join(root, "examples/oauth");
  const policy = join(folder, "oauth.policy");
  writeFileSync(policy, readFileSync(join(example, "oauth.policy"), "utf8").replaceAll("https://id.acme.test", issuer));
  const connecting = start(["connect", "account", "--policy", policy, "--oauth", "--issuer", issuer, "--client-id", "terminal",
    "--scope", "openid", "--scope", "offline_access", ...place]);
  await browse(await poll("the URL to open", () => /^ {2}(http\S+)$/m.exec(connecting.output.stderr)?.[1]));
  assert.equal((await connecting.exited).code, Exit.succeeded);
  const who = () => run(["run", example, "--json", "--connect", "account", ...place]);
  const connected = await who();
  assert.equal(connected.code, Exit.succeeded, connected.stderr);
  assert.deepEqual(parseOrNull(connected.stdout).output, { subject: "anna" });
  assert.equal((await run(["connection", "refresh", "account", ...place])).code, Exit.succeeded);
  assert.equal((await who()).code, Exit.succeeded);
  assert.equal((await run(["connection", "remove", "account", ...place])).code, Exit.succeeded);
  assert.equal((await who()).code, Exit.invalid);
});

test("a person approves on another device", { skip }, async (t) => {
  const issuer = await provider(t);
  const { origin: recorder } = await serve(t, (request, response) => response.end());
  const place = vault(t, issuer, recorder);
  const connecting = start(["connect", "acme", "--policy", place.policy, "--oauth", "--device", "--issuer", issuer,
    "--client-id", "terminal", "--scope", "openid", ...place.place]);
  const code = await poll("the user code", () => /enter (\S+)/.exec(connecting.output.stderr)?.[1]);
  await fetch(`${issuer}/approve?user_code=${code}`);
  const connected = await connecting.exited;
  assert.equal(connected.code, Exit.succeeded, connected.stderr);
  const flow = startFlow(t, me, { event: { issuer, recorder }, args: ["--json", "--connect", "acme", ...place.place] });
  const { code: exit, stdout, stderr } = await flow.exited;
  assert.equal(exit, Exit.succeeded, stderr);
  assert.deepEqual(parseOrNull(stdout).output, { sub: "anna" });
});

test("a client authorizes itself, with a secret that is piped in", { skip }, async (t) => {
  const issuer = await provider(t);
  const place = vault(t, issuer, "https://api.acme.test");
  const secret = "s:e c%r+e&t=/~";
  const args = ["connect", "acme", "--policy", place.policy, "--oauth", "--client-credentials", "--from-stdin", "--issuer", issuer,
    "--client-id", "service:1", "--scope", "api:read", ...place.place];
  const wrong = await run(args, { input: "not the secret" });
  assert.equal(wrong.code, Exit.invalid);
  assert.match(wrong.stderr, /invalid_client/);
  const connected = await run(args, { input: secret });
  assert.equal(connected.code, Exit.succeeded, connected.stderr);
  assert.ok(!(wrong.stderr + connected.stderr + bytesOf(place.folder)).includes(secret));
});

test("a client that signs: its key is piped in, or in the environment", { skip }, async (t) => {
  const issuer = await provider(t);
  const place = vault(t, issuer, "https://api.acme.test");
  const args = ["connect", "acme", "--policy", place.policy, "--oauth", "--client-credentials", "--issuer", issuer,
    "--client-id", "signed", "--client-authentication", "private_key_jwt", "--client-algorithm", "ES256", "--scope", "api:read",
    "--replace", ...place.place];
  const none = await run(args);
  assert.equal(none.code, Exit.invalid);
  assert.match(none.stderr, /private key has several lines, so it is not typed: .*--from-stdin, or set \$WARDER_CLIENT_SECRET/);
  const foreign = await run([...args, "--from-stdin"], { input: otherKey });
  assert.equal(foreign.code, Exit.invalid);
  assert.match(foreign.stderr, /invalid_client/);
  const other = await run([...args, "--from-stdin", "--client-algorithm", "RS256"], { input: privateKey });
  assert.equal(other.code, Exit.invalid);
  const piped = await run([...args, "--from-stdin"], { input: privateKey });
  assert.equal(piped.code, Exit.succeeded, piped.stderr);
  const environment = await run(args, { env: { WARDER_CLIENT_SECRET: privateKey } });
  assert.equal(environment.code, Exit.succeeded, environment.stderr);
  const refreshed = await run(["connection", "refresh", "acme", ...place.place]);
  assert.equal(refreshed.code, Exit.succeeded, refreshed.stderr);
  const sinks = [none, foreign, other, piped, environment, refreshed].map(({ stderr }) => stderr).join("") + bytesOf(place.folder);
  for (const pem of [privateKey, otherKey]) assert.ok(!sinks.includes(keyText(pem)));
});

test("a service account asserts for whom it acts", { skip }, async (t) => {
  const issuer = await provider(t);
  const place = vault(t, issuer, "https://api.acme.test");
  const args = ["connect", "acme", "--policy", place.policy, "--oauth", "--jwt-bearer", "--issuer", issuer, "--scope", "openid",
    "--client-id", "robot", "--client-authentication", "private_key_jwt", "--client-algorithm", "ES256", "--assertion-issuer",
    "robot@acme.test", "--assertion-subject", "anna", "--assertion-algorithm", "ES256", "--replace", ...place.place];
  const both = (assertion) => ({ input: JSON.stringify({ client_secret: privateKey, assertion_key: assertion }) });
  const lone = await run([...args, "--from-stdin"], { input: privateKey });
  assert.equal(lone.code, Exit.invalid);
  assert.match(lone.stderr, /one JSON object with a text for each of "client_secret", "assertion_key" and nothing else/);
  const foreign = await run([...args, "--from-stdin"], both(otherKey));
  assert.equal(foreign.code, Exit.invalid);
  assert.match(foreign.stderr, /invalid_grant/);
  const outputs = [lone, foreign];
  for (const scope of ["parameter", "claim"]) {
    const connected = await run([...args, "--from-stdin", "--assertion-scope", scope], both(privateKey));
    assert.equal(connected.code, Exit.succeeded, connected.stderr);
    const refreshed = await run(["connection", "refresh", "acme", ...place.place]);
    assert.equal(refreshed.code, Exit.succeeded, refreshed.stderr);
    outputs.push(connected, refreshed);
  }
  const list = await run(["connection", "list", "--json", ...place.place]);
  assert.equal(JSON.parse(list.stdout)[0].kind, "jwt_bearer");
  const sinks = [list, ...outputs].map(({ stdout, stderr }) => stdout + stderr).join("") + bytesOf(place.folder);
  for (const pem of [privateKey, otherKey]) assert.ok(!sinks.includes(keyText(pem)));
});

test("what --jwt-bearer and private_key_jwt need is said", { skip }, async (t) => {
  const place = vault(t, "https://id.acme.test", "https://api.acme.test");
  const begin = ["connect", "acme", "--policy", place.policy, "--from-stdin", ...place.place];
  const oauth = [...begin, "--oauth", "--issuer", "https://id.acme.test"];
  for (const [args, sentence] of [
    [[...begin, "--jwt-bearer"], /--jwt-bearer requires --oauth/],
    [[...oauth, "--assertion-issuer", "robot"], /--assertion-issuer requires --jwt-bearer/],
    [[...oauth, "--jwt-bearer"], /--jwt-bearer needs --assertion-issuer/],
    [[...oauth, "--jwt-bearer", "--device"], /exclude each other/],
    [oauth, /--oauth needs --client-id/],
    [[...oauth, "--jwt-bearer", "--assertion-issuer", "robot", "--assertion-algorithm", "HS256"], /is RS256, ES256 or EdDSA/],
    [[...oauth, "--jwt-bearer", "--assertion-issuer", "robot", "--assertion-scope", "body"], /parameter,claim/],
    [[...oauth, "--jwt-bearer", "--assertion-issuer", "robot", "--client-key-id", "k"], /only a client that .* private_key_jwt/],
  ]) {
    const { code, stderr } = await run(args, { input: privateKey });
    assert.equal(code, Exit.invalid, `${args.join(" ")}: ${stderr}`);
    assert.match(stderr, sentence);
    assert.ok(!existsSync(join(place.folder, "state")) && !existsSync(join(place.folder, "kek")), "nothing was made for it");
  }
});

test("Ctrl-C before anybody has authorized leaves nothing", { skip }, async (t) => {
  const issuer = await provider(t);
  const place = vault(t, issuer, "https://api.acme.test");
  const connecting = start(["connect", "acme", "--policy", place.policy, "--oauth", "--issuer", issuer, "--client-id", "terminal",
    "--scope", "openid", ...place.place]);
  await poll("the URL to open", () => connecting.output.stderr.includes("http://"));
  connecting.child.kill("SIGINT");
  const { code, stderr } = await connecting.exited;
  assert.equal(code, Exit.interrupted, stderr);
  assert.match(stderr, /nothing was stored/);
  assert.equal((await run(["connection", "list", "--json", ...place.place])).stdout, "[]\n");
});
