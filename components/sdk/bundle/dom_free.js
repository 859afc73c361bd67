// Files that a package swaps for browsers against ones that need a DOM, which a cell does not have: the former stay.
import { join } from "node:path";

const KEPT = [
  { package: "@aws-sdk/xml-builder", from: "./xml-parser", file: "xml-parser.js" },  // the other one wants DOMParser
];

/** @type {import("esbuild").Plugin} */
export const domFree = {
  name: "dom-free",
  setup(build) {
    for (const { package: name, from, file } of KEPT) {
      const filter = new RegExp(`^${from.replaceAll(".", "\\.")}(?:\\.js)?$`);
      build.onResolve({ filter }, ({ importer, resolveDir }) => (
        importer.replaceAll("\\", "/").includes(`node_modules/${name}/`) ? { path: join(resolveDir, file) } : undefined
      ));
    }
  },
};
