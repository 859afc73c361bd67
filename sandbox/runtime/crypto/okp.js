// Web Cryptography, sections 25 and 26 (with WICG "Secure Curves"): Ed25519, X25519.
import { agreementParams, deriveAgreed } from "./agreement.js";
import { orFail, require_ } from "./errors.js";
import { checkJwk, exportJwk } from "./jwk.js";
import { describeNothing } from "./key.js";
import { ED25519, EDDSA, X25519, natives } from "./natives.js";
import { exportBytes, exportNumbers, importDer, importNumbers, importRaw, pairOf, requireType } from "./pair.js";
import { DERIVE_BITS, DERIVE_KEY, SIGN, VERIFY, checkUsages } from "./usages.js";

const PUBLIC = ["x"];
const PRIVATE = ["d"];
const NAMES = ["x", "d"];

const none = () => undefined;

/**
 * @param {string} name @param {number} family @param {string} use
 * @param {(alg: string | undefined) => boolean} isRightAlgorithm @param {number} publicUsages
 * @param {number} privateUsages @param {object} params @param {object} operations
 */
const okp = (name, family, use, isRightAlgorithm, publicUsages, privateUsages, params, operations) => ({
  __proto__: null,
  name,
  params: { __proto__: null, ...params, generateKey: none, importKey: none, exportKey: none },
  ...operations,
  describe: describeNothing,

  generateKey(unused, extractable, usages) {
    checkUsages(usages, publicUsages | privateUsages);
    const handles = natives.generatePair(family);
    return pairOf(handles, { algorithm: this }, extractable, usages, publicUsages, privateUsages);
  },

  importKey(format, keyData, unused, extractable, usages) {
    let key = importDer(format, keyData, family, usages, publicUsages, privateUsages);
    if (format === "raw") key = importRaw(keyData, family, usages, publicUsages);
    if (format === "jwk") {
      checkUsages(usages, keyData.d === undefined ? publicUsages : privateUsages);
      checkJwk(keyData, { kty: "OKP", use, crv: name, usages, extractable });
      require_(isRightAlgorithm(keyData.alg), "DataError", `The key's "alg" is not of ${name}`);
      key = importNumbers(keyData, family, PUBLIC, PRIVATE);
    }
    return { ...key, __proto__: null, extractable, algorithm: this, usages };
  },

  exportKey(format, slots) {
    if (format !== "jwk") return exportBytes(format, slots, true);
    const alg = name === "Ed25519" ? name : undefined;
    return exportJwk({ ...exportNumbers(slots, NAMES), alg, crv: name, kty: "OKP" }, slots);
  },
});

const isEdAlgorithm = (alg) => alg === undefined || alg === "Ed25519" || alg === "EdDSA";
const ed25519 = okp("Ed25519", ED25519, "sig", isEdAlgorithm, VERIFY, SIGN, { sign: none, verify: none }, {
  sign(params, slots, data) {
    requireType(slots, "private", "sign");
    return orFail(natives.sign(slots.handle, EDDSA, 0, 0, data), "OperationError", "The signature could not be made");
  },
  verify(params, slots, signature, data) {
    requireType(slots, "public", "verify");
    return natives.verify(slots.handle, EDDSA, 0, 0, signature, data);
  },
});

const x25519 = okp(
  "X25519", X25519, "enc", () => true, 0, DERIVE_KEY | DERIVE_BITS, { deriveBits: agreementParams },
  { deriveBits: deriveAgreed },
);

export const okpAlgorithms = [ed25519, x25519];
