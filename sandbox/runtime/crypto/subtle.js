// Web Cryptography, section 14: SubtleCrypto.
//
// Each method is an async function, so that whatever fails is a rejection and a script goes on before it learns the
// result; the work itself is done in the call, where no other script can be between reading the input and using it.
import { checkArguments } from "../idl.js";
import { defineInterfaces } from "../install.js";
import { aesAlgorithms } from "./aes.js";
import { digests } from "./digest.js";
import { ecAlgorithms } from "./ec.js";
import { require_ } from "./errors.js";
import { hmac } from "./hmac.js";
import { toBoolean, toBufferSource, toText } from "./idl.js";
import { jwkBytes, parseJwk, toJwk } from "./jwk.js";
import { kdfs } from "./kdf.js";
import { CryptoKey, makeKey, slotsOf } from "./key.js";
import { natives } from "./natives.js";
import { normalize, register, toIdentifier, tryNormalize } from "./normalize.js";
import { okpAlgorithms } from "./okp.js";
import { rsaAlgorithms } from "./rsa.js";
import { DECRYPT, DERIVE_BITS, DERIVE_KEY, ENCRYPT, SIGN, UNWRAP_KEY, VERIFY, WRAP_KEY, toUsages } from "./usages.js";

register(digests);
register(aesAlgorithms);
register([hmac]);
register(kdfs);
register(rsaAlgorithms);
register(ecAlgorithms);
register(okpAlgorithms);

/** KeyFormat. @param {unknown} value */
const toFormat = (value) => {
  const format = toText(value);
  if (format === "raw" || format === "spki" || format === "pkcs8" || format === "jwk") return format;
  throw new TypeError(`"${format}" is no format of keys`);
};

/** BufferSource or JsonWebKey. @param {unknown} value */
const toKeyData = (value) => (natives.isBufferSource(value) ? value : { __proto__: null, jwk: toJwk(value) });

/** @param {{ algorithm: any }} normalized @param {import("./key.js").Slots} slots @param {number} usage */
const checkKey = ({ algorithm }, slots, usage) => {
  require_(slots.algorithm === algorithm, "InvalidAccessError", `The key is not of ${algorithm.name}`);
  require_((slots.usages & usage) !== 0, "InvalidAccessError", "The key's usages do not allow this");
};

/** Section 14.3.9, the steps after the conversions. Gives slots.
 * @param {string} format @param {any} keyData @param {{ algorithm: any, params: any }} normalized
 * @param {boolean} extractable @param {number} usages @returns {import("./key.js").Slots} */
const importSlots = (format, keyData, { algorithm, params }, extractable, usages) => {
  const slots = algorithm.importKey(format, keyData, params, extractable, usages);
  require_(
    slots.type === "public" || usages !== 0, "SyntaxError", "A secret or private key must have at least one usage",
  );
  return slots;
};

/** Section 14.3.10, the steps after the conversions. @param {string} format @param {import("./key.js").Slots} slots */
const exportSlots = (format, slots) => {
  require_(
    slots.algorithm.exportKey !== undefined, "NotSupportedError", `A key of ${slots.algorithm.name} is never exported`,
  );
  require_(slots.extractable, "InvalidAccessError", "The key is not extractable");
  return slots.algorithm.exportKey(format, slots);
};

let allowed = true;

export class SubtleCrypto {
  constructor() {
    if (!allowed) throw new TypeError("Illegal constructor");
    allowed = false;
  }

