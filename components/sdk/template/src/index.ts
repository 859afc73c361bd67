// An order comes in; where it is a big one, a message goes out.
import { action, component, flow, integration, webhook, type Values } from "warder";

const messages = component({
  key: "messages",
  label: "Messages",
  actions: {
    send: action({
      label: "Send a message",
      retry: { maxAttempts: 3, delay: "1s" },
      inputs: {
        url: { type: "string", required: true },
        text: { type: "string", required: true },
      },
      perform: async (context, { url, text }) => {
        const headers = { "content-type": "application/json", "idempotency-key": context.idempotencyKey() };
        const response = await fetch(url, { method: "POST", headers, body: JSON.stringify({ text }) });
        if (!response.ok) throw context.error("not-sent", `the server answered ${response.status}`, { retry: response.status >= 500 });
      },
    }),
  },
});

// What whoever installs this integration is asked for.
const config = {
  notify: { type: "string", label: "Where messages are posted to: a URL" },
  threshold: { type: "number", label: "From which total on an order is big", default: 100 },
} as const;

const tellAboutBigOrders = flow({
  name: "Tell about big orders",
  key: "tell-about-big-orders",
  trigger: webhook({ verify: { scheme: "standard-webhooks", secret: "signingSecret" } }),
  inputs: {
    id: { type: "string", required: true },
    customer: { type: "string", required: true },
    total: { type: "number", required: true },
  },
  run: async (context, order) => {
    const { notify, threshold }: Values<typeof config> = context.config;
    if (order.total < threshold) return { data: { message: null } };
    const message = `${order.customer} has ordered for ${order.total} (order ${order.id})`;
    if (notify === undefined) context.log.warn("nobody is told: there is no notify in the configuration");
    else await context.step("tell", messages.actions.send, { url: notify, text: message });
    return { data: { message } };
  },
});

export default integration({
  name: "{{name}}",
  version: "0.1.0",
  components: [messages],
  config,
  flows: [tellAboutBigOrders],
});
