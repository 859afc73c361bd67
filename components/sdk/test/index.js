// The module `warder/test`: what test files declare their tests with (docs/authoring.md). The engine gives it to the
// cells that evaluate a test file; it is the author's code as much as that file is.
import { declare } from "./declared.js";

export { assert, AssertionError } from "./assert.js";
export { any, containing } from "./patterns.js";

/**
 * @param {string} name
 * @param {object} options the members of a fixture
 * @param {(run: any) => void | Promise<void>} [check]
 */
export function test(name, options, check) { declare(name, options, check); }
