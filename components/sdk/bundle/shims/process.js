// What packages read of `process`. It names no version of Node: what asks whether this is Node hears that it is not.
const nothing = () => process;

export const arch = "";
export const argv = [];
export const argv0 = "";
export const browser = true;
export const env = {};
export const execArgv = [];
export const execPath = "";
export const exitCode = undefined;
export const pid = 1;
export const platform = "";
export const ppid = 0;
export const release = {};
export const title = "warder";
export const version = "";
export const versions = {};

export const cwd = () => "/";
export const uptime = () => performance.now() / 1000;
export const nextTick = (callback, ...args) => queueMicrotask(() => callback(...args));
export const emitWarning = (warning) => console.warn(`${warning}`);
export const memoryUsage = () => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 });
export const exit = () => { throw new Error("process.exit: a cell ends when its flow does"); };
export const hrtime = (since = [0, 0]) => {
  const now = performance.timeOrigin + performance.now();
  const seconds = Math.floor(now / 1000) - since[0];
  const nanoseconds = Math.floor((now % 1000) * 1e6) - since[1];
  return nanoseconds < 0 ? [seconds - 1, nanoseconds + 1e9] : [seconds, nanoseconds];
};
hrtime.bigint = () => BigInt(Math.floor((performance.timeOrigin + performance.now()) * 1e3)) * 1000n;

// Nothing happens to a cell's process that a script could listen to.
export const addListener = nothing, emit = () => false, listenerCount = () => 0, listeners = () => [], off = nothing,
  on = nothing, once = nothing, prependListener = nothing, removeAllListeners = nothing, removeListener = nothing;

const process = {
  addListener, arch, argv, argv0, browser, cwd, emit, emitWarning, env, execArgv, execPath, exit, exitCode, hrtime,
  listenerCount, listeners, memoryUsage, nextTick, off, on, once, pid, platform, ppid, prependListener, release,
  removeAllListeners, removeListener, title, uptime, version, versions,
};
export default process;
