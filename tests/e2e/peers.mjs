// Servers that others wrote, over TLS with an authority of the test's own, and connections whose policy trusts it.
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createSecureServer } from "node:http2";
import { createServer } from "node:net";
import { join } from "node:path";
import { parseOrNull, startFlow, temporaryFolder } from "./support.mjs";

// A certificate for localhost, which is its own authority: {file, key} are paths.
export function certificate(t) {
  const folder = temporaryFolder(t);
  const file = join(folder, "certificate.pem");
  const key = join(folder, "key.pem");
  const subject = ["-subj", "/CN=warder test", "-addext", "subjectAltName=DNS:localhost"];
  const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"];
  execFileSync("openssl", ["req", "-x509", ...kind, ...subject, "-keyout", key, "-out", file], { stdio: "ignore" });
  return { file, key };
}

// Runs a flow with the connection `peer` to `origin`, whose certificate `trusted` vouches for. Resolves to {code, stderr,
// result}; `sink` is all that the command wrote.
export async function runWithPeer(t, origin, trusted, body, { lines = "", fields = {}, args = [], ...options } = {}) {
  const folder = temporaryFolder(t);
  const file = join(folder, "peer.json");
  const tls = trusted ? `tls ca ${trusted}\n` : "";
  writeFileSync(join(folder, "peer.policy"), `origin ${origin}\nallow * /**\n${tls}${lines}\n`);
  writeFileSync(file, JSON.stringify({ policy: "peer.policy", fields }), { mode: 0o600 });
  const source = `const { peer } = context.connections;\n${body}`;
  const all = ["--json", "--connect", `peer=${file}`, ...args];
  const { code, stdout, stderr } = await startFlow(t, source, { args: all, ...options }).exited;
  return { code, stderr, result: parseOrNull(stdout), sink: stdout + stderr };
}

// node's own TLS server, which would rather speak HTTP/2, and has to where `options` say allowHTTP1: false. `handlers`: what
// to do with a request, by path. `connections` and `requests` keep what came.
export async function serveTls(t, handlers, options = {}) {
  const { file, key } = certificate(t);
  const state = { connections: 0, requests: [], certificate: file };
  const sockets = new Set();
  const server = createSecureServer({ cert: readFileSync(file), key: readFileSync(key), allowHTTP1: true, ...options });
  server.on("secureConnection", (socket) => {
    state.connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket)).on("error", () => {});
  });
  server.on("unknownProtocol", (socket) => socket.destroy());
  server.on("request", (request, response) => {
    state.requests.push({ method: request.method, url: request.url, version: request.httpVersion, headers: request.headers });
    handlers[request.url.split("?")[0]](request, response);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  state.origin = `https://localhost:${server.address().port}`;
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((closed) => server.close(closed));
  });
  return state;
}

async function listening() {
  const server = createServer();
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return server;
}

// nginx as whoever runs the test, in a temporary folder. It inherits its listening sockets, so that nobody has to wait
// until it listens. `locations` stand in each of its servers: plain HTTP, TLS, TLS with HTTP/2.
export async function startNginx(t, { locations = "", files = {} }) {
  const folder = temporaryFolder(t);
  const root = join(folder, "www");
  mkdirSync(root);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(root, name), bytes);
  const { file, key } = certificate(t);
  const sockets = await Promise.all([listening(), listening(), listening()]);
  const [plain, tls, http2] = sockets.map((socket) => socket.address().port);
  const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${join(folder, name)};`);
  const settings = `ssl_certificate ${file}; ssl_certificate_key ${key}; root ${root}; ${locations}`;
  writeFileSync(join(folder, "nginx.conf"), `
    load_module modules/ngx_http_brotli_filter_module.so;
    ${process.getuid() === 0 ? "user root;" : ""} daemon off; worker_processes 1; pid ${join(folder, "pid")}; error_log stderr warn;
    events { }
    http {
      default_type text/plain; client_max_body_size 64m; ${paths.join(" ")}
      log_format seen "$server_protocol $request_method $uri $status $sent_http_content_encoding";
      access_log ${join(folder, "access.log")} seen;
      server { listen 127.0.0.1:${plain}; ${settings} }
      server { listen 127.0.0.1:${tls} ssl; ${settings} }
      server { listen 127.0.0.1:${http2} ssl http2; ${settings} }
    }`);
  const child = spawn("/usr/sbin/nginx", ["-c", join(folder, "nginx.conf"), "-e", "stderr"], {
    env: { NGINX: "3;4;5;" },
    stdio: ["ignore", "ignore", "pipe", ...sockets.map((socket) => socket._handle.fd)],
  });
  for (const socket of sockets) socket.close();
  const state = { root, certificate: file, errors: "" };
  child.stderr.setEncoding("utf8").on("data", (text) => (state.errors += text));
  const exited = new Promise((done) => child.on("close", done));
  t.after(() => {
    child.kill("SIGTERM"); // at once, its worker with it
    return exited;
  });
  const origin = (scheme, port) => `${scheme}://${scheme === "https" ? "localhost" : "127.0.0.1"}:${port}`;
  Object.assign(state, { plain: origin("http", plain), tls: origin("https", tls), http2: origin("https", http2) });
  // Lines of the access log: protocol, method, path, status, content coding.
  state.seen = () => readFileSync(join(folder, "access.log"), "utf8").trimEnd().split("\n");
  return state;
}
