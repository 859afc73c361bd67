// The types are what a cell has: no more and no less.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Exit, root, runFlow, temporaryFolder } from "../e2e/support.mjs";
import { folder, sdkTest } from "./support.mjs";

const types = join(folder, "types");

sdkTest("tsc --strict takes what a cell has and refuses what it has not", (t) => {
  const project = temporaryFolder(t);
  mkdirSync(join(project, "node_modules/@warder"), { recursive: true });
  symlinkSync(types, join(project, "node_modules/@warder/types"));
  const files = ["flow.ts", "authoring.ts", "tests.ts"];
  for (const file of files) copyFileSync(join(root, "tests/sdk/types", file), join(project, file));
  const config = { extends: "@warder/types/tsconfig.json", compilerOptions: { skipLibCheck: false }, files };
  writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
  const { status, stdout } = spawnSync(process.execPath, [join(types, "node_modules/typescript/bin/tsc"), "-p", project], { encoding: "utf8" });
  assert.equal(status, 0, stdout);
});

// Names with a value: declare var, function, class, namespace.
function declared(files) {
  const names = new Set();
  for (const file of files) {
    for (const [, name] of readFileSync(file, "utf8").matchAll(/^declare (?:var|let|const|function|class) (\w+)/gm)) names.add(name);
  }
  return names;
}

sdkTest("the declared globals are those of a cell", async (t) => {
  const ours = declared(readdirSync(types).filter((name) => name.endsWith(".d.ts")).map((name) => join(types, name)));
  const lib = join(types, "node_modules/typescript/lib");
  const language = declared(readdirSync(lib).filter((name) => /^lib\.es.*\.d\.ts$/.test(name)).map((name) => join(lib, name)));
  for (const name of ["globalThis", "undefined", "Intl", "Iterator", "Reflect"]) language.add(name);

  // The global object's own, and what it has as an EventTarget.
  const { code, result } = await runFlow(t, "return { data: [Object.getOwnPropertyNames(globalThis), event.filter((name) => name in globalThis)] };", { event: [...ours] });
  assert.equal(code, Exit.succeeded);
  const [own, has] = result.output;
  const missing = [...ours].filter((name) => !has.includes(name)).sort();
  const undeclared = own.filter((name) => !ours.has(name) && !language.has(name)).sort();
  assert.deepEqual({ missing, undeclared }, { missing: [], undeclared: [] });
});
