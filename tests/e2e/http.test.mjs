// HTTP through the broker: what a flow can call, what it cannot, and that bodies stream in bounded memory.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";
import { Exit, memoryOf, poll, readBody, runFlow, serve, startFlow } from "./support.mjs";

const mebibyte = 1 << 20;
const pattern = Buffer.from(Array.from({ length: mebibyte }, (_, i) => (i * 31 + (i >> 8)) & 255));

// Sends `total` bytes of the pattern, no faster than the client reads.
async function sendPattern(response, total) {
  for (let sent = 0; sent < total; sent += pattern.length) {
    if (!response.write(pattern.subarray(0, Math.min(pattern.length, total - sent)))) await once(response, "drain");
  }
  response.end();
}

test("GET and POST reach an allowed origin and the calls are in the result", async (t) => {
  const server = await serve(t, async (request, response) => {
    const body = (await readBody(request)).toString();
    response.writeHead(request.method === "POST" ? 201 : 200, { "content-type": "application/json", "x-extra": "yes" });
    response.end(
      JSON.stringify({ method: request.method, url: request.url, body, type: request.headers["content-type"] ?? null }),
    );
  });
  const { code, result, stderr } = await runFlow(
    t,
    `const get = await fetch(event + "/a%20b?q=1");
     const post = await fetch(event + "/p", { method: "POST", headers: { "content-type": "application/json" }, body: '{"x":"ü"}' });
     return { data: [get.status, get.headers.get("x-extra"), await get.json(), post.status, await post.json()] };`,
    { event: server.origin, allow: [server.origin] },
  );
  assert.equal(code, Exit.succeeded, stderr);
  assert.deepEqual(result.output, [
    200,
    "yes",
    { method: "GET", url: "/a%20b?q=1", body: "", type: null },
    201,
    { method: "POST", url: "/p", body: `{"x":"ü"}`, type: "application/json" },
  ]);
  assert.deepEqual(
    result.calls.map((call) => [call.method, call.origin, call.path, call.status, call.outcome]),
    [
      ["GET", server.origin, "/a%20b", 200, "ok"],
      ["POST", server.origin, "/p", 201, "ok"],
    ],
  );
  assert.ok(!stderr.includes("q=1"), "a query may hold personal data");
});

test("an origin that is not allowed is refused, and nothing ever connects to it", async (t) => {
  const allowed = await serve(t, (request, response) => response.end("ok"));
  const other = await serve(t, (request, response) => response.end("secret"));
  const body = `try { const response = await fetch(event); return { data: await response.text() }; }
     catch (error) { return { data: { refused: error.message, name: error.name } }; }`;
  const blocked = await runFlow(t, body, { event: other.origin, allow: [allowed.origin] });
  assert.equal(other.connections, 0);
  assert.equal(blocked.result.output.name, "TypeError");
  assert.ok(blocked.result.output.refused.includes(other.origin), blocked.result.output.refused);
  assert.equal(blocked.result.calls[0].outcome, "refused");

  const none = await runFlow(t, body, { event: other.origin });
  assert.equal(other.connections, 0);
  assert.equal(none.result.calls[0].outcome, "refused");

  const control = await runFlow(t, body, { event: other.origin, allow: [other.origin] });
  assert.equal(control.result.output, "secret");
  assert.equal(other.connections, 1);
});

// The script may catch it, so what it does not catch is its own error.
test("an uncaught refusal is the flow's own error, with exit code 1, and names the origin and --allow", async (t) => {
  const other = await serve(t, (request, response) => response.end("secret"));
  const { code, result, stderr } = await runFlow(t, `await fetch(event); return { data: 1 };`, { event: other.origin });
  assert.equal(code, Exit.failed, stderr);
  assert.equal(result.status, "failed");
  for (const text of [other.origin, "--allow"]) assert.ok(result.reason.includes(text), result.reason);
  assert.equal(other.connections, 0);
});

