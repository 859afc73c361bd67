// crypto.subtle in a real cell: what node's Web Cryptography makes it understands, and the other way round; and what takes
// too long ends at a limit like everything else.
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { test } from "node:test";
import { Exit, runFlow } from "./support.mjs";

const { subtle } = webcrypto; // Node 18 has no global for it
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const un = (text) => new Uint8Array(Buffer.from(text, "hex"));
const text = new TextEncoder().encode("signed in one place, verified in another");

const rsa = (name, hash) => ({ name, hash, modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) });
const signatures = [
  { key: rsa("RSASSA-PKCS1-v1_5", "SHA-256"), by: "RSASSA-PKCS1-v1_5" },
  { key: rsa("RSASSA-PKCS1-v1_5", "SHA-1"), by: "RSASSA-PKCS1-v1_5" },
  { key: rsa("RSA-PSS", "SHA-384"), by: { name: "RSA-PSS", saltLength: 48 } },
  { key: rsa("RSA-PSS", "SHA-512"), by: { name: "RSA-PSS", saltLength: 0 } },
  { key: { name: "ECDSA", namedCurve: "P-256" }, by: { name: "ECDSA", hash: "SHA-256" } },
  { key: { name: "ECDSA", namedCurve: "P-384" }, by: { name: "ECDSA", hash: "SHA-384" } },
  { key: { name: "ECDSA", namedCurve: "P-521" }, by: { name: "ECDSA", hash: "SHA-512" } },
  { key: { name: "Ed25519" }, by: "Ed25519" },
];

// Both ends do the same, so both are this text. A cell says what it exported as hexadecimal digits or as a JWK.
const shared = `
  const { subtle } = globalThis.crypto;
  const hex = (b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, "0")).join("");
  const un = (h) => Uint8Array.from(h.match(/../g) ?? [], (x) => parseInt(x, 16));
  const whole = (a) => ({ ...a, publicExponent: Uint8Array.of(1, 0, 1) });`;

test("node verifies what a cell signs, with keys of the cell in every format", async (t) => {
  const { code, stderr, result } = await runFlow(t, `${shared}
    const made = [];
    for (const { key, by } of event.signatures) {
      const pair = await subtle.generateKey(whole(key), true, ["sign", "verify"]);
      made.push({ signature: hex(await subtle.sign(by, pair.privateKey, un(event.text))),
        spki: hex(await subtle.exportKey("spki", pair.publicKey)), pkcs8: hex(await subtle.exportKey("pkcs8", pair.privateKey)),
        jwk: await subtle.exportKey("jwk", pair.privateKey) });
    }
    return { data: made };`, { event: { signatures, text: hex(text) }, limits: { cpu: "60s", wall: "100s" } });
  assert.equal(code, Exit.succeeded, stderr);
  for (const [i, { key, by }] of signatures.entries()) {
    const { signature, spki, pkcs8, jwk } = result.output[i];
    const publicKey = await subtle.importKey("spki", un(spki), key, true, ["verify"]);
    assert.ok(await subtle.verify(by, publicKey, un(signature), text), key.name);
    assert.equal(await subtle.verify(by, publicKey, un(signature), text.slice(1)), false);
    const { alg, ...nameless } = jwk;
    if (key.name === "Ed25519") assert.equal(alg, "Ed25519"); // which Node 18 knows by an older name
    // The private key in both formats is the one of that public key.
    for (const privateKey of [await subtle.importKey("pkcs8", un(pkcs8), key, true, ["sign"]),
      await subtle.importKey("jwk", key.name === "Ed25519" ? nameless : jwk, key, true, ["sign"])]) {
      assert.ok(await subtle.verify(by, publicKey, await subtle.sign(by, privateKey, text), text), key.name);
    }
  }
});

test("a cell verifies what node signs", async (t) => {
  const made = [];
  for (const { key, by } of signatures) {
    const pair = await subtle.generateKey(key, true, ["sign", "verify"]);
    made.push({
      key, by, signature: hex(await subtle.sign(by, pair.privateKey, text)),
      spki: hex(await subtle.exportKey("spki", pair.publicKey)), jwk: await subtle.exportKey("jwk", pair.publicKey),
      pkcs8: hex(await subtle.exportKey("pkcs8", pair.privateKey)),
    });
  }
  const { code, stderr, result } = await runFlow(t, `${shared}
    const said = [];
    for (const { key, by, signature, spki, jwk, pkcs8 } of event.made) {
      for (const publicKey of [await subtle.importKey("spki", un(spki), whole(key), true, ["verify"]),
        await subtle.importKey("jwk", jwk, whole(key), true, ["verify"])]) {
        said.push(await subtle.verify(by, publicKey, un(signature), un(event.text)),
          await subtle.verify(by, publicKey, un(signature), un(event.text).slice(1)),
          hex(await subtle.exportKey("spki", publicKey)) === spki);
      }
      const privateKey = await subtle.importKey("pkcs8", un(pkcs8), whole(key), true, ["sign"]);
      said.push(hex(await subtle.exportKey("pkcs8", privateKey)) === pkcs8);
    }
    return { data: said };`, { event: { made, text: hex(text) } });
  assert.equal(code, Exit.succeeded, stderr);
  assert.deepEqual(result.output, signatures.flatMap(() => [true, false, true, true, false, true, true]));
});