  /** Only an object of this interface has this method. @param {IArguments} given @param {number} needed
   * @param {string} name */
  #begin(given, needed, name) {
    checkArguments(given.length, needed, name);
  }

  async encrypt(algorithm, key, data) {
    this.#begin(arguments, 3, "encrypt");
    const identifier = toIdentifier(algorithm);
    const slots = slotsOf(key, "key");
    const bytes = toBufferSource(data, "data");
    const normalized = normalize("encrypt", identifier);
    checkKey(normalized, slots, ENCRYPT);
    return normalized.algorithm.encrypt(normalized.params, slots, bytes);
  }

  async decrypt(algorithm, key, data) {
    this.#begin(arguments, 3, "decrypt");
    const identifier = toIdentifier(algorithm);
    const slots = slotsOf(key, "key");
    const bytes = toBufferSource(data, "data");
    const normalized = normalize("decrypt", identifier);
    checkKey(normalized, slots, DECRYPT);
    return normalized.algorithm.decrypt(normalized.params, slots, bytes);
  }

  async sign(algorithm, key, data) {
    this.#begin(arguments, 3, "sign");
    const identifier = toIdentifier(algorithm);
    const slots = slotsOf(key, "key");
    const bytes = toBufferSource(data, "data");
    const normalized = normalize("sign", identifier);
    checkKey(normalized, slots, SIGN);
    return normalized.algorithm.sign(normalized.params, slots, bytes);
  }

  async verify(algorithm, key, signature, data) {
    this.#begin(arguments, 4, "verify");
    const identifier = toIdentifier(algorithm);
    const slots = slotsOf(key, "key");
    const signatureBytes = toBufferSource(signature, "signature");
    const bytes = toBufferSource(data, "data");
    const normalized = normalize("verify", identifier);
    checkKey(normalized, slots, VERIFY);
    return normalized.algorithm.verify(normalized.params, slots, signatureBytes, bytes);
  }

  async digest(algorithm, data) {
    this.#begin(arguments, 2, "digest");
    const identifier = toIdentifier(algorithm);
    const bytes = toBufferSource(data, "data");
    const normalized = normalize("digest", identifier);
    return normalized.algorithm.digest(normalized.params, bytes);
  }

  async generateKey(algorithm, extractable, keyUsages) {
    this.#begin(arguments, 3, "generateKey");
    const identifier = toIdentifier(algorithm);
    const isExtractable = toBoolean(extractable);
    const usages = toUsages(keyUsages);
    const normalized = normalize("generateKey", identifier);
    const made = normalized.algorithm.generateKey(normalized.params, isExtractable, usages);
    const own = made.privateKey ?? made;
    require_(own.usages !== 0, "SyntaxError", "A secret or private key must have at least one usage");
    if (own === made) return makeKey(made);
    return { publicKey: makeKey(made.publicKey), privateKey: makeKey(made.privateKey) };
  }

  async deriveKey(algorithm, baseKey, derivedKeyType, extractable, keyUsages) {
    this.#begin(arguments, 5, "deriveKey");
    const identifier = toIdentifier(algorithm);
    const slots = slotsOf(baseKey, "baseKey");
    const derived = toIdentifier(derivedKeyType);
    const isExtractable = toBoolean(extractable);
    const usages = toUsages(keyUsages);
    const normalized = normalize("deriveBits", identifier);
    const imported = normalize("importKey", derived);
    const lengths = normalize("getKeyLength", derived);
    checkKey(normalized, slots, DERIVE_KEY);
    const length = lengths.algorithm.getKeyLength(lengths.params);
    const secret = normalized.algorithm.deriveBits(normalized.params, slots, length);
    return makeKey(importSlots("raw", secret, imported, isExtractable, usages));
  }

  async deriveBits(algorithm, baseKey, length = null) {
    this.#begin(arguments, 2, "deriveBits");
    const identifier = toIdentifier(algorithm);
    const slots = slotsOf(baseKey, "baseKey");
    const bits = length === null ? null : length >>> 0;
    const normalized = normalize("deriveBits", identifier);
    checkKey(normalized, slots, DERIVE_BITS);
    return normalized.algorithm.deriveBits(normalized.params, slots, bits);
  }

  async importKey(format, keyData, algorithm, extractable, keyUsages) {
    this.#begin(arguments, 5, "importKey");
    const wanted = toFormat(format);
    const data = toKeyData(keyData);
    const identifier = toIdentifier(algorithm);
    const isExtractable = toBoolean(extractable);
    const usages = toUsages(keyUsages);
    const normalized = normalize("importKey", identifier);
    if ((wanted === "jwk") !== (data.jwk !== undefined)) {
      throw new TypeError(wanted === "jwk" ? "keyData is no JsonWebKey" : "keyData is no ArrayBuffer and no view");
    }
    return makeKey(importSlots(wanted, data.jwk ?? data, normalized, isExtractable, usages));
  }

  async exportKey(format, key) {
    this.#begin(arguments, 2, "exportKey");
    const wanted = toFormat(format);
    return exportSlots(wanted, slotsOf(key, "key"));
  }

  async wrapKey(format, key, wrappingKey, wrapAlgorithm) {
    this.#begin(arguments, 4, "wrapKey");
    const wanted = toFormat(format);
    const slots = slotsOf(key, "key");
    const wrapping = slotsOf(wrappingKey, "wrappingKey");
    const identifier = toIdentifier(wrapAlgorithm);
    const normalized = tryNormalize("wrapKey", identifier) ?? normalize("encrypt", identifier);
    checkKey(normalized, wrapping, WRAP_KEY);
    const exported = exportSlots(wanted, slots);
    const bytes = wanted === "jwk" ? jwkBytes(exported) : exported;
    const { algorithm, params } = normalized;
    return (algorithm.wrapKey ?? algorithm.encrypt)(params, wrapping, bytes);
  }

  async unwrapKey(format, wrappedKey, unwrappingKey, unwrapAlgorithm, unwrappedKeyAlgorithm, extractable, keyUsages) {
    this.#begin(arguments, 7, "unwrapKey");
    const wanted = toFormat(format);
    const wrapped = toBufferSource(wrappedKey, "wrappedKey");
    const unwrapping = slotsOf(unwrappingKey, "unwrappingKey");
    const identifier = toIdentifier(unwrapAlgorithm);
    const keyIdentifier = toIdentifier(unwrappedKeyAlgorithm);
    const isExtractable = toBoolean(extractable);
    const usages = toUsages(keyUsages);
    const normalized = tryNormalize("unwrapKey", identifier) ?? normalize("decrypt", identifier);
    const imported = normalize("importKey", keyIdentifier);
    checkKey(normalized, unwrapping, UNWRAP_KEY);
    const { algorithm, params } = normalized;
    const bytes = (algorithm.unwrapKey ?? algorithm.decrypt)(params, unwrapping, wrapped);
    const keyData = wanted === "jwk" ? parseJwk(bytes) : bytes;
    return makeKey(importSlots(wanted, keyData, imported, isExtractable, usages));
  }
}

defineInterfaces({ SubtleCrypto });

export { CryptoKey };
export const subtle = new SubtleCrypto();
