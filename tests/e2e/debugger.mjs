// A debugger as the tests need it: a WebSocket (RFC 6455) over node:http, and V8's inspector protocol on it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { request } from "node:http";

const textFrame = 1;
const closeFrame = 8;
const pingFrame = 9;
const pongFrame = 10;

// One frame of a client's: masked.
function frameOf(opcode, payload) {
  const head = [0x80 | opcode];
  if (payload.length < 126) head.push(0x80 | payload.length);
  else if (payload.length < 65536) head.push(0x80 | 126, payload.length >> 8, payload.length & 255);
  else head.push(0x80 | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (payload.length >>> shift) & 255));
  const mask = randomBytes(4);
  return Buffer.concat([Buffer.from(head), mask, payload.map((byte, i) => byte ^ mask[i & 3])]);
}

// The frame at the start of `bytes`, or nothing where not all of it has come.
function takeFrame(bytes) {
  if (bytes.length < 2) return undefined;
  let size = bytes[1] & 127;
  let at = 2;
  if (size === 126) [size, at] = bytes.length < 4 ? [Infinity, 4] : [bytes.readUInt16BE(2), 4];
  else if (size === 127) [size, at] = bytes.length < 10 ? [Infinity, 10] : [Number(bytes.readBigUInt64BE(2)), 10];
  if (bytes.length < at + size) return undefined;
  return { last: bytes[0] >= 128, opcode: bytes[0] & 15, payload: bytes.subarray(at, at + size), end: at + size };
}

// The answer to a request: {status, body}, or {status: 101, socket}.
export function knock(url, headers = {}, upgrade = true) {
  const { hostname, port, pathname } = new URL(url);
  const asking = upgrade
    ? { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13", "sec-websocket-key": randomBytes(16).toString("base64") }
    : {};
  return new Promise((done, fail) => {
    const sent = request({ hostname, port, path: pathname, headers: { ...asking, ...headers } });
    sent.on("error", fail);
    sent.on("upgrade", (response, socket, head) => done({ status: response.statusCode, socket, head }));
    sent.on("response", (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text) => (body += text)).on("end", () => done({ status: response.statusCode, body }));
    });
    sent.end();
  });
}

// Attached to `url`: call(method, params) answers with the result, event(method) with the params of the next such event.
export async function attach(url, headers) {
  const { status, socket, head, body } = await knock(url, headers);
  assert.equal(status, 101, body);
  const answers = new Map();
  const waiting = [];
  const events = [];
  let last = 0;
  let bytes = head;
  let text = Buffer.alloc(0);
  const closed = new Promise((done) => socket.on("close", done).on("error", done));
  const hear = (message) => {
    if (message.id !== undefined) {
      answers.get(message.id)?.(message);
      answers.delete(message.id);
      return;
    }
    const at = waiting.findIndex(({ method }) => method === message.method);
    if (at < 0) events.push(message);
    else waiting.splice(at, 1)[0].done(message.params);
  };
  const read = (chunk) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (let frame; (frame = takeFrame(bytes)); bytes = bytes.subarray(frame.end)) {
      if (frame.opcode === pingFrame) socket.write(frameOf(pongFrame, frame.payload));
      if (frame.opcode > textFrame) continue;
      text = Buffer.concat([text, frame.payload]);
      if (!frame.last) continue;
      hear(JSON.parse(text));
      text = Buffer.alloc(0);
    }
  };
  socket.on("data", read);
  read(Buffer.alloc(0));
  const say = (message) => socket.write(frameOf(textFrame, Buffer.from(message)));
  const ask = (method, params) =>
    new Promise((done) => {
      answers.set(++last, done);
      say(JSON.stringify({ id: last, method, params }));
    });
  return {
    ask,
    say,
    closed,
    async call(method, params) {
      const { result, error } = await ask(method, params);
      assert.equal(error, undefined, `${method}: ${JSON.stringify(error)}`);
      return result;
    },
    event(method) {
      const at = events.findIndex((each) => each.method === method);
      if (at >= 0) return Promise.resolve(events.splice(at, 1)[0].params);
      return Promise.race([
        new Promise((done) => waiting.push({ method, done })),
        closed.then(() => assert.fail(`it was gone before ${method}`)),
      ]);
    },
    leave() {
      socket.write(frameOf(closeFrame, Buffer.alloc(0)));
      socket.end();
      return closed;
    },
    // Without a word.
    vanish: () => socket.destroy(),
  };
}
