// Web Cryptography, section 18.4: which algorithm a script means, and its parameters as the algorithm wants them.
import { isObject } from "../idl.js";
import { test, toUpperCase } from "../primordials.js";
import { fail } from "./errors.js";
import { required, toText } from "./idl.js";

/** By their names in capitals. @type {Record<string, any>} */
const registered = { __proto__: null };
const ASCII = /^[\x20-\x7e]*$/;  // only ASCII is without case: "ſ" is no S

/** @param {any[]} algorithms */
export const register = (algorithms) => {
  for (let i = 0; i < algorithms.length; ++i) registered[toUpperCase(algorithms[i].name)] = algorithms[i];
};

/**
 * AlgorithmIdentifier: an object, or a name. @param {unknown} identifier
 * @returns {object}
 */
export const toIdentifier = (identifier) =>
  (isObject(identifier) ? identifier : { __proto__: null, name: toText(identifier) });

/**
 * @param {string} operation @param {object} identifier from toIdentifier
 * @returns {{ algorithm: any, params: any } | undefined} nothing where no algorithm of that name can do it
 */
export const tryNormalize = (operation, identifier) => {
  const name = required(identifier, "name", toText);
  const algorithm = test(ASCII, name) === null ? undefined : registered[toUpperCase(name)];
  const read = algorithm?.params[operation];
  return read === undefined ? undefined : { __proto__: null, algorithm, params: read(identifier) };
};

/** @param {string} operation @param {object} identifier from toIdentifier */
export const normalize = (operation, identifier) =>
  tryNormalize(operation, identifier) ??
  fail("NotSupportedError", `There is no such algorithm here, or it cannot do "${operation}"`);

/** HashAlgorithmIdentifier. @param {unknown} value @returns {number} */
export const toHash = (value) => normalize("digest", toIdentifier(value)).algorithm.hash;
