// HubSpot's CRM: contacts.
import { action, apiKey, component, oauth2 } from "warder";
import { api, inJson, patiently } from "../shared/api";
import { path } from "../shared/path";

export interface Contact { id: string; properties: Record<string, string | null>; createdAt: string; updatedAt: string; }

const call = api({ name: "HubSpot", why: inJson(({ message }) => message) });
const reach = { origins: ["https://api.hubapi.com"], methods: ["GET", "POST"] } as const;

const connection = { type: "connection", required: true } as const;
const wanted = { type: "list", items: { type: "string" }, default: ["email", "firstname", "lastname"], description: "The properties to get" } as const;

export const hubspot = component({
  key: "hubspot", label: "HubSpot",
  connections: {
    oauth: oauth2({
      authorizeUrl: "https://app.hubspot.com/oauth/authorize", tokenUrl: "https://api.hubapi.com/oauth/v1/token",
      scopes: ["crm.objects.contacts.read", "crm.objects.contacts.write"], ...reach,
    }),
    token: apiKey({ label: "Private app's access token", header: "authorization", prefix: "Bearer ", ...reach }),
  },
  actions: {
    getContact: action({
      label: "Get a contact", idempotent: true, retry: patiently, inputs: { connection, email: { type: "string", required: true }, properties: wanted },
      perform: async (context, { connection, email, properties }): Promise<{ data: Contact }> => {
        const query = { idProperty: "email", properties: properties.join(",") };
        return { data: await (await call(context, connection, path`/crm/v3/objects/contacts/${email}`, { query })).json() };
      },
    }),
    findContacts: action({
      label: "Find contacts", description: "Those of which a property has a value", idempotent: true, retry: patiently,
      inputs: { connection, property: { type: "string", required: true }, value: { type: "string", required: true }, properties: wanted },
      perform: async (context, { connection, property, value, properties }) => {
        const filterGroups = [{ filters: [{ propertyName: property, operator: "EQ", value }] }];
        const contacts: Contact[] = [];
        for await (const contact of context.paginate<Contact, string>(async ({ cursor }) => {
          const json = { filterGroups, properties, limit: 100, after: cursor };
          const { results, paging } = await (await call(context, connection, "/crm/v3/objects/contacts/search", { method: "POST", json })).json();
          return { items: results, next: paging?.next?.after };
        })) contacts.push(contact);
        return { data: contacts };
      },
    }),
    saveContacts: action({
      label: "Save contacts", description: "Updates those that are there, by their e-mail, and makes the others", idempotent: true, retry: patiently,
      inputs: { connection, contacts: { type: "list", required: true, items: { type: "map", items: { type: "string" } }, description: "Properties, email among them" } },
      perform: async (context, { connection, contacts }) => {
        const saved = await context.batch(contacts, async (some): Promise<Contact[]> => {
          const json = { inputs: some.map((properties) => ({ idProperty: "email", id: properties.email, properties })) };
          const response = await call(context, connection, "/crm/v3/objects/contacts/batch/upsert", { method: "POST", json });
          return (await response.json()).results;
        });
        return { data: saved.flat().map(({ id }) => id) };
      },
    }),
  },
});
