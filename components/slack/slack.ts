// Slack's Web API: messages, people, channels.
import { action, apiKey, component, type Connection, type Context } from "warder";
import { api, inJson, patiently, type Call } from "../shared/api";

const post = api({ name: "Slack", why: inJson(({ error }) => error) });

/** Slack answers 200 to what it refuses, and says so in the body. */
async function call(context: Context, connection: Connection, method: string, given: Call = {}): Promise<any> {
  const body = await (await post(context, connection, `/api/${method}`, given)).json();
  if (body.ok === true) return body;
  const why = typeof body.error === "string" ? body.error : "unknown_error";
  const code = /_not_found$/.test(why) ? "not-found" : /auth|token/.test(why) ? "unauthorized" : "refused";
  throw context.error(code, `Slack refused ${method}: ${why}`, { retry: why === "internal_error" || why === "service_unavailable" });
}

const connection = { type: "connection", required: true } as const;

export interface Channel { id: string; name: string; is_private: boolean; is_archived: boolean; }
export interface Person { id: string; name: string; real_name: string; tz: string; profile: { email?: string }; }

export const slack = component({
  key: "slack", label: "Slack",
  connections: {
    bot: apiKey({
      label: "Bot token", description: "xoxb-…, of an app with the scopes chat:write, channels:read, users:read.email",
      header: "authorization", prefix: "Bearer ", origins: ["https://slack.com"], methods: ["GET", "POST"],
    }),
  },
  actions: {
    postMessage: action({
      label: "Post a message",
      inputs: {
        connection,
        channel: { type: "string", required: true, description: "An id such as C024BE91L, or #name" },
        text: { type: "string", required: true, description: "Also what notifications show where there are blocks" },
        blocks: { type: "list", description: "Block Kit" },
        thread_ts: { type: "string", description: "The message that this answers" },
      },
      perform: async (context, { connection, ...json }) => {
        const { channel, ts } = await call(context, connection, "chat.postMessage", { method: "POST", json });
        return { data: { channel: channel as string, ts: ts as string } };
      },
    }),
    findPerson: action({
      label: "Find a person by e-mail", description: "null where there is none", idempotent: true, retry: patiently,
      inputs: { connection, email: { type: "string", required: true } },
      perform: async (context, { connection, email }): Promise<{ data: Person | null }> => {
        try {
          return { data: (await call(context, connection, "users.lookupByEmail", { query: { email } })).user };
        } catch (error: any) {
          if (error.code === "not-found") return { data: null };
          throw error;
        }
      },
    }),
    listChannels: action({
      label: "List channels", idempotent: true, retry: patiently,
      inputs: { connection, types: { type: "string", default: "public_channel" } },
      perform: async (context, { connection, types }) => {
        const channels: Channel[] = [];
        for await (const channel of context.paginate<Channel, string>(async ({ cursor }) => {
          const query = { types, exclude_archived: true, limit: 200, cursor };
          const page = await call(context, connection, "conversations.list", { query });
          return { items: page.channels, next: page.response_metadata?.next_cursor };
        })) channels.push(channel);
        return { data: channels };
      },
    }),
  },
});

/** Text in Slack's markup, in which what comes from elsewhere mentions nobody and links nowhere. */
export const escape = (text: string) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
