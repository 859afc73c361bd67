// A support form is filed in a CRM. An attacker has filled in the form, and has taken over the CRM's server as well.
//
// The flow trusts both, on purpose: it makes the mistakes that integrations make. Each stands in `mistakes` below, with
// what it would have cost. What becomes of them is the flow's output, and the note is filed all the same.
//
// Event:      { customer, note, callback, headers, preferences }, all from the attacker; tests/e2e/under-attack.test.mjs has one
// Connection: "crm", with under-attack.policy
import { flow, integration } from "warder";

// As found in many a project. A "__proto__" in the source makes everybody's defaults.
function merge(target, source) {
  for (const key of Object.keys(source)) {
    if (typeof source[key] === "object" && source[key] !== null) merge((target[key] ??= {}), source[key]);
    else target[key] = source[key];
  }
  return target;
}

const mistakes = {
  // The URL of a customer "../admin/keys" is that of the administrators' keys.
  "a path that climbs": ({ crm }, event) => crm.fetch(`/v1/customers/${event.customer}`),

  // Two more lines in a header are two more headers.
  "a header with line breaks": ({ crm }, event) => crm.fetch("/v1/notes", { method: "POST", headers: { "x-customer": event.note } }),

  // A server that believes "host", "content-length" or "transfer-encoding" takes the body for another request.
  "headers that frame the message": async ({ crm }, event) => {
    const response = await crm.fetch("/v1/notes", { method: "POST", headers: event.headers, body: "{}" });
    return `sent without them: ${response.status}`;
  },

  // From here on each object has method: "DELETE". An own one goes before it; this call has none.
  "a polluted prototype": ({ crm }, event) => {
    merge({}, event.preferences);
    return crm.fetch("/v1/customers/7", {});
  },

  // The address where clouds keep the machine's own credentials, or a service that only the inside can reach.
  "a callback to the inside": (connections, event) => fetch(event.callback),
  "a redirect to the inside": ({ crm }) => crm.fetch("/v1/avatar"),

  // Whoever reads the log, the output or the next request would have the credential. What is known for a spelling of it is
  // taken out of answers. This server was given it, so it can always spell it in a way of its own, here backwards.
  "a credential that is sent back": async ({ crm }) => {
    const answer = await crm.fetch("/v1/echo");
    return `${answer.headers.get("x-authorization")} ${await answer.text()}`;
  },
  "a credential that is sent on": ({ crm }) => crm.fetch("/v1/notes", { method: "POST", body: crm.fields.token }),
  "a credential that is sent elsewhere": ({ crm }, event) => fetch(event.callback, { headers: { authorization: crm.fields.token } }),

  // JSON.parse makes a property of it, which is nobody's prototype.
  "an answer with __proto__": async ({ crm }) => {
    const answer = await (await crm.fetch("/v1/customers/8")).json();
    return `admin: ${answer.admin}, everybody an admin: ${{}.admin}`;
  },

  // An answer that never ends, one that is a thousand times as large as it came, and a listing without an end.
  "an answer that never ends": async ({ crm }) => (await crm.fetch("/v1/slow")).text(),
  "an answer that swells": async ({ crm }) => (await crm.fetch("/v1/export")).text(),
  "a listing without an end": async ({ crm }, event, context) => {
    const all = [];
    for await (const item of context.paginate(async ({ cursor = 0 }) => {
      const response = await crm.fetch(`/v1/customers?page=${cursor}`);
      return { items: [cursor], next: (await response.json()).next };
    }, { maxPages: 20 })) all.push(item);
    return all.length;
  },
};

export default integration({
  name: "Under attack",
  version: "1.0.0",
  flows: [
    flow({
      name: "File a support form",
      key: "file-form",
      run: async (context, event) => {
        const outcomes = {};
        for (const [name, mistake] of Object.entries(mistakes)) {
          try {
            const result = await context.step(name, () => mistake(context.connections, event, context));
            outcomes[name] = result instanceof Response ? `the server was asked, and answered ${result.status}` : `${result}`;
          } catch (error) {
            outcomes[name] = `${error.name}: ${error.message}`;
          }
        }
        const filed = await context.connections.crm.fetch("/v1/notes", { method: "POST", body: JSON.stringify({ note: event.note }) });
        return { data: { outcomes, filed: filed.ok } };
      },
    }),
  ],
});
