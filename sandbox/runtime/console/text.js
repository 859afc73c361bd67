// How what is logged becomes text.
export { formatArguments, indentLines, show } from "./format.js";
export { tableText } from "./table.js";
export { errorTitle, inspect, stackOf } from "./inspect.js";
