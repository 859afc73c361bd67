// Bytes that several objects share and nobody changes: a list of pieces. A slice is views of the same memory; a copy is
// made where a script gets the bytes themselves.
import { Uint8Array, setBytes, typedArrayLength } from "./primordials.js";

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
