// Web Cryptography, sections 20 to 22: RSASSA-PKCS1-v1_5, RSA-PSS, RSA-OAEP.
import { HASHES } from "./digest.js";
import { fail, orFail, require_ } from "./errors.js";
import { optional, required, toBigInteger, toBytes, toUnsignedLong } from "./idl.js";
import { checkJwk, checkJwkAlgorithm, exportJwk } from "./jwk.js";
import { describeHash } from "./key.js";
import { PKCS1, PSS, RSA, natives } from "./natives.js";
import { toHash } from "./normalize.js";
import { exportBytes, exportNumbers, importDer, importNumbers, pairOf, requireType } from "./pair.js";
import { DECRYPT, ENCRYPT, SIGN, UNWRAP_KEY, VERIFY, WRAP_KEY, checkUsages } from "./usages.js";

const PUBLIC = ["n", "e"];
const PRIVATE = ["d", "p", "q", "dp", "dq", "qi"];
const NAMES = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
// What OpenSSL makes and works with.
const MIN_BITS = 512, MAX_BITS = 16384;

const none = () => undefined;
const generateParams = (source) => ({
  __proto__: null, modulusLength: required(source, "modulusLength", toUnsignedLong),
  publicExponent: required(source, "publicExponent", toBigInteger), hash: required(source, "hash", toHash),
});
const importParams = (source) => ({ __proto__: null, hash: required(source, "hash", toHash) });

/**
 * @param {string} name @param {string} use @param {(hash: string) => string} jwkName
 * @param {number} publicUsages @param {number} privateUsages @param {object} params @param {object} operations
 */
const rsa = (name, use, jwkName, publicUsages, privateUsages, params, operations) => ({
  __proto__: null,
  name,
  params: { __proto__: null, ...params, generateKey: generateParams, importKey: importParams, exportKey: none },
  ...operations,

  describe({ algorithm, handle, hash }) {
    const { 0: modulusLength, 1: publicExponent } = natives.modulus(handle);
    return { name: algorithm.name, modulusLength, publicExponent, hash: describeHash(hash) };
  },

  generateKey({ modulusLength, publicExponent, hash }, extractable, usages) {
    checkUsages(usages, publicUsages | privateUsages);
    require_(
      modulusLength >= MIN_BITS && modulusLength <= MAX_BITS, "OperationError",
      `The modulus has ${MIN_BITS} to ${MAX_BITS} bits`,
    );
    const handles = natives.generateRsa(modulusLength, publicExponent);
    return pairOf(handles, { algorithm: this, hash }, extractable, usages, publicUsages, privateUsages);
  },

  importKey(format, keyData, { hash }, extractable, usages) {
    let key = importDer(format, keyData, RSA, usages, publicUsages, privateUsages);
    if (key === undefined) {
      if (format !== "jwk") fail("NotSupportedError", "An RSA key has no raw format");
      checkUsages(usages, keyData.d === undefined ? publicUsages : privateUsages);
      checkJwk(keyData, { kty: "RSA", use, usages, extractable });
      checkJwkAlgorithm(keyData, jwkName(HASHES[hash].jwk));
      require_(keyData.oth === undefined, "NotSupportedError", "A key of more than two primes is not supported");
      key = importNumbers(keyData, RSA, PUBLIC, PRIVATE);
    }
    return { ...key, __proto__: null, extractable, algorithm: this, usages, hash };
  },

  exportKey(format, slots) {
    if (format !== "jwk") return exportBytes(format, slots, false);
    const alg = jwkName(HASHES[slots.hash].jwk);
    return exportJwk({ ...exportNumbers(slots, NAMES), alg, kty: "RSA" }, slots);
  },
});

/** @param {number} scheme */
const signing = (scheme) => ({
  sign(params, slots, data) {
    requireType(slots, "private", "sign");
    return orFail(
      natives.sign(slots.handle, scheme, slots.hash, params?.saltLength ?? 0, data), "OperationError",
      "The signature could not be made",
    );
  },
  verify(params, slots, signature, data) {
    requireType(slots, "public", "verify");
    return natives.verify(slots.handle, scheme, slots.hash, params?.saltLength ?? 0, signature, data);
  },
});

const pssParams = (source) => ({ __proto__: null, saltLength: required(source, "saltLength", toUnsignedLong) });
const oaepParams = (source) => ({ __proto__: null, label: optional(source, "label", toBytes) });

const pkcs1 = rsa(
  "RSASSA-PKCS1-v1_5", "sig", (hash) => `RS${hash}`, VERIFY, SIGN, { sign: none, verify: none }, signing(PKCS1),
);
const pss = rsa(
  "RSA-PSS", "sig", (hash) => `PS${hash}`, VERIFY, SIGN, { sign: pssParams, verify: pssParams }, signing(PSS),
);
const oaep = rsa(
  "RSA-OAEP", "enc", (hash) => (hash === "1" ? "RSA-OAEP" : `RSA-OAEP-${hash}`), ENCRYPT | WRAP_KEY,
  DECRYPT | UNWRAP_KEY, { encrypt: oaepParams, decrypt: oaepParams }, {
    encrypt({ label }, slots, data) {
      requireType(slots, "public", "encrypt");
      return orFail(
        natives.oaep(slots.handle, true, slots.hash, label, data), "OperationError", "The encryption failed",
      );
    },
    decrypt({ label }, slots, data) {
      requireType(slots, "private", "decrypt");
      return orFail(
        natives.oaep(slots.handle, false, slots.hash, label, data), "OperationError", "The decryption failed",
      );
    },
  },
);

export const rsaAlgorithms = [pkcs1, pss, oaep];
