// Web Cryptography, sections 25 to 28: AES-CTR, AES-CBC, AES-GCM, AES-KW.
import { CBC, CTR, GCM, WRAP, natives } from "./natives.js";
import { orFail, require_ } from "./errors.js";
import { optional, required, toBytes, toOctet, toUnsignedShort } from "./idl.js";
import { checkJwkAlgorithm } from "./jwk.js";
import { describeLength } from "./key.js";
import { exportSecret, importSecret } from "./secret.js";
import { DECRYPT, ENCRYPT, UNWRAP_KEY, WRAP_KEY, checkUsages } from "./usages.js";

const BLOCK = 16;
const LENGTHS = [128, 192, 256];
const TAGS = [32, 64, 96, 104, 112, 120, 128];

/** @param {number[]} list @param {number} value */
const isOneOf = (list, value) => {
  for (let i = 0; i < list.length; ++i) if (list[i] === value) return true;
  return false;
};

const keyParams = (source) => ({ __proto__: null, length: required(source, "length", toUnsignedShort) });
const none = () => undefined;

/** @param {number} length */
const checkLength = (length) =>
  require_(isOneOf(LENGTHS, length), "OperationError", "AES keys have 128, 192 or 256 bits");

/**
 * @param {string} name @param {number} mode @param {string} suffix of the names in JSON Web Algorithms
 * @param {number} allowed @param {object} params of the operations on data
 * @param {(params: any, slots: import("./key.js").Slots, encrypt: boolean, data: BufferSource) => ArrayBuffer} run
 */
const aes = (name, suffix, allowed, params, run) => ({
  __proto__: null,
  name,
  params: {
    __proto__: null, ...params, generateKey: keyParams, importKey: none, exportKey: none, getKeyLength: keyParams,
  },
  describe: describeLength,

  generateKey({ length }, extractable, usages) {
    checkUsages(usages, allowed);
    checkLength(length);
    const handle = orFail(natives.generateSecret(length / 8), "OperationError", "The key could not be generated");
    return { __proto__: null, handle, type: "secret", extractable, algorithm: this, usages };
  },

  importKey(format, keyData, unused, extractable, usages) {
    const checkAlgorithm = (jwk, handle) => checkJwkAlgorithm(jwk, `A${natives.secretLength(handle) * 8}${suffix}`);
    const handle = importSecret(format, keyData, { use: "enc", usages, allowed, extractable, checkAlgorithm });
    require_(isOneOf(LENGTHS, natives.secretLength(handle) * 8), "DataError", "AES keys have 128, 192 or 256 bits");
    return { __proto__: null, handle, type: "secret", extractable, algorithm: this, usages };
  },

  exportKey(format, slots) {
    return exportSecret(format, slots, `A${natives.secretLength(slots.handle) * 8}${suffix}`);
  },

  getKeyLength({ length }) {
    checkLength(length);
    return length;
  },

  encrypt: (parameters, slots, data) => run(parameters, slots, true, data),
  decrypt: (parameters, slots, data) => run(parameters, slots, false, data),
  wrapKey: (parameters, slots, data) => run(parameters, slots, true, data),
  unwrapKey: (parameters, slots, data) => run(parameters, slots, false, data),
});

/** @param {ArrayBuffer | undefined} result @param {boolean} encrypt */
const orOperationError = (result, encrypt) =>
  orFail(result, "OperationError", encrypt ? "The encryption failed" : "The decryption failed");

const ALL = ENCRYPT | DECRYPT | WRAP_KEY | UNWRAP_KEY;

const cbcParams = (source) => ({ __proto__: null, iv: required(source, "iv", toBytes) });
const ctrParams = (source) => ({
  __proto__: null, counter: required(source, "counter", toBytes), length: required(source, "length", toOctet),
});
const gcmParams = (source) => ({
  __proto__: null, additionalData: optional(source, "additionalData", toBytes), iv: required(source, "iv", toBytes),
  tagLength: optional(source, "tagLength", toOctet),
});

const cbc = aes("AES-CBC", "CBC", ALL, { encrypt: cbcParams, decrypt: cbcParams }, ({ iv }, slots, encrypt, data) => {
  require_(iv.length === BLOCK, "OperationError", "The iv of AES-CBC has 16 bytes");
  return orOperationError(natives.aes(slots.handle, CBC, encrypt, iv, undefined, 0, data), encrypt);
});

const ctr = aes("AES-CTR", "CTR", ALL, { encrypt: ctrParams, decrypt: ctrParams }, (params, slots, encrypt, data) => {
  const { counter, length } = params;
  require_(counter.length === BLOCK, "OperationError", "The counter of AES-CTR has 16 bytes");
  require_(length >= 1 && length <= 128, "OperationError", "The counter's length is 1 to 128 bits");
  return orOperationError(natives.aes(slots.handle, CTR, encrypt, counter, undefined, length, data), encrypt);
});

const gcm = aes("AES-GCM", "GCM", ALL, { encrypt: gcmParams, decrypt: gcmParams }, (params, slots, encrypt, data) => {
  const { additionalData, iv, tagLength = 128 } = params;
  require_(isOneOf(TAGS, tagLength), "OperationError", "The tag of AES-GCM cannot have this length");
  return orOperationError(natives.aes(slots.handle, GCM, encrypt, iv, additionalData, tagLength / 8, data), encrypt);
});

const kw = aes("AES-KW", "KW", WRAP_KEY | UNWRAP_KEY, { wrapKey: none, unwrapKey: none },
  (params, slots, encrypt, data) =>
    orOperationError(natives.aes(slots.handle, WRAP, encrypt, undefined, undefined, 0, data), encrypt));

export const aesAlgorithms = [cbc, ctr, gcm, kw];
