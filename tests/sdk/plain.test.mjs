// Packages that call no API of their own: their flows work on what they load, with the placeholder of a credential.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { assertFilled, bearer, json, runSdk, sdkTest } from "./support.mjs";

sdkTest("zod", async (t) => {
  const { output, seen } = await runSdk(t, "zod", "zod", {
    "GET /orders/42": ({ response }) => json(response, { id: 42, email: "a@acme.test", lines: [{ sku: "x", count: "3" }], extra: true }),
  }, { policy: bearer });
  assertFilled(seen);
  assert.deepEqual(output, {
    order: { id: 42, email: "a@acme.test", lines: [{ sku: "x", count: 3 }] }, paths: ["id", "email", "lines"],
  });
});

sdkTest("lodash", async (t) => {
  const { output, seen } = await runSdk(t, "lodash", "lodash", {
    "GET /lines": ({ response }) => json(response, [{ sku: "a", n: 1 }, { sku: "b", n: 2 }, { sku: "a", n: 3 }]),
  }, { policy: bearer });
  assertFilled(seen);
  assert.deepEqual(output, { sums: { a: 4, b: 2 }, later: "done", camel: "orderId", copied: [1], at: "1970-01-01T00:00:00.000Z" });
});

sdkTest("date-fns", async (t) => {
  const { output, seen } = await runSdk(t, "date-fns", "date-fns", {
    "GET /invoice": ({ response }) => json(response, { date: "31.01.2026" }),
  }, { policy: bearer });
  assertFilled(seen);
  assert.deepEqual(output, { day: "2026-01-31T00:00:00Z", spoken: "Samstag, 31. Januar 2026", due: "2026-02-06", days: 327 });
});

sdkTest("papaparse", async (t) => {
  const csv = 'id,name,total\r\n1,"Weber, Söhne",12.5\r\n2,"a ""b""",3\r\n';
  const { output, seen } = await runSdk(t, "papaparse", "papaparse", {
    "GET /orders.csv": ({ response }) => response.setHeader("content-type", "text/csv").end(csv),
  }, { policy: bearer });
  assertFilled(seen);
  assert.deepEqual(output, {
    data: [{ id: 1, name: "Weber, Söhne", total: 12.5 }, { id: 2, name: 'a "b"', total: 3 }],
    errors: [], fields: ["id", "name", "total"],
    text: '"id","name","total"\r\n"1","Weber, Söhne","12.5"\r\n"2","a ""b""","3"',
  });
});

sdkTest("fast-xml-parser", async (t) => {
  const xml = '<?xml version="1.0"?><orders at="2026"><order id="42">Söhne &amp; Co</order><order id="43"/></orders>';
  const { output, seen } = await runSdk(t, "fast-xml-parser", "fast-xml-parser", {
    "GET /orders.xml": ({ response }) => response.setHeader("content-type", "application/xml").end(xml),
  }, { policy: bearer });
  assertFilled(seen);
  assert.deepEqual(output.parsed.orders, { "@_at": "2026", order: [{ "#text": "Söhne & Co", "@_id": "42" }, { "@_id": "43" }] });
  assert.equal(output.broken, "InvalidTag");
  assert.equal(output.built, "<order><id>42</id><note>a &lt; b</note></order>");
});

sdkTest("jose", async (t) => {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = (claims) => {
    const text = `${part({ alg: "RS256", kid: "one" })}.${part(claims)}`;
    return `${text}.${sign("sha256", Buffer.from(text), privateKey).toString("base64url")}`;
  };
  const jwt = token({ sub: "customer-7", iss: "acme", aud: "orders", exp: Math.floor(Date.now() / 1000) + 600 });
  const [head, , signature] = jwt.split(".");
  const forged = `${head}.${part({ sub: "another", exp: Math.floor(Date.now() / 1000) + 600 })}.${signature}`;
  const { output, seen } = await runSdk(t, "jose", "jose", {
    "GET /keys": ({ response }) => json(response, { keys: [{ ...publicKey.export({ format: "jwk" }), kid: "one", alg: "RS256", use: "sig" }] }),
  }, { policy: bearer, event: { jwt, forged } });
  assertFilled(seen);
  assert.deepEqual(output, { subject: "customer-7", orders: [42, 43], header: { alg: "ES256", kid: "k" }, kty: "EC", crv: "P-256" });
  assert.equal(seen.length, 1, "the keys are fetched once");
});
