// Stripe's API: customers, payments, invoices.
import { action, apiKey, component, type Connection, type Context } from "warder";
import { api, inJson, patiently } from "../shared/api";
import { path } from "../shared/path";

export interface Customer { id: string; email: string | null; name: string | null; metadata: Record<string, string>; }
export interface Invoice { id: string; customer: string; status: "draft" | "open" | "paid" | "uncollectible" | "void"; total: number; currency: string; }
export interface PaymentIntent { id: string; status: string; amount: number; currency: string; }

const call = api({
  name: "Stripe",
  headers: { "stripe-version": "2024-06-20" },
  why: inJson(({ error }) => [error.message, error.decline_code ?? error.code].filter(Boolean).join("; ")),
});

/** Stripe takes forms: { metadata: { order: 7 } } is metadata[order]=7. */
function form(value: object, prefix = ""): [string, string][] {
  return Object.entries(value).flatMap(([key, each]): [string, string][] => {
    const name = prefix === "" ? key : `${prefix}[${key}]`;
    if (each === undefined || each === null) return [];
    return typeof each === "object" ? form(each, name) : [[name, `${each}`]];
  });
}

/**
 * Stripe does what has a key once, however often it is asked; the key is the same in all attempts of a step. So what
 * makes something can be tried again, too.
 */
async function create(context: Context, connection: Connection, path: string, given: object) {
  const headers = { "idempotency-key": context.idempotencyKey(path), "content-type": "application/x-www-form-urlencoded" };
  return (await call(context, connection, path, { method: "POST", body: `${new URLSearchParams(form(given))}`, headers })).json();
}

const connection = { type: "connection", required: true } as const;
const metadata = { type: "map", items: { type: "string" } } as const;

export const stripe = component({
  key: "stripe", label: "Stripe",
  connections: {
    key: apiKey({
      label: "Restricted key", description: "rk_…, which may write customers and payment intents and read invoices",
      header: "authorization", prefix: "Bearer ", origins: ["https://api.stripe.com"], methods: ["GET", "POST"],
    }),
  },
  actions: {
    createCustomer: action({
      label: "Create a customer", idempotent: true, retry: patiently,
      inputs: { connection, email: { type: "string", required: true }, name: { type: "string" }, metadata },
      perform: async (context, { connection, ...given }): Promise<{ data: Customer }> => ({ data: await create(context, connection, "/v1/customers", given) }),
    }),
    getCustomer: action({
      label: "Get a customer", idempotent: true, retry: patiently, inputs: { connection, id: { type: "string", required: true } },
      perform: async (context, { connection, id }): Promise<{ data: Customer }> => ({ data: await (await call(context, connection, path`/v1/customers/${id}`)).json() }),
    }),
    createPaymentIntent: action({
      label: "Create a payment intent", idempotent: true, retry: patiently,
      inputs: {
        connection,
        amount: { type: "number", integer: true, minimum: 1, required: true, description: "In the currency's smallest unit: cents" },
        currency: { type: "string", minimum: 3, maximum: 3, required: true, clean: (value: string) => value.toLowerCase() },
        customer: { type: "string" }, description: { type: "string" }, metadata,
      },
      perform: async (context, { connection, ...given }): Promise<{ data: PaymentIntent }> => ({
        data: await create(context, connection, "/v1/payment_intents", given),
      }),
    }),
    listInvoices: action({
      label: "List invoices", idempotent: true, retry: patiently,
      inputs: { connection, customer: { type: "string" }, status: { type: "string", choices: ["draft", "open", "paid", "uncollectible", "void"] } },
      perform: async (context, { connection, ...filter }) => {
        const invoices: Invoice[] = [];
        for await (const invoice of context.paginate<Invoice, string>(async ({ cursor }) => {
          const response = await call(context, connection, "/v1/invoices", { query: { ...filter, limit: 100, starting_after: cursor } });
          const { data, has_more } = await response.json();
          return { items: data, next: has_more ? data.at(-1).id : null };
        })) invoices.push(invoice);
        return { data: invoices };
      },
    }),
  },
});
