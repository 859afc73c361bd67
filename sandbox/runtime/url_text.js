// URL: parsing where a text is all that is wanted.
import { Uint32Array } from "./primordials.js";

const { queryParse, urlParse } = host;

const PROTOCOL_END = 0, USERNAME_END = 1, HOST_START = 2;  // of ada::url_components

/** The offsets of `parseUrl`, made when it is first called. @type {Uint32Array | undefined} */
let offsets;

/** What new URL(input).href is, without the object. @param {unknown} input */
export function parseUrl(input) {
  const text = `${input}`;
  offsets ??= new Uint32Array(8);
  const href = urlParse(text, undefined, offsets);
  if (href === undefined) throw new TypeError("Invalid URL", { cause: { input: text } });
  return href;
}

/** The URL of a request. @param {unknown} input */
export function requestHref(input) {
  const href = parseUrl(input);
  const named = offsets[PROTOCOL_END] + 2 < offsets[USERNAME_END];
  if (named || offsets[HOST_START] > offsets[USERNAME_END] + 1) {
    throw new TypeError("fetch takes no URL with a user name or a password in it");
  }
  return href;
}

/** Names and values in turn. @type {(query: string) => string[]} */
export const parseQuery = queryParse;
