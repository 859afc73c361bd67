import { XMLBuilder, XMLParser, XMLValidator } from "fast-xml-parser";
import { sdk } from "./sdk.js";

export default sdk(async ({ load }) => {
  const text = await (await load("/orders.xml")).text();
  const parsed = new XMLParser({ ignoreAttributes: false }).parse(text);
  const broken = XMLValidator.validate("<a><b></a>");
  return { parsed, broken: broken.err.code, built: new XMLBuilder().build({ order: { id: 42, note: "a < b" } }) };
});
