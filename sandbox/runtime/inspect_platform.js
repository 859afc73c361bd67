// What a console shows of the platform's objects.
import { AbortSignal } from "./abort.js";
import { Event } from "./event.js";
import { Headers, headerList } from "./headers.js";
import { defineInspected, defineInspectedAttributes } from "./inspect_types.js";
import { makeList, uncurry } from "./primordials.js";
import { Request } from "./request.js";
import { Response } from "./response.js";
import { URL, URLSearchParams } from "./url.js";

/** Names and values in turn, by name; what occurs twice as a list. @param {string[]} list */
function byName(list) {
  const shown = { __proto__: null };
  for (let i = 0; i < list.length; i += 2) {
    const known = shown[list[i]];
    if (known === undefined) shown[list[i]] = list[i + 1];
    else if (typeof known === "string") shown[list[i]] = [known, list[i + 1]];
    else known[known.length] = list[i + 1];
  }
  return shown;
}

const nextPair = uncurry(Object.getPrototypeOf(new URLSearchParams().entries()).next);
const entriesOf = uncurry(URLSearchParams.prototype.entries);

export function defineInspection() {
  defineInspectedAttributes(AbortSignal, ["aborted"]);
  defineInspectedAttributes(Event, ["type", "target", "defaultPrevented"]);
  defineInspected(Headers, (headers) => byName(headerList(headers)));
  defineInspectedAttributes(Request, ["method", "url", "headers", "redirect", "bodyUsed"]);
  defineInspectedAttributes(Response, ["status", "statusText", "url", "headers", "type", "redirected", "bodyUsed"]);
  defineInspectedAttributes(URL, ["href"]);
  defineInspected(URLSearchParams, (params) => {
    const list = makeList();
    const pairs = entriesOf(params);
    for (let pair; !(pair = nextPair(pairs)).done;) {
      list[list.length] = pair.value[0];
      list[list.length] = pair.value[1];
    }
    return byName(list);
  });
}
