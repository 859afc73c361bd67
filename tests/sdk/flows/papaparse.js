import Papa from "papaparse";
import { sdk } from "./sdk.js";

export default sdk(async ({ load }) => {
  const text = await (await load("/orders.csv")).text();
  const { data, errors, meta } = Papa.parse(text, { header: true, dynamicTyping: true, skipEmptyLines: true });
  return { data, errors, fields: meta.fields, text: Papa.unparse(data, { quotes: true }) };
});
