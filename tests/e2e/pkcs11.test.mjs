// A vault whose key is in a PKCS#11 token (SoftHSM's), from the command's options: made, used, moved there and back.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Exit, parseOrNull, run, serve, startFlow, temporaryFolder } from "./support.mjs";

const token = "canary-30b7d915fe826c4a";
const pin = "57190246";
const module = "/usr/lib/softhsm/libsofthsm2.so";

// A token "warder" with the key pairs "kek" and "next".
function softhsm(t) {
  const folder = temporaryFolder(t);
  const env = { SOFTHSM2_CONF: join(folder, "softhsm2.conf") };
  mkdirSync(join(folder, "tokens"));
  writeFileSync(env.SOFTHSM2_CONF, `directories.tokendir = ${join(folder, "tokens")}\nobjectstore.backend = file\nlog.level = ERROR\n`);
  const softhsm2 = (...args) => execFileSync("softhsm2-util", args, { env: { ...process.env, ...env }, stdio: "ignore" });
  softhsm2("--init-token", "--free", "--label", "warder", "--so-pin", "12345678", "--pin", pin);
  for (const [label, id] of [["kek", "A1"], ["next", "A2"]]) {
    const key = join(folder, `${label}.pem`);
    execFileSync("openssl", ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key], { stdio: "ignore" });
    softhsm2("--import", key, "--token", "warder", "--label", label, "--id", id, "--pin", pin);
  }
  return env;
}

function bytesOf(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath ?? entry.path, entry.name), "latin1"))
    .join("\n");
}

test("a vault under a token's key: made, used, moved to another key, to a file and back", async (t) => {
  const { origin, requests } = await serve(t, (request, response) => response.end("ok"));
  const softhsmEnv = softhsm(t);
  const env = { ...softhsmEnv, WARDER_PKCS11_PIN: pin, WARDER_TO_PKCS11_PIN: pin };
  const folder = temporaryFolder(t);
  const policy = join(folder, "acme.policy");
  writeFileSync(policy, `origin ${origin}\nallow GET /v1/**\ninject bearer token\n`);
  const state = ["--state", join(folder, "state")];
  const key = (label) => ["--pkcs11-module", module, "--pkcs11-token", "warder", "--pkcs11-key", label];
  const toKey = (label) => key(label).map((each) => each.replace("--pkcs11", "--to-pkcs11"));
  const outputs = [];
  const command = async (args, options = {}) => {
    const result = await run([...args, ...state], { env, ...options });
    outputs.push(result.stdout, result.stderr);
    return result;
  };
  const works = async (args) => {
    const flow = startFlow(t, `return { data: await (await context.connections.acme.fetch("/v1/x")).text() };`,
      { args: ["--json", "--connect", "acme", ...args, ...state], env });
    const { code, stdout, stderr } = await flow.exited;
    outputs.push(stdout, stderr);
    assert.equal(code, Exit.succeeded, stderr);
    assert.equal(parseOrNull(stdout).output, "ok");
    assert.equal(requests.at(-1).headers.authorization, `Bearer ${token}`);
  };
  const refused = async (args, sentence, options) => {
    const { code, stderr } = await command(["connection", "list", ...args], options);
    assert.equal(code, Exit.invalid, stderr);
    assert.match(stderr, sentence);
  };

  const connected = await command(["connect", "acme", "--policy", policy, "--from-stdin", ...key("kek")], { input: token });
  assert.equal(connected.code, Exit.succeeded, connected.stderr);
  assert.doesNotMatch(connected.stderr, /made the key/);
  await works(key("kek"));
  await refused(key("next"), /is under the key-encryption key pkcs11:/);
  await refused(key("kek"), /PIN/, { env: { ...softhsmEnv, WARDER_PKCS11_PIN: "11111111" } });
  await refused(key("kek"), /no terminal|PIN/, { env: softhsmEnv });
  await refused(key("nobody"), /nobody/);

  const rotations = [
    [key("kek"), toKey("next"), key("next")],
    [key("next"), ["--to-kek", join(folder, "kek")], ["--kek", join(folder, "kek")]],
    [["--kek", join(folder, "kek")], toKey("kek"), key("kek")],
  ];
  for (const [from, to, now] of rotations) {
    const rotated = await command(["tenant", "rotate-kek", ...from, ...to]);
    assert.equal(rotated.code, Exit.succeeded, rotated.stderr);
    assert.match(rotated.stderr, /wrapped the keys of 1 tenant under another key/);
    assert.equal(/made the key/.test(rotated.stderr), to[0] === "--to-kek", rotated.stderr);
    await works(now);
    await refused(from, /is under the key-encryption key|refused/);
  }
  const same = await command(["tenant", "rotate-kek", ...key("kek"), ...toKey("kek")]);
  assert.equal(same.code, Exit.invalid);
  assert.match(same.stderr, /that is the same key/);

  const sinks = outputs.join("\n") + bytesOf(folder);
  for (const secret of [token, pin]) assert.ok(!sinks.includes(secret));
});
