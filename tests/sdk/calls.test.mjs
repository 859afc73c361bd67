// Clients that call an API with the placeholder of a credential.
import assert from "node:assert/strict";
import { assertFilled, bearer, json, runSdk, sdkTest, secret } from "./support.mjs";

sdkTest("axios", async (t) => {
  const { output, seen } = await runSdk(t, "axios", "axios", {
    "POST /v1/orders": ({ response, body, url }) => json(response, { got: JSON.parse(body), expand: url.searchParams.getAll("expand[]") }),
    "GET /v1/slow": () => {},
  }, { policy: bearer });
  assert.deepEqual(output, { got: { id: 42 }, expand: ["lines", "tax"] });
  assertFilled(seen);
});

sdkTest("ky", async (t) => {
  let busy = 0;
  const { output, seen } = await runSdk(t, "ky", "ky", {
    "POST /v1/orders": ({ response, body }) => json(response, { got: JSON.parse(body) }),
    "GET /v1/busy": ({ response }) => (++busy < 3 ? response.writeHead(503).end() : json(response, { tried: busy })),
  }, { policy: bearer });
  assert.deepEqual(output, { order: { got: { id: 42 } }, again: { tried: 3 } });
  assertFilled(seen);
});

sdkTest("graphql-request", async (t) => {
  const { output, seen } = await runSdk(t, "graphql-request", "graphql", {
    "POST /graphql": ({ response, body }) => {
      const { id } = JSON.parse(body).variables;
      json(response, id === "42" ? { data: { order: { total: 12 } } } : { errors: [{ message: "no such order" }] });
    },
  }, { policy: bearer });
  assert.deepEqual(output, { order: { total: 12 } });
  assertFilled(seen);
});

sdkTest("@octokit/rest", async (t) => {
  const { output, seen } = await runSdk(t, "@octokit/rest", "octokit", {
    "POST /repos/acme/orders/issues": ({ response, body }) => json(response, { number: 7, ...JSON.parse(body) }, 201),
    "GET /repos/acme/orders/issues": ({ request, response, url }) => {
      const page = Number(url.searchParams.get("page") ?? 1);
      const next = `<http://${request.headers.host}${url.pathname}?page=${page + 1}>; rel="next"`;
      json(response, [{ number: page * 10 }], 200, page < 3 ? { link: next } : {});
    },
  }, { policy: bearer });
  assert.deepEqual(output, { number: 7, title: "Late", numbers: [10, 20, 30] });
  assertFilled(seen, `token ${secret}`);
});

sdkTest("@notionhq/client", async (t) => {
  const { output, seen } = await runSdk(t, "@notionhq/client", "notion", {
    "POST /v1/pages": ({ request, response, body }) => json(response, {
      object: "page", id: "page-1", title: JSON.parse(body).properties.title.title[0].text.content, echo: request.headers.authorization,
    }),
    "GET /v1/pages/absent": ({ response }) => json(response, { object: "error", status: 404, code: "object_not_found", message: "no" }, 404),
  }, { policy: bearer, warnings: 1 });
  assert.deepEqual(output, { id: "page-1", title: "Order 42" });
  assertFilled(seen);
  assert.ok(seen[0].headers["notion-version"]);
});

sdkTest("@slack/web-api", async (t) => {
  const { output, seen } = await runSdk(t, "@slack/web-api", "slack", {
    "POST /api/chat.postMessage": ({ request, response, body }) => {
      const text = new URLSearchParams(`${body}`).get("text");
      json(response, { ok: true, ts: "1.2", message: { text }, echo: request.headers.authorization });
    },
    "POST /api/conversations.info": ({ response }) => json(response, { ok: false, error: "channel_not_found" }),
  }, { policy: bearer, warnings: 3 });
  assert.deepEqual(output, { ts: "1.2", text: "late" });
  assertFilled(seen);
});

sdkTest("@hubspot/api-client", async (t) => {
  const at = "2026-01-31T00:00:00.000Z";
  const { output, seen } = await runSdk(t, "@hubspot/api-client", "hubspot", {
    "POST /crm/v3/objects/contacts": ({ request, response, body }) => json(response, {
      id: "9", properties: { ...JSON.parse(body).properties, echo: request.headers.authorization }, createdAt: at, updatedAt: at, archived: false,
    }, 201),
  }, { policy: bearer, minify: true, warnings: 3 });
  assert.deepEqual(output, { id: "9", email: "a@acme.test", created: at });
  assertFilled(seen);
});
