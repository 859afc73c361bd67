import { Client, isNotionClientError } from "@notionhq/client";
import { check, checkUnseen, sdk } from "./sdk.js";

export default sdk(async ({ origin, token }) => {
  const notion = new Client({ auth: token, baseUrl: origin, retry: false });
  const page = await notion.pages.create({
    parent: { page_id: "p1" }, properties: { title: { title: [{ text: { content: "Order 42" } }] } },
  });
  checkUnseen(page.echo);
  const refused = await notion.pages.retrieve({ page_id: "absent" }).catch((error) => error);
  check(isNotionClientError(refused) && refused.code === "object_not_found", "an error of the API is notion's", `${refused}`);
  return { id: page.id, title: page.title };
});
