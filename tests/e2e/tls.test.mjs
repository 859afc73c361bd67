// Calls over TLS to node's own server, through a connection whose policy names the authority: bodies both ways, answers
// that come early, what is cut off, events one by one.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runWithPeer, serveTls } from "./peers.mjs";
import { Exit, temporaryFolder } from "./support.mjs";

const mebibyte = 1 << 20;

// What a flow's calls come to: each path's status and text, or its error.
const outcomes = `const outcome = (path, init) => peer.fetch(path, init)
  .then(async (response) => [response.status, await response.text()]).catch((error) => error.message);`;

async function call(t, server, body, options) {
  const { code, result, stderr } = await runWithPeer(t, server.origin, server.certificate, body, { limits: { wall: "20s" }, ...options });
  assert.equal(code, Exit.succeeded, stderr);
  return result;
}

const after = (request, response) => response.end("after");

test("calls in turn share a connection, calls at a time have one each, all with HTTP/1.1", async (t) => {
  const waiting = [];
  const server = await serveTls(t, {
    "/turn": (request, response) => response.end("turn"),
    "/together": (request, response) => {
      waiting.push(response);
      if (waiting.length === 5) for (const each of waiting) each.end("together");
    },
  });
  const { output } = await call(t, server, `${outcomes}
    const turns = [];
    for (let i = 0; i < 20; i += 1) turns.push(await outcome("/turn"));
    const together = await Promise.all(Array.from({ length: 5 }, () => outcome("/together")));
    return { data: { turns: new Set(turns.map(String)).size, first: turns[0], together } };`);
  assert.deepEqual(output, { turns: 1, first: [200, "turn"], together: Array(5).fill([200, "together"]) });
  assert.equal(server.connections, 5);
  assert.deepEqual([...new Set(server.requests.map(({ version }) => version))], ["1.1"]);
});

test("a server that speaks nothing but HTTP/2 is a failure that says so", async (t) => {
  const server = await serveTls(t, { "/": after }, { allowHTTP1: false });
  const { output } = await call(t, server, `${outcomes} return { data: await outcome("/") };`);
  assert.match(output, /TLS 1\.2 or later and HTTP\/1\.1 are needed|closed the connection without an answer/);
  t.diagnostic(output);
  assert.equal(server.requests.length, 0);
});

test("uploads and downloads arrive whole, whether their length is known or not", async (t) => {
  const chunk = Buffer.alloc(64 << 10, "upload");
  const chunks = 320;
  const server = await serveTls(t, {
    "/up": async (request, response) => {
      const hash = createHash("sha256");
      let bytes = 0;
      for await (const piece of request) {
        hash.update(piece);
        bytes += piece.length;
      }
      response.end(JSON.stringify({ bytes, hash: hash.digest("hex") }));
    },
    "/down": async (request, response) => {
      if (request.url.endsWith("known")) response.setHeader("content-length", chunk.length * chunks);
      for (let i = 0; i < chunks; i += 1) if (!response.write(chunk)) await once(response, "drain");
      response.end();
    },
  });
  const { output } = await call(t, server, `
    const chunk = new TextEncoder().encode("upload".repeat(${chunk.length})).subarray(0, ${chunk.length});
    let next = 0;
    const stream = new ReadableStream({ pull(c) { if (next++ === ${chunks}) c.close(); else c.enqueue(chunk.slice()); } });
    const whole = new Uint8Array(${8 * mebibyte});
    for (let i = 0; i < whole.length; i += chunk.length) whole.set(chunk, i);
    const up = async (body, init) => (await peer.fetch("/up", { method: "POST", body, ...init })).json();
    const down = async (path) => {
      let got = 0;
      for await (const piece of (await peer.fetch(path)).body) got += piece.length;
      return got;
    };
    return { data: [await up(stream, { duplex: "half" }), await up(whole), await down("/down?known"), await down("/down")] };`);
  const hashOf = (count) => {
    const hash = createHash("sha256");
    for (let i = 0; i < count; i += 1) hash.update(chunk);
    return hash.digest("hex");
  };
  const bytes = chunk.length * chunks;
  assert.deepEqual(output, [{ bytes, hash: hashOf(chunks) }, { bytes: 8 * mebibyte, hash: hashOf(128) }, bytes, bytes]);
  assert.equal(server.connections, 1);
});