test("other spellings of a private address are refused, and nothing connects", async (t) => {
  const server = await serve(t, (request, response) => response.end("secret"));
  const { port } = new URL(server.origin);
  const spellings = [
    "2130706433",
    "0x7f.1",
    "127.1",
    "[::ffff:127.0.0.1]",
    "localhost",
    "127.0.0.1.",
    "0.0.0.0",
    "[::1]",
    "127.0.0.2",
  ];
  const { result, stderr } = await runFlow(
    t,
    `const seen = {};
     for (const host of event.spellings) {
       try { seen[host] = await (await fetch("http://" + host + ":" + event.port + "/")).text(); } catch (error) { seen[host] = null; }
     }
     return { data: seen };`,
    { event: { spellings, port }, allow: ["https://example.com"] },
  );
  assert.ok(result?.output, stderr);
  for (const spelling of spellings) assert.equal(result.output[spelling], null, spelling);
  assert.equal(server.connections, 0);
});

test("a redirect to an origin that is not allowed is refused; to an allowed one it is followed", async (t) => {
  const other = await serve(t, (request, response) => response.end("arrived"));
  const server = await serve(t, (request, response) => {
    if (request.url === "/here") return response.writeHead(302, { location: "/there" }).end();
    if (request.url === "/there") return response.end("moved");
    return response.writeHead(307, { location: `${other.origin}/x` }).end();
  });
  const body = `const local = await fetch(event + "/here");
     let away;
     try { away = await (await fetch(event + "/away")).text(); } catch (error) { away = "refused"; }
     const manual = await fetch(event + "/away", { redirect: "manual" });
     return { data: [await local.text(), local.redirected, local.url, away, manual.type] };`;
  const closed = await runFlow(t, body, { event: server.origin, allow: [server.origin] });
  assert.deepEqual(closed.result.output.slice(0, 4), ["moved", true, `${server.origin}/there`, "refused"]);
  assert.equal(other.connections, 0);
  const open = await runFlow(t, body, { event: server.origin, allow: [server.origin, other.origin] });
  assert.equal(open.result.output[3], "arrived");
});

test("a 100 MB download passes through the engine and the cell in bounded memory", async (t) => {
  const total = 100 * mebibyte;
  const peaks = [];
  let engine;
  const server = await serve(t, async (request, response) => {
    if (request.url === "/mark") {
      peaks.push(memoryOf(engine.pid, "VmHWM"));
      return response.end("ok");
    }
    return sendPattern(response, Number(request.url.slice(1)));
  });
  const { child, exited } = startFlow(
    t,
    `const read = async (bytes) => {
       let got = 0, last = 0;
       for (const reader = (await fetch(event + "/" + bytes)).body.getReader(); ; ) {
         const { done, value } = await reader.read();
         if (done) return [got, last];
         got += value.byteLength; last = value[value.byteLength - 1];
       }
     };
     const small = await read(${mebibyte});
     await fetch(event + "/mark");
     const large = await read(${total});
     await fetch(event + "/mark");
     return { data: { small, large } };`,
    { event: server.origin, allow: [server.origin], args: ["--json"] },
  );
  engine = child;
  const { code, stdout, stderr } = await exited;
  assert.equal(code, Exit.succeeded, stderr);
  const result = JSON.parse(stdout);
  const last = pattern[mebibyte - 1];
  assert.deepEqual(result.output, { small: [mebibyte, last], large: [total, last] });
  assert.ok(peaks[1] - peaks[0] < 16 * mebibyte, `the engine grew from ${peaks[0]} to ${peaks[1]} bytes`);
  assert.ok(result.usage.peakRssBytes < 100 * mebibyte, `the cell's peak was ${result.usage.peakRssBytes} bytes`);
  assert.equal(result.usage.responseBytes, total + mebibyte + 4);
  t.diagnostic(
    `engine ${peaks.map((peak) => (peak / mebibyte).toFixed(1))} MiB, cell ${(result.usage.peakRssBytes / mebibyte).toFixed(1)} MiB`,
  );
});

