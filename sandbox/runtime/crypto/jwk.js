// JSON Web Keys (RFC 7517) as Web Cryptography, section 15, has them, and the checks that all algorithms share.
import { decodeUtf8, encodeUtf8 } from "../utf8.js";
import { isObject } from "../idl.js";
import { Uint8Array, hasOwn, parse, stringify } from "../primordials.js";
import { optional, toBoolean, toSequence, toText } from "./idl.js";
import { fail, require_ } from "./errors.js";
import { usageNames, usageOf } from "./usages.js";

// No list of ours is gone through with an iterator: that would be a script's.

/** In the order in which Web IDL reads and writes them. */
const MEMBERS = [
  "alg", "crv", "d", "dp", "dq", "e", "ext", "k", "key_ops", "kty", "n", "oth", "p", "q", "qi", "use", "x", "y",
];

/** sequence<DOMString>, as usages and whether one comes twice. @param {unknown} value @param {string} name */
const toOperations = (value, name) => {
  let usages = 0;
  let twice = false;
  const seen = { __proto__: null };
  for (const each of toSequence(value, name)) {
    const text = toText(each);
    twice ||= text in seen;
    seen[text] = true;
    usages |= usageOf(text);
  }
  return { __proto__: null, usages, twice };
};

/** @param {string} name */
const converter = (name) => {
  if (name === "ext") return toBoolean;
  if (name === "key_ops") return toOperations;
  return name === "oth" ? toSequence : toText;
};

/** The dictionary JsonWebKey. @param {unknown} source */
export const toJwk = (source) => {
  const jwk = { __proto__: null };
  if (source === undefined || source === null) return jwk;
  if (!isObject(source)) throw new TypeError("keyData is no JsonWebKey");
  for (let i = 0; i < MEMBERS.length; ++i) jwk[MEMBERS[i]] = optional(source, MEMBERS[i], converter(MEMBERS[i]));
  return jwk;
};

/**
 * What unwrapKey found inside. Only what the text itself says counts: no script's Object.prototype adds to it, and none
 * of it is converted by a script's functions.
 * @param {ArrayBuffer} bytes
 */
export const parseJwk = (bytes) => {
  let parsed;
  try {
    parsed = parse(decodeUtf8(new Uint8Array(bytes)));
  } catch {
    fail("DataError", "The unwrapped key is not JSON");
  }
  require_(isObject(parsed), "DataError", "The unwrapped key is no JSON Web Key");
  const own = { __proto__: null };
  for (let i = 0; i < MEMBERS.length; ++i) {
    const name = MEMBERS[i];
    if (!hasOwn(parsed, name)) continue;
    require_(
      name === "key_ops" || name === "oth" || !isObject(parsed[name]), "DataError",
      "The unwrapped key is no JSON Web Key",
    );
    own[name] = parsed[name];
  }
  return toJwk(own);
};

/** @param {object} jwk */
export const jwkBytes = (jwk) => encodeUtf8(stringify({ __proto__: null, ...jwk }));

/**
 * The members that are the same for all algorithms.
 * @param {any} jwk
 * @param {{ kty: string, use?: string, crv?: string, usages: number, extractable: boolean }} wanted
 */
export const checkJwk = (jwk, { kty, use, crv, usages, extractable }) => {
  require_(jwk.kty === kty, "DataError", `The key's "kty" is not "${kty}"`);
  require_(crv === undefined || jwk.crv === crv, "DataError", `The key's "crv" is not "${crv}"`);
  require_(
    usages === 0 || jwk.use === undefined || use === undefined || jwk.use === use, "DataError",
    `The key's "use" is not "${use}"`,
  );
  if (jwk.key_ops !== undefined) {
    require_(
      !jwk.key_ops.twice && (usages & ~jwk.key_ops.usages) === 0, "DataError",
      'The key\'s "key_ops" do not allow these usages',
    );
  }
  require_(jwk.ext !== false || !extractable, "DataError", 'The key\'s "ext" says that it must not be extractable');
};

/** @param {any} jwk @param {string} alg */
export const checkJwkAlgorithm = (jwk, alg) =>
  require_(jwk.alg === undefined || jwk.alg === alg, "DataError", `The key's "alg" is not "${alg}"`);

/**
 * A dictionary as Web IDL makes an object of it: the members in their order, without those that are undefined.
 * @param {object} members @param {import("./key.js").Slots} slots
 */
export const exportJwk = (members, { usages, extractable }) => {
  const all = { __proto__: null, ...members, ext: extractable, key_ops: usageNames(usages) };
  const jwk = { __proto__: null };
  for (let i = 0; i < MEMBERS.length; ++i) if (all[MEMBERS[i]] !== undefined) jwk[MEMBERS[i]] = all[MEMBERS[i]];
  return { ...jwk };
};
