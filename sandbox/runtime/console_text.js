// How what is logged becomes text: it comes into being when something is logged that is no text already.

/** @type {typeof import("./console/text.js") | undefined} */
let loaded;

// Not an import: what is required is loaded late.
export function consoleText() { return loaded ??= require("./console/text.js"); }