test("a response that ends while the request is being sent reaches the flow", async (t) => {
  // Ends its response at the first byte of the request's body.
  const early = (status, headers, then) => (request, response) => request.once("data", () => {
    response.writeHead(status, headers);
    response.end("early");
    then(request);
  });
  const server = await serveTls(t, {
    "/reads-on": early(202, {}, (request) => request.resume()),
    "/known-length": early(202, { "content-length": 5 }, (request) => request.resume()),
    "/closes": early(200, { connection: "close" }, (request) => request.socket.end()),
    "/refuses": early(413, { connection: "close" }, (request) => request.socket.end()),
    "/after": after,
  });
  const { output } = await call(t, server, `${outcomes}
    const upload = async (path, closes) => {
      let controller;
      const body = new ReadableStream({ start(c) { controller = c; c.enqueue(new TextEncoder().encode("begun")); } });
      const response = await peer.fetch(path, { method: "POST", body, duplex: "half" });
      if (closes) controller.close();
      return [response.status, await response.text()];
    };
    return { data: [await upload("/reads-on", true), await upload("/known-length", true), await upload("/closes", false),
      await upload("/refuses", false), await outcome("/after")] };`, { limits: { wall: "10s" } });
  assert.deepEqual(output, [[202, "early"], [202, "early"], [200, "early"], [413, "early"], [200, "after"]]);
});

test("what is cut off is a failure, before the head and within the body, and never the end of a body", async (t) => {
  const cut = (headers, end) => (request, response) => {
    response.writeHead(200, headers);
    response.write("half of it", () => end(request.socket));
  };
  const server = await serveTls(t, {
    "/chunked": cut({}, (socket) => socket.destroy()),
    "/chunked-politely": cut({}, (socket) => socket.end()),
    "/known-length": cut({ "content-length": 100 }, (socket) => socket.end()),
    "/no-length": (request) => {
      request.socket.write("HTTP/1.1 200 OK\r\n\r\nhalf of it", () => request.socket.destroy());
    },
    "/before": (request) => request.socket.destroy(),
    "/after": after,
  });
  const { output } = await call(t, server, `${outcomes}
    const all = {};
    for (const path of ["/chunked", "/chunked-politely", "/known-length", "/no-length", "/before", "/after"]) all[path] = await outcome(path);
    return { data: all };`);
  t.diagnostic(JSON.stringify(output));
  const { "/after": last, ...rest } = output;
  for (const [path, said] of Object.entries(rest)) assert.match(String(said), /^fetch failed: (the connection to )?https:/, path);
  assert.deepEqual(last, [200, "after"]);
});

test("trailers are no part of a response, 10,000 headers are too many", async (t) => {
  const many = (set) => {
    for (let i = 0; i < 10_000; i += 1) set(`x-${i}`, "1");
  };
  const server = await serveTls(t, {
    "/trailers": (request, response) => {
      response.writeHead(200, { trailer: "x-trailer", "x-head": "begin" });
      response.write("body");
      response.addTrailers({ "x-trailer": "end" });
      response.end();
    },
    "/headers": (request, response) => {
      many((name, value) => response.setHeader(name, value));
      response.end("body");
    },
    "/many-trailers": (request, response) => {
      response.write("body");
      const trailers = {};
      many((name, value) => (trailers[name] = value));
      response.addTrailers(trailers);
      response.end();
    },
    "/after": after,
  });
  const { output } = await call(t, server, `${outcomes}
    const response = await peer.fetch("/trailers");
    const trailers = [response.status, await response.text(), response.headers.get("x-head"), response.headers.get("x-trailer")];
    const trailersToo = await outcome("/many-trailers");
    return { data: { trailers, trailersToo, headers: await outcome("/headers"), after: await outcome("/after") } };`);
  t.diagnostic(JSON.stringify(output));
  assert.deepEqual(output.trailers, [200, "body", "begin", null]);
  for (const said of [output.headers, output.trailersToo]) assert.match(String(said), /more response headers than are accepted/);
  assert.deepEqual(output.after, [200, "after"]);
});

