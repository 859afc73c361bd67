import { z } from "zod";
import { check, sdk } from "./sdk.js";

const Order = z.object({ id: z.number().int(), email: z.email(), lines: z.array(z.object({ sku: z.string(), count: z.coerce.number() })).min(1) });

export default sdk(async ({ load }) => {
  const order = Order.parse(await (await load("/orders/42")).json());
  const refused = Order.safeParse({ id: 4.2, email: "a", lines: [] });
  check(!refused.success, "what does not fit is refused", refused);
  return { order, paths: refused.error.issues.map(({ path }) => path.join(".")) };
});
