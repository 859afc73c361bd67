// Two engines in two processes on one vault, and a token that is over when both come to use it.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Exit, parseOrNull, poll, readBody, run, serve, start, startFlow, temporaryFolder } from "./support.mjs";

// An authorization server whose refresh tokens rotate, and which counts what a real one takes for theft: the second use
// of one that has rotated. The first access token is over when it comes, those of a refresh are good for an hour.
async function authorizationServer(t) {
  const state = { requests: [], refreshes: 0, reuses: 0, waiting: [], revoked: [] };
  let issued = 0;
  let current = "";
  const server = createServer(async (request, response) => {
    const url = new URL(request.url, state.issuer);
    const json = (value, status = 200) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(JSON.stringify(value));
    };
    if (url.pathname === "/.well-known/oauth-authorization-server") {
      return json({
        issuer: state.issuer, authorization_endpoint: `${state.issuer}/authorize`, token_endpoint: `${state.issuer}/token`,
        revocation_endpoint: `${state.issuer}/revoke`, response_types_supported: ["code"], code_challenge_methods_supported: ["S256"],
        token_endpoint_auth_methods_supported: ["none"], grant_types_supported: ["authorization_code", "refresh_token"],
        authorization_response_iss_parameter_supported: true,
      });
    }
    const form = new URLSearchParams((await readBody(request)).toString());
    if (url.pathname === "/revoke") {
      state.revoked.push(form.get("token"));
      return json({});
    }
    if (url.pathname !== "/token") return json({}, 404);
    state.requests.push(form.get("grant_type"));
    const refresh = form.get("grant_type") === "refresh_token";
    if (refresh) {
      state.refreshes += 1;
      if (form.get("refresh_token") !== current) {
        state.reuses += 1;
        return json({ error: "invalid_grant" }, 400);
      }
      // Nobody is answered before both have come to where they need a token.
      await new Promise((go) => state.waiting.push(go));
    }
    issued += 1;
    current = `refresh-${issued}-0123456789`;
    json({ access_token: `access-${issued}-0123456789`, token_type: "Bearer", expires_in: refresh ? 3600 : 1, refresh_token: current });
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  t.after(() => new Promise((closed) => server.close(closed).closeAllConnections()));
  state.issuer = `http://127.0.0.1:${server.address().port}`;
  return state;
}

test("two engines that find one expired token make one token request", async (t) => {
  const as = await authorizationServer(t);
  const { origin, requests } = await serve(t, (request, response) => response.end("ok"));
  const folder = temporaryFolder(t);
  const policy = join(folder, "acme.policy");
  writeFileSync(policy, `origin ${origin}\nallow GET /**\ninject bearer access_token\n`);
  const place = ["--state", join(folder, "state"), "--kek", join(folder, "kek")];
  const connecting = start(["connect", "acme", "--policy", policy, "--oauth", "--issuer", as.issuer, "--client-id", "terminal", ...place]);
  const url = new URL(await poll("the URL to open", () => /^ {2}(http\S+)$/m.exec(connecting.output.stderr)?.[1]));
  const back = new URL(url.searchParams.get("redirect_uri"));
  for (const [name, value] of [["code", "c0de"], ["state", url.searchParams.get("state")], ["iss", as.issuer]]) back.searchParams.set(name, value);
  assert.equal((await fetch(back)).status, 200);
  assert.equal((await connecting.exited).code, Exit.succeeded, connecting.output.stderr);

  const body = `
    console.log("calling");
    const all = await Promise.all(Array.from({ length: 50 }, () => context.connections.acme.fetch("/").then((r) => r.text())));
    return { data: all.length };`;
  const runs = [1, 2].map(() => startFlow(t, body, { args: ["--json", "--connect", "acme", ...place] }));
  for (const each of runs) await poll("the flow to call", () => each.output.stderr.includes("calling"));
  await poll("the token request", () => as.waiting.length > 0);
  // Both wait now: whoever has no token cannot have called.
  assert.equal(requests.length, 0);
  as.waiting.shift()();
  for (const each of runs) {
    const { code, stdout, stderr } = await each.exited;
    assert.equal(code, Exit.succeeded, stderr);
    assert.equal(parseOrNull(stdout).output, 50);
  }
  assert.deepEqual(as.requests, ["authorization_code", "refresh_token"], "exactly one refresh");
  assert.equal(as.reuses, 0);
  assert.equal(requests.length, 100);
  assert.deepEqual([...new Set(requests.map(({ headers }) => headers.authorization))], ["Bearer access-2-0123456789"]);
  const log = await run(["tenant", "log", "local", ...place]);
  const events = log.stdout.trim().split("\n").map((line) => JSON.parse(line).event.event);
  assert.equal(events.filter((event) => event === "refreshed").length, 1);
});