test("secrets agreed on, derived, wrapped and encrypted are the same at both ends", async (t) => {
  const agreements = [{ name: "ECDH", namedCurve: "P-256" }, { name: "ECDH", namedCurve: "P-521" }, { name: "X25519" }];
  const ours = [];
  for (const a of agreements) ours.push(await subtle.generateKey(a, true, ["deriveBits"]));
  const publicKeys = [];
  for (const { publicKey } of ours) publicKeys.push(hex(await subtle.exportKey("raw", publicKey)));
  const oaep = await subtle.generateKey(rsa("RSA-OAEP", "SHA-256"), true, ["encrypt", "decrypt", "wrapKey", "unwrapKey"]);
  const { code, stderr, result } = await runFlow(t, `${shared}
    const agreed = [];
    for (const [i, a] of event.agreements.entries()) {
      const mine = await subtle.generateKey(a, false, ["deriveBits"]);
      const theirs = await subtle.importKey("raw", un(event.publicKeys[i]), a, true, []);
      agreed.push({ raw: hex(await subtle.exportKey("raw", mine.publicKey)), bits: hex(await subtle.deriveBits({ name: a.name, public: theirs }, mine.privateKey, 128)) });
    }
    const password = await subtle.importKey("raw", un(event.text), "PBKDF2", false, ["deriveKey"]);
    const salt = un("0102");
    const aes = await subtle.deriveKey({ name: "PBKDF2", hash: "SHA-512", salt, iterations: 1000 }, password, { name: "AES-GCM", length: 256 }, true, ["encrypt"]);
    const to = await subtle.importKey("spki", un(event.oaep), { name: "RSA-OAEP", hash: "SHA-256" }, true, ["wrapKey"]);
    return { data: { agreed, text: hex(await subtle.encrypt({ name: "AES-GCM", iv: un("00".repeat(12)), additionalData: salt }, aes, un(event.text))),
      wrapped: hex(await subtle.wrapKey("raw", aes, to, { name: "RSA-OAEP", label: salt })) } };`,
  { event: { agreements, publicKeys, text: hex(text), oaep: hex(await subtle.exportKey("spki", oaep.publicKey)) } });
  assert.equal(code, Exit.succeeded, stderr);
  const { agreed, text: encrypted, wrapped } = result.output;
  for (const [i, a] of agreements.entries()) {
    const theirs = await subtle.importKey("raw", un(agreed[i].raw), a, true, []);
    assert.equal(hex(await subtle.deriveBits({ name: a.name, public: theirs }, ours[i].privateKey, 128)), agreed[i].bits);
  }
  const aes = await subtle.unwrapKey(
    "raw", un(wrapped), oaep.privateKey, { name: "RSA-OAEP", label: un("0102") }, "AES-GCM", true, ["decrypt"]);
  const opened = { name: "AES-GCM", iv: new Uint8Array(12), additionalData: un("0102") };
  assert.equal(hex(await subtle.decrypt(opened, aes, un(encrypted))), hex(text));
});

// Native code is not interrupted as JavaScript is: generating a key looks whether it should end, and for the rest there is
// SIGKILL. The verdict is the same.
const endless = [
  {
    name: "a thousand million iterations of PBKDF2",
    body: `const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);
      await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt: new Uint8Array(8), iterations: 1e9 }, key, 256);`,
    limit: "cpu",
  },
  {
    name: "an RSA key of 16,384 bits",
    body: `await crypto.subtle.generateKey({ name: "RSA-PSS", hash: "SHA-256", modulusLength: 16384,
      publicExponent: Uint8Array.of(1, 0, 1) }, true, ["sign"]);`,
    limit: "cpu",
  },
  {
    name: "one RSA key after the other",
    body: `for (;;) await crypto.subtle.generateKey({ name: "RSA-PSS", hash: "SHA-256", modulusLength: 3072,
      publicExponent: Uint8Array.of(1, 0, 1) }, true, ["sign"]);`,
    limit: "cpu",
    stack: /index\.js:3/,
  },
  {
    name: "a bomb of keys",
    body: `const keys = []; for (;;) keys.push(await crypto.subtle.generateKey("X25519", true, ["deriveBits"]));`,
    limit: "array-buffer",
  },
];

for (const { name, body, limit, stack } of endless) {
  test(`${name} ends at the limit ${limit}`, async (t) => {
    const limits = { wall: "60s", cpu: limit === "cpu" ? "300ms" : "20s", heap: "64MB", "array-buffer": "8MB" };
    const { code, result, stderr } = await runFlow(t, body, { limits });
    assert.equal(code, Exit.limit, stderr);
    assert.equal(result.receipt.verdict.limit.name, limit);
    assert.deepEqual([result.receipt.teardown.dead, result.receipt.teardown.reaped], [true, true]);
    if (stack) assert.match(stderr, stack);
  });
}
