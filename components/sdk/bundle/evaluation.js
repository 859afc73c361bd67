// Finds in a bundle what a cell does not have in the language: eval, new Function, WebAssembly. It looks at what came out,
// so what no path of the bundle holds any more is not named, and traces it back through the source map.
import { TraceMap, originalPositionFor } from "@jridgewell/trace-mapping";
import { parse } from "acorn";
import { ancestor } from "acorn-walk";

const NO_TEXT = "a cell evaluates no text";
const SUSPECT = /\beval\b|\bFunction\s*\(|\bWebAssembly\b/;

const isName = (node, name) => node?.type === "Identifier" && node.name === name;
// Function("return this")() is how old packages look for globalThis, having tried everything else first.
const looksForGlobal = ({ arguments: [first, ...more] }) => more.length === 0 && first?.value === "return this";
const isTypeof = (parent) => parent?.type === "UnaryExpression" && parent.operator === "typeof";

/**
 * @param {string} code an ES module @param {string} map its source map
 * @returns {{ text: string, source: string, line: number, column: number }[]}
 */
export function findEvaluation(code, map) {
  if (!SUSPECT.test(code)) return [];
  const found = [];
  const add = (node, text) => found.push({ text, ...node.loc.start });
  ancestor(parse(code, { ecmaVersion: "latest", sourceType: "module", locations: true }), {
    CallExpression(node) {
      if (isName(node.callee, "eval")) add(node, `eval(…) throws: ${NO_TEXT}`);
      if (isName(node.callee, "Function") && !looksForGlobal(node)) add(node, `Function(…) throws: ${NO_TEXT}`);
    },
    NewExpression(node) {
      if (isName(node.callee, "Function") && !looksForGlobal(node)) add(node, `new Function(…) throws: ${NO_TEXT}`);
    },
    Identifier(node, _state, ancestors) {
      if (isName(node, "WebAssembly") && !isTypeof(ancestors.at(-2))) add(node, "WebAssembly is not there: a cell has none");
    },
  });
  const trace = new TraceMap(map);
  return found.map(({ text, line, column }) => {
    const { source, line: original, column: at } = originalPositionFor(trace, { line, column });
    return { text, source: source ?? "", line: original ?? 0, column: at ?? 0 };
  });
}
