// What the algorithms with secret keys share: raw and jwk import and export.
import { natives } from "./natives.js";
import { checkJwk, exportJwk } from "./jwk.js";
import { checkUsages } from "./usages.js";
import { fail, orFail, require_ } from "./errors.js";

/**
 * @param {string} format @param {any} keyData @param {{ use: string, usages: number, allowed: number,
 *   extractable: boolean, checkAlgorithm: (jwk: any, handle: object) => void }} options
 */
export const importSecret = (format, keyData, { use, usages, allowed, extractable, checkAlgorithm }) => {
  if (format !== "raw" && format !== "jwk") fail("NotSupportedError", `A secret key cannot be imported as ${format}`);
  checkUsages(usages, allowed);
  if (format === "raw") return natives.secretKey(keyData);
  checkJwk(keyData, { kty: "oct", use, usages, extractable });
  require_(typeof keyData.k === "string", "DataError", 'The key has no "k"');
  const handle = orFail(natives.importSecret(keyData.k), "DataError", 'The key\'s "k" is not base64url');
  checkAlgorithm(keyData, handle);
  return handle;
};

/** @param {string} format @param {import("./key.js").Slots} slots @param {string} alg */
export const exportSecret = (format, slots, alg) => {
  if (format === "raw") return natives.secretBytes(slots.handle);
  if (format !== "jwk") return fail("NotSupportedError", `A secret key cannot be exported as ${format}`);
  return exportJwk({ alg, k: natives.exportSecret(slots.handle), kty: "oct" }, slots);
};
