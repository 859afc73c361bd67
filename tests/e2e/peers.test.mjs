// Real peers: nginx, plain, with TLS, and with TLS and HTTP/2 on offer.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { runWithPeer, startNginx } from "./peers.mjs";
import { Exit } from "./support.mjs";

const mebibyte = 1 << 20;
const text = "All work and no play makes Jack a dull boy.\n".repeat(2_000);
const patternOf = (bytes) => Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 31 + (i >> 8)) & 255));
// Reads a response's body; checks the ends of each piece against the pattern.
const readPattern = `const readPattern = async (path) => {
  const byte = (i) => (i * 31 + (i >> 8)) & 255;
  let got = 0, pieces = 0, wrong = 0;
  const response = await peer.fetch(path);
  for (const reader = response.body.getReader(); ; pieces += 1) {
    const { done, value } = await reader.read();
    if (done) return { status: response.status, got, pieces, wrong };
    wrong += value[0] !== byte(got % ${mebibyte}) || value[value.length - 1] !== byte((got + value.length - 1) % ${mebibyte});
    got += value.length;
  }
};`;

async function peer(t, options) {
  const nginx = await startNginx(t, options);
  return { nginx, origins: [nginx.plain, nginx.tls, nginx.http2] };
}

test("nginx: plain, chunked, gzip and brotli bodies arrive as they are, plain and over TLS", async (t) => {
  const { nginx, origins } = await peer(t, {
    files: { "plain.txt": text, "gzip.txt": text, "br.txt": text, "empty.txt": "" },
    locations: `location = /gzip.txt { gzip on; gzip_types *; gzip_proxied any; }
                location = /br.txt { brotli on; brotli_types *; }`,
  });
  for (const [index, origin] of origins.entries()) {
    const { code, result, stderr } = await runWithPeer(t, origin, index > 0 && nginx.certificate, `
      const seen = {};
      for (const name of ["plain", "gzip", "br", "empty"]) {
        const response = await peer.fetch("/" + name + ".txt");
        const text = await response.text();
        seen[name] = [response.status, text.length, text === event.repeat(2_000), response.headers.get("content-encoding")];
      }
      seen.missing = (await peer.fetch("/missing")).status;
      return { data: seen };`, { event: text.slice(0, text.length / 2_000), limits: { wall: "30s" } });
    assert.equal(code, Exit.succeeded, stderr + nginx.errors);
    const whole = [200, text.length, true, null];
    assert.deepEqual(result.output, { plain: whole, gzip: whole, br: whole, empty: [200, 0, false, null], missing: 404 });
    const log = nginx.seen().slice(-5);
    const line = (path, status, coding) => `HTTP/1.1 GET ${path} ${status} ${coding}`;
    assert.deepEqual(log, [line("/plain.txt", 200, "-"), line("/gzip.txt", 200, "gzip"), line("/br.txt", 200, "br"),
      line("/empty.txt", 200, "-"), line("/missing", 404, "-")]);
  }
});

test("nginx: a slow response arrives in pieces and whole", async (t) => {
  const bytes = 96 << 10;
  const { nginx, origins } = await peer(t, {
    files: { "slow.bin": patternOf(bytes) },
    locations: "location = /slow.bin { limit_rate 64k; }",
  });
  for (const [index, origin] of origins.entries()) {
    const { code, result, stderr } = await runWithPeer(t, origin, index > 0 && nginx.certificate, `${readPattern}
      return { data: await readPattern("/slow.bin") };`);
    assert.equal(code, Exit.succeeded, stderr + nginx.errors);
    assert.ok(result.output.pieces > 1, "more than one piece");
    assert.deepEqual({ ...result.output, pieces: 0 }, { status: 200, got: bytes, pieces: 0, wrong: 0 });
  }
});

test("nginx: a 100 MB download arrives whole, over TLS", async (t) => {
  const piece = patternOf(mebibyte);
  const { nginx, origins } = await peer(t, { files: { "large.bin": Buffer.concat(Array(100).fill(piece)) } });
  for (const origin of origins.slice(1)) {
    const { code, result, stderr } = await runWithPeer(t, origin, nginx.certificate, `${readPattern}
      return { data: await readPattern("/large.bin") };`, { limits: { wall: "60s", cpu: "30s" } });
    assert.equal(code, Exit.succeeded, stderr + nginx.errors);
    assert.deepEqual({ ...result.output, pieces: 0 }, { status: 200, got: 100 * mebibyte, pieces: 0, wrong: 0 });
    assert.ok(result.usage.peakRssBytes < 100 * mebibyte, `the cell's peak was ${result.usage.peakRssBytes} bytes`);
    t.diagnostic(`${result.output.pieces} pieces, ${JSON.stringify(result.usage)}`);
  }
});

test("nginx: uploads arrive whole, one that is too large is answered at once", async (t) => {
  const { nginx, origins } = await peer(t, {
    locations: "location / { dav_methods PUT; } location /small/ { client_max_body_size 1k; dav_methods PUT; }",
  });
  for (const [index, origin] of origins.entries()) {
    const { code, result, stderr } = await runWithPeer(t, origin, index > 0 && nginx.certificate, `
      const bytes = new Uint8Array(8 << 20);
      for (let i = 0; i < bytes.length; i += 4096) bytes.fill((i >> 12) & 255, i, i + 4096);
      const put = async (path) => {
        const response = await peer.fetch(path, { method: "PUT", body: bytes });
        return [response.status, (await response.text()).includes("413")];
      };
      return { data: [await put("/up${index}.bin"), await put("/small/x"), (await peer.fetch("/up${index}.bin")).status] };`);
    assert.equal(code, Exit.succeeded, stderr + nginx.errors);
    assert.deepEqual(result.output, [[201, false], [413, true], 200]);
    const expected = createHash("sha256");
    for (let i = 0; i < 2048; i += 1) expected.update(Buffer.alloc(4096, i & 255));
    const got = createHash("sha256").update(readFileSync(join(nginx.root, `up${index}.bin`)));
    assert.equal(got.digest("hex"), expected.digest("hex"));
  }
});
