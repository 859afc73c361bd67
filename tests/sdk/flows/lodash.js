import _ from "lodash";
import { sdk } from "./sdk.js";

export default sdk(async ({ load }) => {
  const lines = await (await load("/lines")).json();
  const sums = _(lines).groupBy("sku").mapValues((group) => _.sumBy(group, "n")).value();
  const later = await new Promise((done) => _.debounce(done, 5)("done"));
  const copy = _.cloneDeep({ at: new Date(0), map: new Map([["k", [1]]]) });
  return { sums, later, camel: _.camelCase("order id"), copied: copy.map.get("k"), at: copy.at };
});
