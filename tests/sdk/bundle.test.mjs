// The bundler's own tests, where its packages are installed.
import { join } from "node:path";
import { folder, sdkTest, skip } from "./support.mjs";

if (skip) sdkTest("the bundler", () => {});
else await import(join(folder, "bundle/bundle.test.js"));
