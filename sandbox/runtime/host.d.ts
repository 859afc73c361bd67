// What C++ gives the runtime: the one argument of its outermost function. See sandbox/cell/natives_*.cc.
interface Host {
  httpStart(
    method: string, url: string, headers: string[], body: boolean, bodyBytes: number, redirect: number,
    connection: string,
  ): number;
  httpSend(call: number, bytes: Uint8Array, offset: number, last: boolean): number;
  httpConsumed(call: number, bytes: number): void;
  cancel(call: number): void;
  timerStart(milliseconds: number): number;
  now(): [number, number];
  log(level: number, message: string, fieldsJson: string): boolean;
  fail(error: unknown): never;
  randomDoubles(array: Float64Array): void;
  randomBytes(view: ArrayBufferView): void;
  crypto(): import("./crypto/natives.js").CryptoNatives;
  utf8Encode(text: string): Uint8Array;
  utf8EncodeInto(text: string, target: Uint8Array, result: Uint32Array): void;
  decode(view: ArrayBufferView, encoding: number, fatal: boolean): string | undefined;
  decodeLegacy(
    name: string, view: ArrayBufferView, last: boolean, fatal: boolean, state: Uint8Array,
  ): string | undefined;
  base64Encode(binary: string): string | undefined;
  base64Decode(text: string): string | undefined;
  base64Bytes(text: Uint8Array): Uint8Array | undefined;
  findBytes(bytes: Uint8Array, sought: Uint8Array, start: number, end: number): number;
  zlibStart(format: number, decompress: boolean): object;
  zlibStep(
    zlib: object, input: Uint8Array, offset: number, finish: boolean,
  ): [output: Uint8Array | undefined, used: number, ended: boolean, more: boolean];
  urlParse(input: string, base: string | undefined, components: Uint32Array): string | undefined;
  urlUpdate(href: string, part: number, value: string, components: Uint32Array): string | undefined;
  urlOrigin(href: string): string;
  queryParse(query: string): string[];
  querySerialize(list: string[]): string;
  clone(value: unknown, transfer: ArrayBuffer[], makeError: (message: string) => unknown): unknown;
  defineClone(prototype: object, copy: ((object: object) => object | undefined) | string): void;
  errorPlace(error: unknown): [message: string, file: string, line: number, column: number];
  inspectPromise(value: unknown): ["pending"] | ["fulfilled" | "rejected", unknown] | undefined;
  kindOf(value: unknown): number;
  inspectKeys(object: object): (string | symbol)[];
  callerPlace(): [file: string, line: number, column: number];
  enterStep(step: unknown): unknown;
  currentStep(): any;
  stepBegan(step: number, parent: number, name: string, action: string, shape: string, bytes: number, json: string): void;
  stepRetried(step: number, error: string, delay: number): void;
  stepEnded(step: number, succeeded: boolean, error: string, shape: string, bytes: number, json: string): void;
  respond(status: number, headers: string[], body: string): void;
  stateBytes(text: string): number;
  stateRead(scope: number, flow: string, key: string): number;
  stateCommit(changes: (string | number | undefined)[]): number;
  sha256(text: string): string;
  defineLazy(target: object, name: string): void;
  runLate(number: number, early: (path: string) => object, late: (number: number, path: string) => object): object;
}
declare const host: Host;
