// What most flows never name. These modules run when a script first does, or when something it uses needs them; until
// then they cost a cell nothing but the source that it maps (see build.mjs).
import { defineLazy } from "./install.js";

/** @type {typeof import("./blob.js") | undefined} */
let loadedBlobs;
/** @type {typeof import("./form_data.js") | undefined} */
let loadedForms;
/** @type {typeof import("./crypto/subtle.js") | undefined} */
let loadedCryptography;

export const blobs = () => loadedBlobs ??= require("./blob.js");
export const forms = () => loadedForms ??= require("./form_data.js");
/** @returns {typeof import("./body_streams.js")} */
export const bodyStreams = () => require("./body_streams.js");
/** @returns {typeof import("./form_body.js")} */
export const formBodies = () => require("./form_body.js");
/** @returns {typeof import("./multipart.js")} */
export const multipart = () => require("./multipart.js");
/** @returns {typeof import("./mime.js")} */
export const mimeTypes = () => require("./mime.js");
export const cryptography = () => loadedCryptography ??= require("./crypto/subtle.js");
/** @returns {typeof import("./quota_exceeded_error.js")} */
export const quotas = () => require("./quota_exceeded_error.js");
/** @returns {typeof import("./data_url.js")} */
export const dataUrls = () => require("./data_url.js");

/** There is none before its class is. @param {unknown} value @returns {value is Blob} */
export function isBlob(value) { return loadedBlobs !== undefined && loadedBlobs.isBlob(value); }
/** @param {unknown} value @returns {value is FormData} */
export function isFormData(value) { return loadedForms !== undefined && loadedForms.isFormData(value); }

const MODULES = {
  __proto__: null,
  Blob: blobs, File: blobs, FormData: forms,
  CryptoKey: cryptography, SubtleCrypto: cryptography, QuotaExceededError: quotas,
  CompressionStream: () => require("./compression.js"), DecompressionStream: () => require("./compression.js"),
};

export function defineLate() { for (const name in MODULES) defineLazy(name, () => MODULES[name]()[name]); }
