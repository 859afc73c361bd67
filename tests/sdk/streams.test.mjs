// Clients that stream, upload, verify webhooks or have the broker sign.
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { assertFilled, bearer, json, runSdk, sdkTest, secret } from "./support.mjs";

sdkTest("openai", async (t) => {
  const chunk = (content) => `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", choices: [{ index: 0, delta: { content } }] })}\n\n`;
  const { output, seen } = await runSdk(t, "openai", "openai", {
    "POST /v1/chat/completions": async ({ response, body }) => {
      if (!JSON.parse(body).stream) {
        json(response, { id: "c", object: "chat.completion", choices: [{ index: 0, message: { role: "assistant", content: "hello" } }] });
        return;
      }
      response.setHeader("content-type", "text/event-stream");
      for (const content of ["one ", "two ", "drei ö"]) {
        response.write(chunk(content));
        await new Promise((next) => setImmediate(next));
      }
      response.end("data: [DONE]\n\n");
    },
    "POST /v1/files": ({ request, response, body }) => {
      const text = `${body}`;
      assert.match(request.headers["content-type"], /^multipart\/form-data; boundary=/);
      assert.match(text, /name="purpose"\r\n\r\nassistants\r\n/);
      assert.match(text, /\r\n\r\na,b\n1,2\n\r\n--/);
      json(response, { id: "f", object: "file", filename: /filename="([^"]+)"/.exec(text)[1] });
    },
  }, { policy: bearer });
  assert.deepEqual(output, { answer: "hello", pieces: ["one ", "two ", "drei ö"], file: "orders.csv" });
  assertFilled(seen);
});

sdkTest("stripe", async (t) => {
  const signingSecret = "whsec_of_the_test";
  const payload = JSON.stringify({ id: "evt_1", object: "event", type: "invoice.paid", data: { object: {} } });
  const at = Math.floor(Date.now() / 1000);
  const hex = createHmac("sha256", signingSecret).update(`${at}.${payload}`).digest("hex");
  const webhook = { payload, secret: signingSecret, signature: `t=${at},v1=${hex}`, forged: `t=${at},v1=${"0".repeat(64)}` };
  const { output, seen } = await runSdk(t, "stripe", "stripe", {
    "POST /v1/customers": ({ request, response, body }) => {
      const form = new URLSearchParams(`${body}`);
      json(response, { id: "cus_1", object: "customer", email: form.get("email"), metadata: { order: form.get("metadata[order]") }, description: request.headers.authorization });
    },
    "GET /v1/customers/cus_declined": ({ response }) => json(response, { error: { type: "invalid_request_error", message: "no such customer" } }, 404),
  }, { policy: bearer, event: { webhook } });
  assert.deepEqual(output, { id: "cus_1", order: "42", webhook: "invoice.paid" });
  assertFilled(seen);
});

// AWS Signature Version 4, from the documentation: what the server computes of what it got.
function signatureOf({ method, path, headers, body }, { key, region, service }) {
  const [, day, names] = /Credential=[^/]+\/(\d{8})\/.*SignedHeaders=([^,]+)/.exec(headers.authorization);
  const sha = (data) => createHash("sha256").update(data).digest("hex");
  const hmac = (secretKey, data) => createHmac("sha256", secretKey).update(data).digest();
  const [plain, query = ""] = path.split("?");
  const payload = headers["x-amz-content-sha256"];
  assert.ok(payload === "UNSIGNED-PAYLOAD" || payload === sha(body), `x-amz-content-sha256 is ${payload}`);
  const canonical = [
    method, plain, query.split("&").sort().join("&"),
    ...names.split(";").map((name) => `${name}:${headers[name].trim().replace(/ +/g, " ")}`), "", names, payload,
  ].join("\n");
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, sha(canonical)].join("\n");
  const signing = [region, service, "aws4_request"].reduce(hmac, hmac(`AWS4${key}`, day));
  return createHmac("sha256", signing).update(text).digest("hex");
}

sdkTest("@aws-sdk/client-s3", async (t) => {
  const aws = { key: `${secret}-aws`, region: "eu-central-1", service: "s3" };
  const key = "/orders/2026/42%20%C3%A4.json";
  const stored = new Map();
  const xml = (response, text, status = 200) => response.writeHead(status, { "content-type": "application/xml" }).end(`<?xml version="1.0"?>${text}`);
  const { output, seen } = await runSdk(t, "@aws-sdk/client-s3", "s3", {
    [`PUT ${key}`]: ({ response, body }) => {
      stored.set(key, body);
      response.setHeader("etag", '"one"').end();
    },
    [`GET ${key}`]: ({ response }) => response.end(stored.get(key)),
    "GET /orders/absent": ({ response }) => xml(response, "<Error><Code>NoSuchKey</Code><Message>no</Message></Error>", 404),
    "GET /orders/": ({ response, url }) => xml(response, `<ListBucketResult><Contents><Key>${url.searchParams.get("prefix")}42 ä.json</Key></Contents></ListBucketResult>`),
  }, {
    name: "s3",
    policy: [`inject aws-sigv4 region ${aws.region} service s3 access-key id secret-key key`],
    fields: { id: "AKIDTESTTESTTEST", key: aws.key },
  });
  assert.deepEqual(output, { etag: '"one"', body: '{"id":42}', keys: ["2026/42 ä.json"] });
  for (const each of seen) {
    assert.match(each.headers.authorization, /^AWS4-HMAC-SHA256 Credential=AKIDTESTTESTTEST\//);
    assert.equal(/Signature=([0-9a-f]{64})$/.exec(each.headers.authorization)[1], signatureOf(each, aws), each.path);
  }
});
