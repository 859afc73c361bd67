// What becomes of Node's built-in modules in a cell. What is in neither table is supplied whole, or nearly so.

/** A cell has no such thing: what is imported is there, and throws, or does nothing, where it is used. */
export const IMPOSSIBLE = {
  child_process: "a cell starts no processes",
  cluster: "a cell is one process",
  dgram: "a cell has no sockets; call HTTP APIs with fetch",
  dns: "a cell has no network; the broker resolves names for fetch",
  fs: "a cell has no files; import data into the bundle, or get it from the event or the configuration",
  http: "a cell has no sockets: it makes requests with fetch and serves none",
  http2: "a cell has no sockets: it makes requests with fetch and serves none",
  https: "a cell has no sockets: it makes requests with fetch and serves none",
  inspector: "a cell has no debugger",
  net: "a cell has no sockets; call HTTP APIs with fetch",
  readline: "a cell has no terminal",
  repl: "a cell has no terminal",
  sqlite: "a cell has no files",
  tls: "a cell has no sockets; the broker makes the TLS connections of fetch",
  tty: "a cell has no terminal",
  v8: "a cell does not let scripts at its engine",
  vm: "a cell evaluates no text",
  wasi: "a cell has no WebAssembly",
  worker_threads: "a cell has one thread",
};

/** Only a part works without Node. */
export const PARTIAL = {
  crypto: "only getRandomValues, randomBytes, randomUUID, subtle and webcrypto work; hash and sign with crypto.subtle",
  stream: "its streams carry no data; use ReadableStream and its kin",
  zlib: "its functions throw; use CompressionStream and DecompressionStream",
};

/** "fs" of "node:fs/promises". @param {string} specifier */
export const moduleOf = (specifier) => specifier.replace(/^node:/, "").split("/")[0];
