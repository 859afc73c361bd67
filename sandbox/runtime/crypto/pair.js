// What the algorithms with key pairs share.
import { makeList } from "../primordials.js";
import { natives } from "./natives.js";
import { fail, orFail, require_ } from "./errors.js";
import { checkUsages } from "./usages.js";

/** The two CryptoKeys that generateKey makes, before they are keys: the slots of each.
 * @param {[object, object] | undefined} handles @param {object} common
 * @param {boolean} extractable @param {number} usages @param {number} publicUsages @param {number} privateUsages */
export const pairOf = (handles, common, extractable, usages, publicUsages, privateUsages) => {
  const { 0: publicHandle, 1: privateHandle } = orFail(handles, "OperationError", "The keys could not be generated");
  return {
    __proto__: null,
    publicKey: {
      __proto__: null, ...common, handle: publicHandle, type: "public", extractable: true, usages: usages & publicUsages,
    },
    privateKey: {
      __proto__: null, ...common, handle: privateHandle, type: "private", extractable, usages: usages & privateUsages,
    },
  };
};

/**
 * spki and pkcs8. Nothing for other formats.
 * @param {string} format @param {BufferSource} keyData @param {number} family @param {number} usages
 * @param {number} publicUsages @param {number} privateUsages
 */
export const importDer = (format, keyData, family, usages, publicUsages, privateUsages) => {
  if (format !== "spki" && format !== "pkcs8") return undefined;
  const isPrivate = format === "pkcs8";
  checkUsages(usages, isPrivate ? privateUsages : publicUsages);
  const handle = orFail(
    natives.importDer(family, isPrivate, keyData), "DataError", `This is no key of the algorithm in ${format}`,
  );
  return { __proto__: null, handle, type: isPrivate ? "private" : "public" };
};

/** A public key as its bytes. @param {BufferSource} keyData @param {number} family @param {number} usages
 * @param {number} publicUsages */
export const importRaw = (keyData, family, usages, publicUsages) => {
  checkUsages(usages, publicUsages);
  const handle = orFail(natives.importRaw(family, keyData), "DataError", "This is no public key of the algorithm");
  return { __proto__: null, handle, type: "public" };
};

/**
 * The numbers of a JSON Web Key, which has been checked.
 * @param {any} jwk @param {number} family @param {string[]} publicNames @param {string[]} privateNames beside those
 */
export const importNumbers = (jwk, family, publicNames, privateNames) => {
  const isPrivate = jwk.d !== undefined;
  const parts = makeList();
  const take = (names) => {
    for (let i = 0; i < names.length; ++i) {
      require_(jwk[names[i]] !== undefined, "DataError", `The key has no "${names[i]}"`);
      parts[parts.length] = jwk[names[i]];
    }
  };
  take(publicNames);
  if (isPrivate) take(privateNames);
  const handle = orFail(natives.importParts(family, parts), "DataError", "The key's numbers do not make a key");
  return { __proto__: null, handle, type: isPrivate ? "private" : "public" };
};

/** raw, spki and pkcs8. @param {string} format @param {import("./key.js").Slots} slots @param {boolean} hasRaw */
export const exportBytes = (format, { handle, type }, hasRaw) => {
  if (format === "raw" && !hasRaw) fail("NotSupportedError", "Such a key has no raw format");
  const needed = format === "pkcs8" ? "private" : "public";
  require_(type === needed, "InvalidAccessError", `Only a ${needed} key can be exported as ${format}`);
  const bytes = format === "raw" ? natives.exportRaw(handle) : natives.exportDer(handle, type === "private");
  return orFail(bytes, "OperationError", "The key could not be exported");
};

/** @param {import("./key.js").Slots} slots @param {string[]} names @returns {Record<string, string>} */
export const exportNumbers = ({ handle, type }, names) => {
  const parts = orFail(
    natives.exportParts(handle, type === "private"), "OperationError", "The key could not be exported",
  );
  const members = { __proto__: null };
  for (let i = 0; i < parts.length; ++i) members[names[i]] = parts[i];
  return members;
};

/** @param {import("./key.js").Slots} slots @param {string} type @param {string} operation */
export const requireType = (slots, type, operation) =>
  require_(slots.type === type, "InvalidAccessError", `Only a ${type} key can ${operation}`);
