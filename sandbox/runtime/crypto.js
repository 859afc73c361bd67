// Web Cryptography, section 10: Crypto, without subtle. The randomness is the execution's seed stream, so a replay
// repeats it.
import { defineInterfaces } from "./install.js";
import { DOMException } from "./dom_exception.js";
import { isView } from "./primordials.js";

const { randomBytes } = host;
const INTEGER_VIEW = /^(Uint8|Uint8Clamped|Int8|Uint16|Int16|Uint32|Int32|BigUint64|BigInt64)Array$/;
const MAX_BYTES = 65536;
const typeOfView = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(Uint8Array.prototype), Symbol.toStringTag).get;

class Crypto {
  /** @template {ArrayBufferView} T @param {T} view @returns {T} */
  getRandomValues(view) {
    if (!isView(view) || !INTEGER_VIEW.test(Reflect.apply(typeOfView, view, []) ?? "")) {
      throw new DOMException("getRandomValues fills an array of integers", "TypeMismatchError");
    }
    if (view.byteLength > MAX_BYTES) {
      throw new DOMException(`getRandomValues gives at most ${MAX_BYTES} bytes at once`, "QuotaExceededError");
    }
    randomBytes(view);
    return view;
  }

  /** RFC 9562, section 5.4. */
  randomUUID() {
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

export const crypto = new Crypto();
