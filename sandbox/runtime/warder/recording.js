// What is recorded of steps, and which of them runs.
const { currentStep } = host;

/**
 * The step that runs, where the cell finds its number: [number, path, how often each name was used in it, nesting].
 * @typedef {[number: number, path: string, used: Record<string, number>, nesting: number]} Frame
 */
/** @type {Frame} */
const flow = [0, "", { __proto__: null }, 0];

/** @returns {Frame} */
export const current = () => currentStep() ?? flow;

let payloads = false;
export const withPayloads = () => payloads;

/** @param {boolean} given whether values are recorded, not only their shapes */
export function beginRecording(given) { payloads = given; }
