// Fetch, section 5.2: the streams that bodies and Blobs become when somebody asks for one.
import { Uint8Array, setBytes, typedArrayLength, viewOf } from "./primordials.js";
import { streamOperations, streams } from "./streams.js";

/** The most that one read of a stream gets. */
const CHUNK_BYTES = 65536;

/** @param {import("./body.js").Source} source */
function streamOfSource(source) {
  const { ReadableStream } = streams();
  return new ReadableStream({
    __proto__: null,
    type: "bytes",
    start(controller) {
      source.onError((error) => controller.error(error));
    },
    async pull(controller) {
      let chunk;
      while ((chunk = source.take()) === undefined && !source.over()) await source.more();
      if (chunk) {
        controller.enqueue(chunk);
      } else {
        controller.close();
        controller.byobRequest?.respond(0);
      }
    },
    cancel(reason) { source.cancel(reason); },
  }, { highWaterMark: 0 });
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

/** @param {import("./body.js").Body} body */
export function streamOfBody(body) {
  const { bytes, pieces, source } = body;
  return source ? streamOfSource(source) : streamOfPieces(pieces ?? [bytes]);
}

/** What is left of the stream of a body that was read by another way: at its end, and its reader is gone. */
export function usedStream() {
  const stream = streamOfPieces([]);
  streamOperations().getReader(stream);
  return stream;
}
