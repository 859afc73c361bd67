// What the flows here share: one flow each, which gets the server's origin and, where there is a connection `api`, the
// placeholder of its field `token`, and `load` to fetch a document with it.
import { flow, integration } from "warder";

export const sdk = (run) => integration({
  name: "SDK", version: "1.0.0",
  flows: [flow({
    name: "SDK", key: "sdk",
    run: async (context, event) => {
      const token = context.connections.api?.fields.token;
      if (token !== undefined) check(/^wrd_[\w-]{32}$/.test(token), "the credential is a placeholder", token);
      const origin = event?.origin;
      const load = (path) => fetch(`${origin}${path}`, { headers: { authorization: `Bearer ${token}` } });
      return { data: await run({ context, event, origin, token, load }) };
    },
  })],
});

export function check(holds, what, found) {
  if (!holds) throw new Error(`${what}: ${JSON.stringify(found)}`);
}

/** The server says what credential it got; the script must not hear it. @param {string} said */
export function checkUnseen(said) {
  check(typeof said === "string" && said.includes("[redacted]"), "the server's echo of the credential was not taken out", said);
}
