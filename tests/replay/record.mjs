// Records executions (executions.mjs), a few at a time, each by `warder run --record`.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { prepare, root } from "./executions.mjs";

async function recordOne(warder, folder, number, execution) {
  const name = `${String(number).padStart(4, "0")}-${execution.name}`;
  const file = (what) => join(folder, `${name}.${what}`);
  writeFileSync(file("event.json"), JSON.stringify(execution.event));
  writeFileSync(file("config.json"), JSON.stringify(execution.config));
  const allowed = execution.allow.flatMap((origin) => ["--allow", origin]);
  const child = spawn(
    warder,
    ["run", join(root, execution.bundle), "--quiet", "--event", file("event.json"), "--config", file("config.json"),
      "--record", file("journal"), ...allowed],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (said += text));
  const [code] = await once(child, "close");
  const expected = execution.event?.fails ? 1 : 0;
  if (code !== expected) throw new Error(`${name} ended with ${code}, not ${expected}: ${said}`);
  return file("journal");
}

// Records `count` of them into `folder`, and returns where their journals are.
export async function record(warder, folder, count) {
  const executions = await prepare();
  const journals = [];
  let next = 0;
  const worker = async () => {
    while (next < count) {
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
