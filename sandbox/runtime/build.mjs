// Bundles the runtime into one script and writes it as the C++ header that the cell and the snapshot tool compile in.
// usage: node build.mjs SOURCE_DIR NODE_MODULES OUT.h DEPFILE
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

const [source, modules, header, depfile] = process.argv.slice(2);
const { build } = createRequire(resolve(modules, "anchor.js"))("esbuild");

const result = await build({
  entryPoints: [join(source, "main.js")],
  nodePaths: [modules],
  bundle: true,
  write: false,
  metafile: true,
  absWorkingDir: resolve(source),
  format: "iife",
  globalName: "runtime",
  target: "es2022",
  charset: "ascii",  // V8 reads it from the program's memory, one byte a character
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: "none",
});

const script = `(function (host) { "use strict"; ${result.outputFiles[0].text}; return runtime.hooks; })`;
const bytes = [...Buffer.from(script, "latin1")];
if (bytes.some((byte) => byte > 127)) throw new Error("the runtime is not ASCII");

writeFileSync(header, `// Made by sandbox/runtime/build.mjs.
#pragma once

#include <string_view>

namespace warder::cell {

inline constexpr char kRuntimeSourceBytes[] = {${bytes.join(",")}};
inline constexpr std::string_view kRuntimeSource(kRuntimeSourceBytes, sizeof(kRuntimeSourceBytes));

}  // namespace warder::cell
`);
const inputs = Object.keys(result.metafile.inputs).map((path) => resolve(source, path));
writeFileSync(depfile, `${header}: ${inputs.join(" ")}\n`);
