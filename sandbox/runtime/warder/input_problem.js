/** What an integration is run with is not what it declares: sentences, one a line. */
export class InputProblem {
  /** @param {string} message */
  constructor(message) { this.message = message; }
}
