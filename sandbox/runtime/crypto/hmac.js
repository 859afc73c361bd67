// Web Cryptography, section 29: HMAC.
import { HASHES } from "./digest.js";
import { orFail, require_ } from "./errors.js";
import { optional, required, toUnsignedLong } from "./idl.js";
import { checkJwkAlgorithm } from "./jwk.js";
import { describeHash } from "./key.js";
import { natives } from "./natives.js";
import { toHash } from "./normalize.js";
import { exportSecret, importSecret } from "./secret.js";
import { SIGN, VERIFY, checkUsages } from "./usages.js";

const none = () => undefined;
const keyParams = (source) => ({
  __proto__: null, hash: required(source, "hash", toHash), length: optional(source, "length", toUnsignedLong),
});
const ALLOWED = SIGN | VERIFY;

/** @param {import("./key.js").Slots} slots @param {BufferSource} data */
const mac = (slots, data) => orFail(natives.hmac(slots.handle, slots.hash, data), "OperationError", "HMAC failed");

export const hmac = {
  __proto__: null,
  name: "HMAC",
  params: {
    __proto__: null, sign: none, verify: none, generateKey: keyParams, importKey: keyParams, exportKey: none,
    getKeyLength: keyParams,
  },
  describe: ({ algorithm, hash, length }) => ({ name: algorithm.name, hash: describeHash(hash), length }),

  sign: (params, slots, data) => mac(slots, data),
  verify: (params, slots, signature, data) => natives.equal(mac(slots, data), signature),

  generateKey({ hash, length = HASHES[hash].block }, extractable, usages) {
    checkUsages(usages, ALLOWED);
    require_(length !== 0, "OperationError", "A key of HMAC has at least one bit");
    const handle = orFail(
      natives.generateSecret((length + 7 - ((length + 7) % 8)) / 8), "OperationError", "The key is too long",
    );
    return { __proto__: null, handle, type: "secret", extractable, algorithm: this, usages, hash, length };
  },

  importKey(format, keyData, { hash, length }, extractable, usages) {
    const checkAlgorithm = (jwk) => checkJwkAlgorithm(jwk, `HS${HASHES[hash].jwk}`);
    const handle = importSecret(format, keyData, { use: "sig", usages, allowed: ALLOWED, extractable, checkAlgorithm });
    const bits = natives.secretLength(handle) * 8;
    require_(bits !== 0, "DataError", "A key of HMAC has at least one byte");
    require_(
      length === undefined || (length <= bits && length > bits - 8), "DataError",
      "The key does not have the length that the algorithm says",
    );
    return {
      __proto__: null, handle, type: "secret", extractable, algorithm: this, usages, hash, length: length ?? bits,
    };
  },

  exportKey: (format, slots) => exportSecret(format, slots, `HS${HASHES[slots.hash].jwk}`),

  getKeyLength({ hash, length = HASHES[hash].block }) {
    if (length === 0) throw new TypeError("A key of HMAC has at least one bit");
    return length;
  },
};
