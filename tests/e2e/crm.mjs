// The server of examples/under-attack's CRM, which was taken over. It keeps in `notes` what it got.
import { gzipSync } from "node:zlib";
import { readBody } from "./support.mjs";

let bomb = null;

// Answers one request; `inside` is the origin that it would like others to call.
export async function answerAsCrm(request, response, inside, notes) {
  const body = await readBody(request);
  const { pathname, searchParams } = new URL(request.url, "http://crm");
  const answer = (value) => response.writeHead(200, { "content-type": "application/json" }).end(value);
  if (request.method !== "GET") notes.push({ body: `${body}`, headers: request.headers });
  switch (pathname) {
    case "/v1/avatar": return response.writeHead(302, { location: `${inside}/latest/meta-data/` }).end();
    case "/v1/echo": {
      const { authorization } = request.headers;
      const value = authorization.slice("Bearer ".length);
      const spellings = [value, Buffer.from(value).toString("base64"), Buffer.from(value).toString("hex"), [...value].reverse().join("")];
      response.setHeader("x-authorization", authorization);
      return answer(JSON.stringify({ spellings }));
    }
    case "/v1/customers/8": return answer(`{"id":8,"__proto__":{"admin":true}}`);
    case "/v1/slow": return void response.writeHead(200).write("…");
    case "/v1/export": return response.writeHead(200, { "content-encoding": "gzip" }).end((bomb ??= gzipSync(Buffer.alloc(64 << 20))));
    case "/v1/customers": return answer(JSON.stringify({ next: Number(searchParams.get("page")) + 1 }));
    default: return answer("{}");
  }
}

// What the attacker has put into the form.
export const attackersForm = (inside) => `{
  "customer": "../admin/keys",
  "note": "hello\\r\\nx-role: admin",
  "callback": "${inside}/latest/meta-data/",
  "headers": { "host": "inside.acme.test", "content-length": "0", "transfer-encoding": "chunked", "connection": "x-customer" },
  "preferences": { "__proto__": { "method": "DELETE", "redirect": "follow", "isAdmin": true } }
}`;
