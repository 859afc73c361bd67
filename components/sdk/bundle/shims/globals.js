// Node's globals, each for the files that name it: none becomes a global of the cell.
export { Buffer } from "node:buffer";
export { default as process } from "node:process";
export { clearImmediate, setImmediate } from "node:timers";
