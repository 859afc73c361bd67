// Web Cryptography, section 30 "SHA".
import { natives } from "./natives.js";
import { orFail } from "./errors.js";

// In the order of sandbox/crypto's Hash; the lengths are in bits.
export const HASHES = [
  { __proto__: null, name: "SHA-1", block: 512, jwk: "1" },
  { __proto__: null, name: "SHA-256", block: 512, jwk: "256" },
  { __proto__: null, name: "SHA-384", block: 1024, jwk: "384" },
  { __proto__: null, name: "SHA-512", block: 1024, jwk: "512" },
];

/** @param {number} hash */
const sha = (hash) => ({
  __proto__: null,
  name: HASHES[hash].name,
  hash,
  params: { __proto__: null, digest: () => undefined },
  /** @param {object} params @param {BufferSource} data */
  digest: (params, data) => orFail(natives.digest(hash, data), "OperationError", "The digest failed"),
});

export const digests = [sha(0), sha(1), sha(2), sha(3)];
