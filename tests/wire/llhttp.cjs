// The second parser: llhttp, as node's HTTP server uses it, in its strict mode.
//
// Reads batches from standard input and answers each on standard output. A batch is its size and so many streams; a
// stream and an answer are a size and so many bytes; all sizes are 32 bits, little-endian. An answer is what Spelling()
// of message.h makes of what was read.
"use strict";

const { readSync, writeSync } = require("node:fs");
// Node's own modules get the parser from here; there is no public way to it that does not go through a socket.
const { HTTPParser, allMethods, methods } = process.binding("http_parser");

const MAX_HEADER_BYTES = 1 << 20;

/** @param {number} number */
function number32(number) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(number);
  return bytes;
}

/** @param {string | Buffer} part */
function sized(part) {
  const bytes = typeof part === "string" ? Buffer.from(part, "latin1") : part;
  return [number32(bytes.length), bytes];
}

/** @param {Buffer} stream */
function spell(stream) {
  const out = [];
  let headers = [];
  let target = "";
  let method = "";
  let body = [];
  let open = false;
  const parser = new HTTPParser();
  parser.initialize(HTTPParser.REQUEST, {}, MAX_HEADER_BYTES, HTTPParser.kLenientNone ?? 0);
  parser[HTTPParser.kOnMessageBegin] = () => {
    open = true;
  };
  // Called only where there are more headers than fit at once.
  parser[HTTPParser.kOnHeaders] = (more, url) => {
    headers.push(...more);
    target += url;
  };
  parser[HTTPParser.kOnHeadersComplete] = (major, minor, all, number, url) => {
    if (all !== undefined) headers = all;
    if (url !== undefined) target = url;
    method = (allMethods ?? methods)[number];
    if (major !== 1 || minor !== 1) method += `/${major}.${minor}`;
    return 0;
  };
  parser[HTTPParser.kOnBody] = (chunk) => {
    body.push(Buffer.from(chunk));
  };
  parser[HTTPParser.kOnMessageComplete] = () => {
    out.push(Buffer.from("M"), ...sized(method), ...sized(target), number32(headers.length / 2));
    for (const part of headers) out.push(...sized(part));
    out.push(...sized(Buffer.concat(body)));
    headers = [];
    target = "";
    body = [];
    open = false;
  };
  const consumed = parser.execute(stream);
  const whole = consumed === stream.length && !open && parser.finish() === undefined;
  parser.close();
  out.push(Buffer.from(whole ? "W" : "B"));
  return Buffer.concat(out);
}

/** @param {number} size @returns {Buffer | undefined} */
function read(size) {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; ) {
    const count = readSync(0, bytes, at, size - at, null);
    if (count === 0) return undefined;
    at += count;
  }
  return bytes;
}

/** @param {Buffer} bytes */
function write(bytes) {
  for (let at = 0; at < bytes.length; ) at += writeSync(1, bytes, at);
}

for (;;) {
  const size = read(4);
  const batch = size && read(size.readUInt32LE());
  if (!batch) break;
  const answers = [];
  for (let at = 0; at < batch.length; ) {
    const end = at + 4 + batch.readUInt32LE(at);
    answers.push(...sized(spell(batch.subarray(at + 4, end))));
    at = end;
  }
  const all = Buffer.concat(answers);
  write(Buffer.concat([number32(all.length), all]));
}
