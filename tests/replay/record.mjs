// Records executions (executions.mjs), a few at a time, each by `warder run --record`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { root } from "../e2e/support.mjs";
import { prepare } from "./executions.mjs";

async function recordOne(warder, folder, number, execution) {
  const name = `${String(number).padStart(4, "0")}-${execution.name}`;
  const file = (what) => join(folder, `${name}.${what}`);
  writeFileSync(file("event.json"), JSON.stringify(execution.event));
  writeFileSync(file("config.json"), JSON.stringify(execution.config));
  const allowed = execution.allow.flatMap((origin) => ["--allow", origin]);
  const connected = Object.entries(execution.connect).flatMap(([connection, { policy, fields }]) => {
    writeFileSync(file("policy"), policy);
    writeFileSync(file("connection.json"), JSON.stringify({ policy: `${name}.policy`, fields }), { mode: 0o600 });
    return ["--connect", `${connection}=${file("connection.json")}`];
  });
  const child = spawn(
    warder,
    ["run", resolve(root, execution.bundle), "--quiet", "--event", file("event.json"), "--config", file("config.json"),
      "--record", file("journal"), ...allowed, ...connected],
    { stdio: ["ignore", "ignore", "pipe"], env: { ...process.env, TZ: "UTC" } },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (said += text));
  const [code] = await once(child, "close");
  const expected = execution.event?.fails ? 1 : 0;
  if (code !== expected) throw new Error(`${name} ended with ${code}, not ${expected}: ${said}`);
  return file("journal");
}

// Records `count` of them into `folder`, one of each kind unless told, and returns where their journals are.
export async function record(warder, folder, count) {
  const made = join(folder, "made");
  mkdirSync(made);
  const executions = await prepare(made);
  const journals = [];
  let next = 0;
  const worker = async () => {
    while (next < (count ?? executions.kinds)) {
      const number = next++;
      journals[number] = await recordOne(warder, folder, number, executions.of(number));
    }
  };
  try {
    await Promise.all(Array.from({ length: 2 * availableParallelism() }, worker));
  } finally {
    await executions.end();
  }
  return journals;
}
