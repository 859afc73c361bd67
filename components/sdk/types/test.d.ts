// The module that test files, *.test.js, declare their tests with; `warder test` gives it to them.

declare module "warder/test" {
  import type { Duration, Json } from "warder";

  /** Stands for what is not known of a value, where values are compared. */
  export interface Pattern { readonly name: string; }
  /** Anything that is there, or of this type. */
  export function any(type?: "string" | "number" | "boolean" | "object" | "array"): Pattern;
  /** What has at least these members and elements. */
  export function containing(value: Expected): Pattern;

  /** JSON in which patterns, regular expressions (for texts) and functions that say true or false may stand. */
  export type Expected = null | boolean | number | string | Pattern | RegExp | typeof any | ((value: any) => boolean)
    | readonly Expected[] | { readonly [name: string]: Expected | undefined };

  export interface Request {
    /** "GET" unless told. */
    method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
    /** {name} stands for a part that may be anything. */
    url: string;
    /** null: there must be none. Others are not looked at. */
    headers?: Readonly<Record<string, string | null>>;
    connection?: string;
    /** A text: exactly that. Anything else: JSON with the same values. */
    body?: Expected;
    bodyContains?: Expected;
  }
  export type Reply =
    | { error: "network" | "timeout" | "refused"; delay?: Duration }
    | { status?: number; headers?: Readonly<Record<string, string | readonly string[]>>; body?: Json; base64?: string; delay?: Duration };
  interface StateValues { flow?: Readonly<Record<string, Json>>; instance?: Readonly<Record<string, Json>>; crossFlow?: Readonly<Record<string, Json>>; }

  export type Verdict = "succeeded" | "failed" | "invalid" | "limit" | "violation";
  interface Expectation {
    /** "succeeded" unless another member says otherwise. */
    verdict?: Verdict;
    output?: Expected;
    error?: { name?: string; message?: string };
    limit?: string;
    steps?: readonly { name: string; action?: string; outcome?: "ok" | "failed" | "unfinished" }[];
    response?: { status?: number; body?: Expected };
    state?: { readonly [scope in keyof StateValues]: Readonly<Record<string, Expected>> };
    logs?: readonly { level?: "debug" | "info" | "warn" | "error"; message?: string; fields?: Expected }[];
  }
  interface Tested {
    /** The path of a bundle or its folder, from the test file's folder on; the module of its name, or its folder. */
    bundle?: string;
    expect?: Expectation;
  }
  /** What a fixture may say (docs/journals.md). */
  export type TestOptions = Tested & ({
    /** The path of a journal: its calls are the expected ones. */
    journal: string;
  } | {
    journal?: undefined;
    flow?: string;
    event?: Json;
    config?: Readonly<Record<string, Json>>;
    connections?: Readonly<Record<string, { origin: string; fields?: readonly string[] }>>;
    limits?: Readonly<Record<string, number | string>>;
    seed?: string;
    clock?: string;
    state?: StateValues;
    calls?: readonly { request: Request; reply: Reply }[];
    order?: "strict" | "any";
  });

  /** What came of a flow. */
  export interface Run {
    readonly verdict: Verdict;
    /** Why it did not succeed. */
    readonly reason: string | null;
    /** Of a flow that succeeded. */
    readonly output?: any;
    readonly error: { readonly name: string; readonly message: string; readonly code: string | null } | null;
    readonly limit: string | null;
    readonly steps: readonly {
      readonly step: number;
      /** The step that it is part of. */
      readonly parent: number | null;
      readonly name: string;
      readonly action: string | null;
      readonly attempts: number;
      readonly outcome: "ok" | "failed" | "unfinished";
      readonly message: string | null;
      readonly calls: number;
      readonly input: { readonly shape: string; readonly bytes: number };
      readonly output: { readonly shape: string; readonly bytes: number };
    }[];
    /** In the order in which they were made. */
    readonly calls: readonly {
      /** Which of the declared calls it is, from 0. */
      readonly expected: number;
      readonly method: string;
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly connection: string | null;
      readonly body?: string;
      /** Where the body is no text. */
      readonly base64?: string;
      /** What the body says, where it is JSON. */
      readonly json: any;
    }[];
    readonly logs: readonly {
      readonly level: "debug" | "info" | "warn" | "error";
      readonly message: string;
      readonly fields: Readonly<Record<string, any>>;
      readonly step: number | null;
    }[];
    /** What stands there in the end. */
    readonly state: { readonly flow: Readonly<Record<string, any>>; readonly instance: Readonly<Record<string, any>>; readonly crossFlow: Readonly<Record<string, any>> };
    readonly response: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string } | null;
  }

  /**
   * Declares a test, while its file is evaluated. `check` looks at what came, where everything else is as expected: it
   * throws where something is wrong, and returns nothing.
   */
  export function test(name: string, options: TestOptions, check?: (run: Run) => void | Promise<void>): void;

  export class AssertionError extends Error {}
  type Thrown = RegExp | (abstract new (...values: any[]) => unknown) | { readonly [name: string]: unknown };
  /** Each throws an AssertionError, whose message begins with `said`. */
  export const assert: {
    ok(value: unknown, said?: string): void;
    /** The same value: `===`, and NaN. */
    equal(actual: unknown, expected: unknown, said?: string): void;
    notEqual(actual: unknown, unexpected: unknown, said?: string): void;
    /** The same members and elements; `expected` may have patterns and regular expressions. */
    deepEqual(actual: unknown, expected: unknown, said?: string): void;
    /** At least these members and elements. */
    contains(actual: unknown, expected: unknown, said?: string): void;
    match(text: unknown, pattern: RegExp, said?: string): void;
    throws(work: () => unknown, expected?: Thrown, said?: string): void;
    rejects(work: () => Promise<unknown>, expected?: Thrown, said?: string): Promise<void>;
    fail(said?: string): never;
  };
}
