// Web Cryptography, sections 31 and 32: HKDF, PBKDF2.
import { ArrayBuffer } from "../primordials.js";
import { fail, orFail, require_ } from "./errors.js";
import { required, toBytes, toUnsignedLong } from "./idl.js";
import { describeNothing } from "./key.js";
import { natives } from "./natives.js";
import { toHash } from "./normalize.js";
import { DERIVE_BITS, DERIVE_KEY, checkUsages } from "./usages.js";

const none = () => undefined;
const hkdfParams = (source) => ({
  __proto__: null, hash: required(source, "hash", toHash), info: required(source, "info", toBytes),
  salt: required(source, "salt", toBytes),
});
const pbkdf2Params = (source) => ({
  __proto__: null, hash: required(source, "hash", toHash), iterations: required(source, "iterations", toUnsignedLong),
  salt: required(source, "salt", toBytes),
});

/**
 * @param {string} name @param {(source: object) => any} params
 * @param {(params: any, slots: import("./key.js").Slots, bytes: number) => ArrayBuffer | undefined} derive
 */
const kdf = (name, params, derive) => ({
  __proto__: null,
  name,
  params: { __proto__: null, deriveBits: params, importKey: none, getKeyLength: none },
  describe: describeNothing,

  deriveBits(parameters, slots, length) {
    require_(length !== null && length % 8 === 0, "OperationError", `${name} derives whole bytes`);
    if (length === 0) return new ArrayBuffer(0);
    return orFail(derive(parameters, slots, length / 8), "OperationError", `${name} cannot derive that`);
  },

  importKey(format, keyData, unused, extractable, usages) {
    if (format !== "raw") fail("NotSupportedError", `A key of ${name} is imported as raw`);
    checkUsages(usages, DERIVE_KEY | DERIVE_BITS);
    require_(!extractable, "SyntaxError", `A key of ${name} is never extractable`);
    return {
      __proto__: null, handle: natives.secretKey(keyData), type: "secret", extractable: false, algorithm: this, usages,
    };
  },

  getKeyLength: () => null,
});

const hkdf = kdf("HKDF", hkdfParams, ({ hash, salt, info }, slots, bytes) =>
  natives.hkdf(slots.handle, hash, salt, info, bytes));

const pbkdf2 = kdf("PBKDF2", pbkdf2Params, ({ hash, salt, iterations }, slots, bytes) => {
  require_(iterations !== 0, "OperationError", "PBKDF2 needs at least one iteration");
  return natives.pbkdf2(slots.handle, hash, salt, iterations, bytes);
});

export const kdfs = [hkdf, pbkdf2];
