// Journals as their records, and the frames in them as their fields, so that every one of them can be changed
// (docs/journals.md, sandbox/proto/cell.proto).
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const magic = "warder journal 2\n";
const headBytes = 13;

export const toCell = ">".charCodeAt(0);
export const fromCell = "<".charCodeAt(0);

// Fields of ToCell, of Start and of what answers a call.
export const Field = { clock: 1, input: 2, start: 3, head: 4, body: 5, failed: 6, timer: 8, seed: 1, call: 1, status: 2, data: 3 };

// [{ kind, payload }]
export function readRecords(path) {
  const bytes = readFileSync(path);
  const all = [];
  for (let at = magic.length; at < bytes.length; ) {
    const length = bytes.readUInt32LE(at + 1);
    all.push({ kind: bytes[at], payload: Buffer.from(bytes.subarray(at + headBytes, at + headBytes + length)) });
    at += headBytes + length;
  }
  return all;
}

// With checksums that match.
export function writeRecords(path, all) {
  let chain = createHash("sha256").update(magic).digest();
  const parts = [Buffer.from(magic)];
  for (const { kind, payload } of all) {
    const head = Buffer.alloc(5);
    head[0] = kind;
    head.writeUInt32LE(payload.length, 1);
    chain = createHash("sha256").update(chain).update(head).update(payload).digest();
    parts.push(head, chain.subarray(0, 8), payload);
  }
  writeFileSync(path, Buffer.concat(parts));
}

function readVarint(bytes, at) {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at++];
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return [value, at];
  }
}

function varint(value) {
  const bytes = [];
  for (; value > 0x7fn; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(value)]);
}

// [{ number, value }]: a BigInt, or a Buffer that is bytes, a text or a message.
export function fieldsOf(message) {
  const fields = [];
  for (let at = 0; at < message.length; ) {
    const [tag, begin] = readVarint(message, at);
    const [value, next] = readVarint(message, begin);
    const length = Number(tag & 7n) === 2 ? Number(value) : 0;
    fields.push({ number: Number(tag >> 3n), value: Number(tag & 7n) === 2 ? message.subarray(next, next + length) : value });
    at = next + length;
  }
  return fields;
}

export function messageOf(fields) {
  return Buffer.concat(
    fields.map(({ number, value }) =>
      typeof value === "bigint"
        ? Buffer.concat([varint(BigInt(number) << 3n), varint(value)])
        : Buffer.concat([varint((BigInt(number) << 3n) | 2n), varint(BigInt(value.length)), value]),
    ),
  );
}

export const fieldOf = (message, number) => fieldsOf(message).find((field) => field.number === number)?.value;

// `message` with the field as `change` makes it of what it is.
export const withField = (message, number, change) =>
  messageOf(fieldsOf(message).map((field) => (field.number === number ? { number, value: change(field.value) } : field)));

export const clockOf = (record) => fieldOf(record.payload, Field.clock);

// The places of the frames to the cell that have such a field.
export const framesWith = (all, number) =>
  all.flatMap(({ kind, payload }, index) => (kind === toCell && fieldOf(payload, number) !== undefined ? [index] : []));