test("a flow that does not read holds the upstream back", async (t) => {
  let sent = 0;
  const server = await serve(t, async (request, response) => {
    if (request.url === "/wait") {
      // The other response is as far as it gets once it stops moving.
      let before = -1;
      await poll("the upstream to stall", async () => {
        const stalled = sent === before;
        before = sent;
        if (!stalled) await new Promise((next) => setTimeout(next, 200));
        return stalled;
      });
      return response.end("stalled");
    }
    for (; sent < 100 * mebibyte && !response.destroyed; sent += pattern.length) {
      if (!response.write(pattern)) await Promise.race([once(response, "drain"), once(response, "close")]);
    }
    return response.end();
  });
  const { code, stderr } = await runFlow(
    t,
    `const unread = await fetch(event + "/"); await fetch(event + "/wait"); return { data: unread.status };`,
    { event: server.origin, allow: [server.origin] },
  );
  assert.equal(code, Exit.succeeded, stderr);
  assert.ok(sent < 20 * mebibyte, `${sent} bytes were taken from the upstream`);
});

test("a streamed upload arrives whole, in bounded memory", async (t) => {
  const chunks = 400;
  const chunkBytes = 64 << 10;
  const server = await serve(t, async (request, response) => {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const piece of request) {
      hash.update(piece);
      bytes += piece.length;
    }
    response.end(JSON.stringify({ bytes, hash: hash.digest("hex") }));
  });
  const { code, result, stderr } = await runFlow(
    t,
    `let next = 0;
     const body = new ReadableStream({ pull(controller) {
       if (next === ${chunks}) return controller.close();
       controller.enqueue(new Uint8Array(${chunkBytes}).fill(next++ & 255));
     } });
     const response = await fetch(event, { method: "PUT", body, duplex: "half" });
     return { data: await response.json() };`,
    { event: server.origin, allow: [server.origin], limits: { "array-buffer": "8MB" } },
  );
  assert.equal(code, Exit.succeeded, stderr);
  const hash = createHash("sha256");
  for (let i = 0; i < chunks; i += 1) hash.update(Buffer.alloc(chunkBytes, i & 255));
  assert.deepEqual(result.output, { bytes: chunks * chunkBytes, hash: hash.digest("hex") });
});

test("a response that comes before the upload has ended reaches the flow, and its server may close", async (t) => {
  const server = await serve(t, (request, response) => {
    request.once("data", () => {
      if (request.url === "/close") {
        request.socket.end("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nearly");
        return;
      }
      request.resume();
      response.writeHead(202, { "content-length": 5 });
      response.end("early");
    });
  });
  const { code, result, stderr } = await runFlow(
    t,
    `const upload = async (path) => {
       let controller;
       const body = new ReadableStream({ start(c) { controller = c; c.enqueue(new TextEncoder().encode("begun")); } });
       const response = await fetch(event + path, { method: "POST", body, duplex: "half" });
       if (path === "/close") return [response.status, await response.text()];
       controller.close();  // half duplex: the exchange is over when both bodies are
       return [response.status, await response.text()];
     };
     return { data: [await upload("/close"), await upload("/reads-on")] };`,
    { event: server.origin, allow: [server.origin], limits: { wall: "10s" } },
  );
  assert.equal(code, Exit.succeeded, stderr);
  assert.deepEqual(result.output, [[200, "early"], [202, "early"]]);
});

test("AbortController ends a call and the connection", async (t) => {
  let closed = false;
  const server = await serve(t, (request, response) => {
    if (request.url === "/closed")
      return poll("the aborted connection to close", () => closed).then(() => response.end("closed"));
    response.on("close", () => (closed = true));
    response.write("begun");
  });
  const { code, result, stderr } = await runFlow(
    t,
    `const controller = new AbortController();
     const response = await fetch(event + "/endless", { signal: controller.signal });
     const reader = response.body.getReader();
     const first = new TextDecoder().decode((await reader.read()).value);
     controller.abort();
     let name;
     try { await reader.read(); } catch (error) { name = error.name; }
     return { data: [first, name, await (await fetch(event + "/closed")).text()] };`,
    { event: server.origin, allow: [server.origin] },
  );
  assert.equal(code, Exit.succeeded, stderr);
  assert.deepEqual(result.output, ["begun", "AbortError", "closed"]);
});

