// Encoding, section 8: TextDecoderStream, TextEncoderStream.
import { TextDecoder, attributesOf, decodePiece } from "./encoding.js";
import { defineInterfaces } from "./install.js";
import { Uint8Array, bytesOf, codeUnitAt, isBufferSource, sliceString, typedArrayLength } from "./primordials.js";
import { streamOperations, streams } from "./streams.js";
import { encodeUtf8 } from "./utf8.js";

const { readableOf, writableOf, enqueue } = streamOperations();
const { TransformStream } = streams();
const EMPTY = new Uint8Array(0);

/** A transform whose steps no script can put anything between. @param {Function} transform @param {Function} flush */
const makeTransform = (transform, flush) => new TransformStream({ __proto__: null, transform, flush });

export class TextDecoderStream {
  #attributes;
  #transform;

  /** @param {string} [label] @param {TextDecoderOptions} [options] */
  constructor(label = "utf-8", options = {}) {
    const decoder = new TextDecoder(label, options);
    this.#attributes = attributesOf(decoder);
    const decode = (bytes, stream, controller) => {
      const text = decodePiece(decoder, bytes, stream);
      if (text !== "") enqueue(controller, text);
    };
    this.#transform = makeTransform((chunk, controller) => {
      if (!isBufferSource(chunk)) throw new TypeError("a chunk of a TextDecoderStream is an ArrayBuffer or a view of one");
      decode(bytesOf(chunk), true, controller);
    }, (controller) => decode(EMPTY, false, controller));
  }

  get encoding() { return this.#attributes.encoding; }
  get fatal() { return this.#attributes.fatal; }
  get ignoreBOM() { return this.#attributes.ignoreBOM; }
  get readable() { return readableOf(this.#transform); }
  get writable() { return writableOf(this.#transform); }
}

export class TextEncoderStream {
  #transform;

  constructor() {
    let high = "";  // the first half of a surrogate pair, at the end of a chunk
    this.#transform = makeTransform((chunk, controller) => {
      let text = high + `${chunk}`;
      high = "";
      const last = text.length > 0 ? codeUnitAt(text, text.length - 1) : 0;
      if (last >= 0xd800 && last <= 0xdbff) {
        high = text[text.length - 1];
        text = sliceString(text, 0, text.length - 1);
      }
      const bytes = encodeUtf8(text);
      if (typedArrayLength(bytes) > 0) enqueue(controller, bytes);
    }, (controller) => {
      if (high !== "") enqueue(controller, encodeUtf8(high));
    });
  }

  get encoding() {
    this.#transform;
    return "utf-8";
  }
  get readable() { return readableOf(this.#transform); }
  get writable() { return writableOf(this.#transform); }
}

defineInterfaces({ TextDecoderStream, TextEncoderStream });
