// Web Cryptography, sections 23 and 24: ECDSA, ECDH.
import { agreementParams, deriveAgreed } from "./agreement.js";
import { orFail } from "./errors.js";
import { required, toText } from "./idl.js";
import { checkJwk, checkJwkAlgorithm, exportJwk } from "./jwk.js";
import { ECDSA, P256, P384, P521, natives } from "./natives.js";
import { toHash } from "./normalize.js";
import { exportBytes, exportNumbers, importDer, importNumbers, importRaw, pairOf, requireType } from "./pair.js";
import { DERIVE_BITS, DERIVE_KEY, SIGN, VERIFY, checkUsages } from "./usages.js";

const CURVES = {
  __proto__: null,
  "P-256": { __proto__: null, name: "P-256", family: P256, alg: "ES256" },
  "P-384": { __proto__: null, name: "P-384", family: P384, alg: "ES384" },
  "P-521": { __proto__: null, name: "P-521", family: P521, alg: "ES512" },
};
const PUBLIC = ["x", "y"];
const PRIVATE = ["d"];
const NAMES = ["x", "y", "d"];

const none = () => undefined;
const keyParams = (source) => ({ __proto__: null, namedCurve: required(source, "namedCurve", toText) });
const ecdsaParams = (source) => ({ __proto__: null, hash: required(source, "hash", toHash) });

/** @param {string} name */
const curveOf = (name) => orFail(CURVES[name], "NotSupportedError", `The curve "${name}" is not supported`);

/**
 * @param {string} name @param {string | undefined} use @param {number} publicUsages @param {number} privateUsages
 * @param {object} params @param {object} operations
 */
const ec = (name, use, publicUsages, privateUsages, params, operations) => ({
  __proto__: null,
  name,
  params: { __proto__: null, ...params, generateKey: keyParams, importKey: keyParams, exportKey: none },
  ...operations,
  describe: ({ algorithm, curve }) => ({ name: algorithm.name, namedCurve: curve.name }),

  generateKey({ namedCurve }, extractable, usages) {
    checkUsages(usages, publicUsages | privateUsages);
    const curve = curveOf(namedCurve);
    const common = { algorithm: this, curve };
    return pairOf(natives.generatePair(curve.family), common, extractable, usages, publicUsages, privateUsages);
  },

  importKey(format, keyData, { namedCurve }, extractable, usages) {
    const curve = curveOf(namedCurve);
    let key = importDer(format, keyData, curve.family, usages, publicUsages, privateUsages);
    if (format === "raw") key = importRaw(keyData, curve.family, usages, publicUsages);
    if (format === "jwk") {
      checkUsages(usages, keyData.d === undefined ? publicUsages : privateUsages);
      checkJwk(keyData, { kty: "EC", use, crv: curve.name, usages, extractable });
      if (name === "ECDSA") checkJwkAlgorithm(keyData, curve.alg);
      key = importNumbers(keyData, curve.family, PUBLIC, PRIVATE);
    }
    return { ...key, __proto__: null, extractable, algorithm: this, usages, curve };
  },

  exportKey(format, slots) {
    if (format !== "jwk") return exportBytes(format, slots, true);
    return exportJwk({ ...exportNumbers(slots, NAMES), crv: slots.curve.name, kty: "EC" }, slots);
  },
});

const ecdsa = ec("ECDSA", "sig", VERIFY, SIGN, { sign: ecdsaParams, verify: ecdsaParams }, {
  sign({ hash }, slots, data) {
    requireType(slots, "private", "sign");
    return orFail(
      natives.sign(slots.handle, ECDSA, hash, 0, data), "OperationError", "The signature could not be made",
    );
  },
  verify({ hash }, slots, signature, data) {
    requireType(slots, "public", "verify");
    return natives.verify(slots.handle, ECDSA, hash, 0, signature, data);
  },
});

const ecdh = ec("ECDH", "enc", 0, DERIVE_KEY | DERIVE_BITS, { deriveBits: agreementParams }, {
  deriveBits: deriveAgreed,
});

export const ecAlgorithms = [ecdsa, ecdh];
