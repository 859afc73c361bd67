// Plays a journal to a cell without a jail, which may run on another processor than this one: sends what was recorded as
// sent, when the cell has said what it had said before, and compares what it says, bit for bit (docs/journals.md).
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { fieldsOf, fromCell, messageOf, readRecords, toCell } from "./journal.mjs";

const requestBody = "#".charCodeAt(0), end = "E".charCodeAt(0);
const longestKeptPiece = 16 << 10;
const patienceMs = 60_000;  // an emulated processor is slow

// Fields of FromCell, and of those messages of it that say what the cell measures of itself.
const From = { ready: 1, requestBody: 3, result: 9 };
const usageOfResult = 4;

function frameOf(payload) {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(payload.length);
  return Buffer.concat([head, payload]);
}

// What has to be the same of what a cell says.
function compared(payload) {
  const [{ number, value }] = fieldsOf(payload);
  if (number !== From.result) return payload;
  return messageOf([{ number, value: messageOf(fieldsOf(value).filter((field) => field.number !== usageOfResult)) }]);
}

// A long piece of a request's body, as it stands in a journal: call, size, whether it is the last, hash.
function digestOf(payload) {
  const piece = Object.fromEntries(fieldsOf(fieldsOf(payload)[0].value).map(({ number, value }) => [number, value]));
  const { 1: call, 2: last = 0n, 3: data = Buffer.alloc(0) } = piece;
  const head = Buffer.alloc(17);
  head.writeBigUInt64LE(call, 0);
  head.writeBigUInt64LE(BigInt(data.length), 8);
  head[16] = Number(last);
  return data.length > longestKeptPiece ? Buffer.concat([head, createHash("sha256").update(data).digest()]) : undefined;
}

// Resolves to what of the journal at `path` is not as it was recorded where the cell that `command` starts, on its
// descriptor 3, plays it; or to null.
export async function play(command, path, env = {}, attempts = 5) {
  const records = readRecords(path);
  const child = spawn(command[0], command.slice(1), { stdio: ["ignore", "ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (said += text));
  const closed = once(child, "close");
  const socket = child.stdio[3];
  let broken = false;
  socket.on("error", () => (broken = true)); // it may end before it has read all
  let next = 1, problem = null; // behind the header

  const send = () => {
    while (records[next]?.kind === toCell) socket.write(frameOf(records[next++].payload));
  };
  const hear = (payload) => {
    const [{ number }] = fieldsOf(payload);
    if (number === From.ready) return send();
    const { kind, payload: recorded } = records[next] ?? {};
    const digest = number === From.requestBody ? digestOf(payload) : undefined;
    const same = digest ? kind === requestBody && digest.equals(recorded)
      : kind === fromCell && compared(payload).equals(compared(recorded));
    if (!same) {
      problem = `record ${next + 1} is not as it was recorded:\n- ${recorded?.toString("latin1").slice(0, 300)}\n+ ${payload.toString("latin1").slice(0, 300)}`;
      return socket.destroy();
    }
    ++next;
    send();
  };

  const patience = setTimeout(() => {
    problem = `the cell waits before record ${next + 1} of ${records.length}`;
    socket.destroy();
  }, patienceMs);
  let bytes = Buffer.alloc(0);
  socket.on("data", (piece) => {
    bytes = Buffer.concat([bytes, piece]);
    while (problem === null && bytes.length >= 4 && bytes.length >= 4 + bytes.readUInt32LE(0)) {
      const length = bytes.readUInt32LE(0);
      hear(bytes.subarray(4, 4 + length));
      bytes = bytes.subarray(4 + length);
    }
  });
  const [code, signal] = await closed;
  clearTimeout(patience);
  if (problem !== null) return problem;
  if (records[next]?.kind === end && code === 0) return null;
  // Node gives up a socket that cannot be written any more, with what is still to be read from it.
  if (broken && code === 0 && attempts > 1) return play(command, path, env, attempts - 1);
  return `it ended (${signal ?? code}) before record ${next + 1} of ${records.length}: ${said}`;
}
