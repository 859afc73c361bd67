// The connections that an execution was granted: each sends requests with a credential that the cell never has.
//
// A connection has two faces. `fetch` names a path and leaves origin and credential to the broker. `fields` holds
// placeholders, to be given to an SDK where it wants a key; the broker puts the key in their place on the wire.
import { send } from "./fetch.js";
import { Promise, freeze } from "./primordials.js";
import { Request } from "./request.js";
import { URL } from "./url.js";
import { acceptConnection } from "./warder/values.js";

/**
 * @typedef {{
 *   name: string, origin: string, fields: Readonly<Record<string, string>>,
 *   fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>,
 * }} Connection
 */

/** @param {unknown} input what fetch was given; a relative URL is one of `origin` */
function resolve(input, origin) {
  return typeof input === "object" && input !== null && !(input instanceof URL) ? input : new URL(`${input}`, origin);
}

/** @param {[name: string, handle: string, origin: string, fields: [field: string, text: string][]]} granted */
function makeConnection(granted) {
  const name = granted[0], handle = granted[1], origin = granted[2], fields = granted[3];
  const placeholders = { __proto__: null };
  for (let i = 0; i < fields.length; ++i) placeholders[fields[i][0]] = fields[i][1];
  const connection = freeze({
    name,
    origin,
    fields: freeze(placeholders),
    fetch: (input, init = undefined) => new Promise((done, failed) => {
      send(new Request(resolve(input, origin), init), handle, done, failed);
    }),
  });
  acceptConnection(connection);
  return connection;
}

/** By name. @returns {Readonly<Record<string, Connection>>} */
export function makeConnections(granted) {
  const connections = { __proto__: null };
  // By number: the script has run already, and may have changed how arrays are iterated.
  for (let i = 0; i < granted.length; ++i) connections[granted[i][0]] = makeConnection(granted[i]);
  return freeze(connections);
}