test("a streamed completion arrives event by event", async (t) => {
  const words = ["All", " work", " and", " no", " play"];
  const log = [];
  let events;
  const send = () => {
    const next = words[log.filter((entry) => entry.startsWith("seen")).length];
    if (next === undefined) return events.end("data: [DONE]\n\n");
    log.push(`sent ${next}`);
    return events.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: next } }] })}\n\n`);
  };
  const server = await serveTls(t, {
    "/v1/chat/completions": async (request, response) => {
      let body = "";
      for await (const piece of request) body += piece;
      assert.equal(JSON.parse(body).stream, true);
      assert.equal(request.headers.authorization, "Bearer sk-test-0123456789");
      events = response;
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
      send();
    },
    // The next event is sent only when the flow has seen the one before.
    "/seen": (request, response) => {
      log.push(`seen ${decodeURIComponent(request.url.split("?")[1])}`);
      response.writeHead(204).end();
      send();
    },
  });
  const result = await call(t, server, `
    const response = await peer.fetch("/v1/chat/completions", { method: "POST",
      headers: { "content-type": "application/json", accept: "text/event-stream" },
      body: JSON.stringify({ model: "test", stream: true, messages: [{ role: "user", content: "Hello" }] }) });
    let pending = "", answer = "";
    const decoder = new TextDecoder();
    for await (const piece of response.body) {
      pending += decoder.decode(piece, { stream: true });
      for (let end; (end = pending.indexOf("\\n\\n")) >= 0; pending = pending.slice(end + 2)) {
        const data = pending.slice("data: ".length, end);
        if (data === "[DONE]") continue;
        const { content } = JSON.parse(data).choices[0].delta;
        context.log.info("event", { content });
        answer += content;
        await peer.fetch("/seen?" + encodeURIComponent(content));
      }
    }
    return { data: answer };`, { lines: "inject bearer token", fields: { token: "sk-test-0123456789" } });
  assert.equal(result.output, words.join(""));
  assert.deepEqual(log, words.flatMap((word) => [`sent ${word}`, `seen ${word}`]));
  assert.equal(result.logs.filter(({ message }) => message === "event").length, words.length);
});

test("zstd and gzip bodies are decoded, with a limit on what comes out", async (t) => {
  const text = "All work and no play makes Jack a dull boy.\n".repeat(20_000);
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "text"), text);
  const packed = {
    zstd: execFileSync("zstd", ["-q", "-3", "-c", join(folder, "text")]),
    gzip: execFileSync("gzip", ["-1", "-c", join(folder, "text")]),
  };
  const server = await serveTls(t, Object.fromEntries(Object.entries(packed).map(([coding, bytes]) => [`/${coding}`, (request, response) => {
    assert.ok(request.headers["accept-encoding"].includes(coding));
    response.writeHead(200, { "content-encoding": coding, "content-length": bytes.length });
    response.end(bytes);
  }])));
  const body = `const all = {};
    for (const coding of ["gzip", "zstd"]) {
      const text = await (await peer.fetch("/" + coding)).text();
      all[coding] = text.length === event.length * 20_000 && text === event.repeat(20_000);
    }
    return { data: all };`;
  const event = text.slice(0, text.length / 20_000);
  const { output } = await call(t, server, body, { event });
  assert.deepEqual(output, { gzip: true, zstd: true });
  const limited = await runWithPeer(t, server.origin, server.certificate, body, { event, limits: { "response-bytes": "100KB" } });
  assert.equal(limited.code, Exit.limit, limited.stderr);
  assert.match(limited.result.reason, /response-bytes/);
});

test("without the policy's authority nothing is sent", async (t) => {
  const server = await serveTls(t, { "/": after });
  const body = `${outcomes} return { data: await outcome("/") };`;
  const { result } = await runWithPeer(t, server.origin, "", body);
  assert.match(result.output, /^fetch failed: .*is not trusted: self-signed certificate/);
  assert.equal(server.requests.length, 0);
  const { output } = await call(t, server, body);
  assert.deepEqual(output, [200, "after"]);
});