test("a reason phrase that is no UTF-8 reaches the script as bytes", async (t) => {
  const server = await serve(t, (request) => {
    request.socket.end(Buffer.from("HTTP/1.1 200 Tr\xe8s bien\r\nX-Caf\u0065: \xe9\r\nContent-Length: 2\r\n\r\nok", "latin1"));
  });
  const { code, result, stderr } = await runFlow(
    t,
    `const response = await fetch(event); return { data: [response.statusText, response.headers.get("x-cafe"), await response.text()] };`,
    { event: server.origin, allow: [server.origin] },
  );
  assert.equal(code, Exit.succeeded, stderr);
  assert.deepEqual(result.output, ["Très bien", "é", "ok"]);
});

test("headers that are not a script's to set are dropped, and others arrive", async (t) => {
  const server = await serve(t, (request, response) => response.end(JSON.stringify(request.rawHeaders)));
  const { code, result, stderr } = await runFlow(
    t,
    `const forbidden = ["Accept-Charset", "accept-encoding", "Access-Control-Request-Headers", "Access-Control-Request-Method",
       "Connection", "Content-Length", "Cookie2", "DNT", "Expect", "Host", "HTTP2-Settings", "Keep-Alive", "Set-Cookie", "TE",
       "Trailer", "Transfer-Encoding", "Upgrade", "Via", "Proxy-Authorization", "Sec-Fetch-Mode"];
     const allowed = ["authorization", "cookie", "date", "origin", "referer", "user-agent", "x-api-key"];
     const headers = Object.fromEntries([...forbidden, ...allowed].map((name) => [name, "dropped?"]));
     const request = new Request(event, { headers });
     request.headers.set("HOST", "evil.test");
     request.headers.append("connection", "close");
     request.headers.delete("host");
     const seen = [...request.headers.keys()];
     const raw = await (await fetch(request)).json();
     return { data: { seen, allowed, kept: new Headers(headers).get("host"), sent: raw.filter((_, i) => i % 2 === 1 && raw[i] === "dropped?").length, raw } };`,
    { event: server.origin, allow: [server.origin] },
  );
  assert.equal(code, Exit.succeeded, stderr);
  const { seen, allowed, kept, sent, raw } = result.output;
  assert.deepEqual(seen, allowed);
  assert.equal(kept, "dropped?", "a Headers object that is nobody's holds anything");
  assert.equal(sent, allowed.length, String(raw));
  assert.equal(raw[raw.indexOf("Host") + 1], new URL(server.origin).host);
});

test("an upstream that closes, talks nonsense or is not there rejects the fetch", async (t) => {
  const server = await serve(t, (request, response) => {
    if (request.url === "/cut") {
      response.writeHead(200, { "content-length": "100" });
      response.write("short");
      return setImmediate(() => response.destroy());
    }
    return request.socket.end("this is not HTTP\r\n\r\n");
  });
  const gone = await serve(t, () => {});
  const { origin } = gone;
  const { code, result, stderr } = await runFlow(
    t,
    `const seen = [];
     for (const url of event) {
       try { seen.push(await (await fetch(url)).text()); } catch (error) { seen.push(error.name); }
     }
     return { data: seen };`,
    {
      event: [`${server.origin}/cut`, `${server.origin}/nonsense`, "http://127.0.0.1:1/"],
      allow: [server.origin, origin, "http://127.0.0.1:1"],
    },
  );
  assert.equal(code, Exit.succeeded, stderr);
  assert.deepEqual(result.output, ["TypeError", "TypeError", "TypeError"]);
  assert.deepEqual(
    result.calls.map((call) => call.outcome),
    ["network", "network", "network"],
  );
});

test("calls of one flow run side by side", async (t) => {
  const waiting = [];
  const server = await serve(t, (request, response) => {
    waiting.push(response);
    if (waiting.length === 8) for (const each of waiting) each.end("together");
  });
  const { code, result, stderr } = await runFlow(
    t,
    `const texts = await Promise.all(Array.from({ length: 8 }, async (_, i) => (await fetch(event + "/" + i)).text()));
     return { data: texts };`,
    { event: server.origin, allow: [server.origin] },
  );
  assert.equal(code, Exit.succeeded, stderr);
  assert.deepEqual(result.output, Array(8).fill("together"));
});
