// Bytes that several objects share and nobody changes: a list of pieces. A slice is views of the same memory; a copy is
// made where a script gets the bytes themselves.
import { Uint8Array, typedArrayLength, setBytes, viewOf } from "./primordials.js";
import { streams } from "./streams.js";

/** The most that one read of a stream gets. */
const CHUNK_BYTES = 65536;

/** @param {Uint8Array[]} pieces */
export function sizeOfPieces(pieces) {
  let size = 0;
  for (let i = 0; i < pieces.length; ++i) size += typedArrayLength(pieces[i]);
  return size;
}

/** A copy of all of them in a row. @param {Uint8Array[]} pieces */
export function joinPieces(pieces) {
  const all = new Uint8Array(sizeOfPieces(pieces));
  let offset = 0;
  for (let i = 0; i < pieces.length; ++i) {
    setBytes(all, pieces[i], offset);
    offset += typedArrayLength(pieces[i]);
  }
  return all;
}

/** The bytes from `start` to `end`. @param {Uint8Array[]} pieces @param {number} start @param {number} end */
export function slicePieces(pieces, start, end) {
  const part = [];
  let offset = 0;
  for (let i = 0; i < pieces.length && offset < end; ++i) {
    const length = typedArrayLength(pieces[i]);
    const from = start > offset ? start - offset : 0;
    const to = end - offset < length ? end - offset : length;
    if (from < to) part[part.length] = from === 0 && to === length ? pieces[i] : viewOf(pieces[i], from, to);
    offset += length;
  }
  return part;
}

/** A byte stream that copies them chunk by chunk, as it is read. @param {Uint8Array[]} pieces */
export function streamOfPieces(pieces) {
  const { ReadableStream } = streams();
  let index = 0;
  let offset = 0;
  return new ReadableStream({
    __proto__: null,
    type: "bytes",
    pull(controller) {
      const request = controller.byobRequest;
      while (index < pieces.length && offset === typedArrayLength(pieces[index])) {
        ++index;
        offset = 0;
      }
      if (index === pieces.length) {
        controller.close();
        request?.respond(0);
        return;
      }
      const left = typedArrayLength(pieces[index]) - offset;
      const room = request ? typedArrayLength(request.view) : CHUNK_BYTES;
      const size = left < room ? left : room;
      const chunk = viewOf(pieces[index], offset, offset + size);
      offset += size;
      if (request) {
        setBytes(request.view, chunk);
        request.respond(size);
      } else {
        const copy = new Uint8Array(size);
        setBytes(copy, chunk);
        controller.enqueue(copy);
      }
    },
    cancel() { pieces = []; index = offset = 0; },
  }, { highWaterMark: 0 });
}
