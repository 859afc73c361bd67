// Any HTTP API, for which there is no component of its own.
import { action, component } from "warder";
import { refusal } from "../shared/api";
import { withQuery } from "../shared/path";

type Given = { json?: unknown; form?: Record<string, string>; text?: string };

function bodyOf({ json, form, text }: Given): { body: string | null; type: Record<string, string> } {
  if ([json, form, text].filter((each) => each !== undefined).length > 1) throw new TypeError("a request has one body: json, form or text");
  if (json !== undefined) return { body: JSON.stringify(json), type: { "content-type": "application/json" } };
  if (form !== undefined) return { body: `${new URLSearchParams(form)}`, type: { "content-type": "application/x-www-form-urlencoded" } };
  return { body: text ?? null, type: {} };
}

const isJson = ({ headers }: Response) => /^application\/(?:[\w.-]+\+)?json\b/i.test(headers.get("content-type") ?? "");

async function read(response: Response, as: "auto" | "json" | "text" | "base64"): Promise<any> {
  if (as === "base64") return btoa(Array.from(await response.bytes(), (byte) => String.fromCharCode(byte)).join(""));
  const text = await response.text();
  return as === "json" || (as === "auto" && isJson(response) && text !== "") ? JSON.parse(text) : text;
}

export const http = component({
  key: "http", label: "HTTP",
  actions: {
    request: action({
      label: "Send a request",
      description: "Through a connection, which brings origin and credential, or without one to an origin that the execution may call",
      inputs: {
        connection: { type: "connection" },
        method: { type: "string", choices: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], default: "GET" },
        url: { type: "string", required: true, description: "A path, where there is a connection" },
        query: { type: "map", items: { type: "string" } },
        headers: { type: "map", items: { type: "string" } },
        json: { type: "any", description: "A body, sent as JSON" },
        form: { type: "map", items: { type: "string" }, description: "A body, sent as an HTML form would send it" },
        text: { type: "string", description: "A body, sent as it is" },
        as: { type: "string", choices: ["auto", "json", "text", "base64"], default: "auto", description: "auto: JSON where the answer says so, else text" },
        accept: { type: "list", items: { type: "number", integer: true }, default: [], description: "Statuses from 300 on that are no error" },
      },
      perform: async (context, { connection, method, url, query, headers, as, accept, ...given }) => {
        const { body, type } = bodyOf(given);
        const target = withQuery(url, query);
        const init = { method, body, headers: { ...type, ...headers } };
        const response = await (connection ? connection.fetch(target, init) : fetch(target, init));
        const { status } = response;
        if (!response.ok && !accept.includes(status)) throw refusal(context, "the server", response, (await response.text()).slice(0, 200));
        return { data: { status, headers: Object.fromEntries(response.headers), body: await read(response, as) } };
      },
    }),
  },
});
