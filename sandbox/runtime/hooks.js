// The functions of the runtime that the cell calls, by name. Late modules put theirs here when they run: before that
// there is nothing that they would be called for.

/** @type {Record<string, Function | object>} */
export const hooks = { __proto__: null };
