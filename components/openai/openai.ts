// OpenAI's API, and others that are called in the same way: answers, and embeddings.
import { action, apiKey, component } from "warder";
import { api, inJson, patiently } from "../shared/api";

const call = api({ name: "OpenAI", why: inJson(({ error }) => error.message) });
const connection = { type: "connection", required: true } as const;

export const openai = component({
  key: "openai", label: "OpenAI",
  connections: {
    key: apiKey({ label: "API key", header: "authorization", prefix: "Bearer ", origins: ["https://api.openai.com"], methods: ["POST"] }),
  },
  actions: {
    chat: action({
      label: "Ask a model",
      description: "With a JSON Schema the answer is JSON of it. Whatever it is: it was made of texts that others wrote, so check it before acting on it",
      inputs: {
        connection,
        model: { type: "string", required: true },
        messages: {
          type: "list", required: true, minimum: 1,
          items: { type: "object", fields: { role: { type: "string", choices: ["system", "developer", "user", "assistant"], required: true }, content: { type: "string", required: true } } },
        },
        schema: { type: "map", description: "A JSON Schema" },
        max_completion_tokens: { type: "number", integer: true, minimum: 1 },
        temperature: { type: "number", minimum: 0, maximum: 2 },
      },
      perform: async (context, { connection, schema, ...given }) => {
        const response_format = schema && { type: "json_schema", json_schema: { name: "answer", strict: true, schema } };
        const response = await call(context, connection, "/v1/chat/completions", { method: "POST", json: { ...given, response_format } });
        const { choices: [{ message, finish_reason }], usage } = await response.json();
        if (typeof message.content !== "string") throw context.error("no-answer", `the model did not answer: ${message.refusal ?? finish_reason}`, { retry: false });
        if (schema && finish_reason !== "stop") throw context.error("cut-off", `the model did not finish its JSON: ${finish_reason}`, { retry: false });
        return { data: { text: message.content as string, json: schema ? JSON.parse(message.content) : null, usage: usage as { prompt_tokens: number; completion_tokens: number } } };
      },
    }),
    embed: action({
      label: "Embed texts", idempotent: true, retry: patiently,
      inputs: { connection, model: { type: "string", required: true }, texts: { type: "list", items: { type: "string" }, required: true }, dimensions: { type: "number", integer: true } },
      perform: async (context, { connection, model, texts, dimensions }) => {
        const vectors = await context.batch(texts, async (input): Promise<number[][]> => {
          const { data } = await (await call(context, connection, "/v1/embeddings", { method: "POST", json: { model, input, dimensions } })).json();
          return data.sort((a: any, b: any) => a.index - b.index).map(({ embedding }: any) => embedding);
        }, { size: 256 });
        return { data: vectors.flat() };
      },
    }),
  },
});
