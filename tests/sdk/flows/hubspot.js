import { Client } from "@hubspot/api-client";
import { check, checkUnseen, sdk } from "./sdk.js";

export default sdk(async ({ origin, token }) => {
  const hubspot = new Client({ accessToken: token, basePath: origin });
  const contact = await hubspot.crm.contacts.basicApi.create({ properties: { email: "a@acme.test" }, associations: [] });
  checkUnseen(contact.properties.echo);
  const missing = await hubspot.crm.contacts.basicApi.getById("absent").catch((error) => error);
  check(missing.code === 404, "a 404 is hubspot's error", `${missing}`);
  return { id: contact.id, email: contact.properties.email, created: contact.createdAt.toISOString() };
});
