// Web Cryptography, section 10: Crypto. The randomness is the execution's seed stream, so a replay repeats it. What is
// behind `subtle` comes into being when a script first asks for it.
import { defineInterfaces } from "./install.js";
import { Uint8Array, isView, test, typedArrayName } from "./primordials.js";

const { randomBytes } = host;
const INTEGER_VIEW = /^(Uint8|Uint8Clamped|Int8|Uint16|Int16|Uint32|Int32|BigUint64|BigInt64)Array$/;
const MAX_BYTES = 65536;

export class Crypto {
  #brand;

  constructor() {
    if (crypto !== undefined) throw new TypeError("Illegal constructor");
  }

  get subtle() {
    if (!(#brand in this)) throw new TypeError("Illegal invocation");
    return require("./crypto/subtle.js").subtle;
  }

  /** @template {ArrayBufferView} T @param {T} view @returns {T} */
  getRandomValues(view) {
    if (!(#brand in this)) throw new TypeError("Illegal invocation");
    if (!isView(view)) throw new TypeError("getRandomValues fills a view of an ArrayBuffer");
    if (test(INTEGER_VIEW, typedArrayName(view) ?? "") === null) {
      const { DOMException } = require("./dom_exception.js");
      throw new DOMException("getRandomValues fills an array of integers", "TypeMismatchError");
    }
    if (view.byteLength > MAX_BYTES) {
      const { QuotaExceededError } = require("./quota_exceeded_error.js");
      throw new QuotaExceededError(`getRandomValues gives at most ${MAX_BYTES} bytes at once`);
    }
    randomBytes(view);
    return view;
  }

  /** RFC 9562, section 5.4. */
  randomUUID() {
    if (!(#brand in this)) throw new TypeError("Illegal invocation");
    const bytes = new Uint8Array(16);
    randomBytes(bytes);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let text = "";
    for (let i = 0; i < 16; ++i) {
      if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
      text += (bytes[i] < 16 ? "0" : "") + bytes[i].toString(16);
    }
    return text;
  }
}

defineInterfaces({ Crypto });

/** @type {Crypto} */
export let crypto;
crypto = new Crypto();
