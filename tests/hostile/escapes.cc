#include "tests/hostile/escapes.h"

namespace warder::hostile {

namespace {

constexpr std::string_view kBreaksOnlyItself = "it is a crash of the sandbox's own code that is looked for";
constexpr std::string_view kTakesEverything = "Node would take what the machine has";

// Code made from text, by way of `expression`, which is a function that makes functions.
Escape Generate(std::string name, const std::string& expression) {
  return {std::move(name), "return (" + expression + ")(\"return 'generated'\")();"};
}

// Code made from text by the constructor of an error that the runtime has thrown.
Escape GenerateFromError(std::string name, const std::string& failing) {
  return {
      std::move(name),
      "let caught; try { await (" + failing +
          "); } catch (error) { caught = error; }\nreturn caught.constructor.constructor(\"return 'generated'\")();"};
}

EscapeGroup CodeFromText() {
  return {
      "code from text",
      {
          {"eval", "return eval(\"'generated'\");"},
          {"eval, indirectly", "return (0, eval)(\"'generated'\");"},
          Generate("Function", "Function"),
          {"new Function", "return new Function(\"return 'generated'\")();"},
          Generate("constructor.constructor", "({}).constructor.constructor"),
          Generate("the constructor of an arrow function", "(() => {}).constructor"),
          Generate("the constructor of a method of Array", "[]['flat']['constructor']"),
          Generate("the constructor by its descriptor",
                   "Object.getOwnPropertyDescriptor(Object.getPrototypeOf(() => {}), 'constructor').value"),
          Generate("Function behind a proxy", "new Proxy(Function, {})"),
          Generate("Function, bound", "Function.bind(null)"),
          Generate("Reflect.construct", "(text) => Reflect.construct(Function, [text])"),
          Generate("Reflect.apply", "(text) => Reflect.apply(Function, null, [text])"),
          {"a class that extends Function",
           "class Made extends Function {}\nreturn new Made(\"return 'generated'\")();"},
          {"an async function", "return await (async () => {}).constructor(\"return 'generated'\")();"},
          {"a generator", "return (function* () {}).constructor(\"yield 'generated'\")().next().value;"},
          {"an async generator",
           "return (await (async function* () {}).constructor(\"yield 'generated'\")().next()).value;"},
          {"a module of data", "return (await import(\"data:text/javascript,export default 'generated'\")).default;"},
          {"a module from a blob",
           "return (await import(URL.createObjectURL(new Blob([\"export default 'generated'\"])))).default;",
           Want::kNothing, "Node does not import blobs"},
          {"a timer of text",
           "setTimeout(\"globalThis.made = 'generated'\", 0);\n"
           "await new Promise((done) => setTimeout(done, 5)); return globalThis.made ?? '';",
           Want::kNothing, "Node takes no text"},
          {"WebAssembly", "new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0)); return 'compiled';"},
          {"a shadow realm", "return new ShadowRealm().evaluate(\"'generated'\");", Want::kNothing,
           "Node has none without a flag"},
          Generate("the constructor of console.log", "console.log.constructor"),
          Generate("the constructor of fetch", "fetch.constructor"),
          Generate("the constructor of a class of the runtime", "Headers.constructor"),
          Generate("the constructor of a getter of the runtime",
                   "Object.getOwnPropertyDescriptor(Response.prototype, 'ok').get.constructor"),
          Generate("the constructor of a promise of the runtime", "new Response('x').text().constructor.constructor"),
          Generate("the constructor of a buffer of the runtime",
                   "new TextEncoder().encode('x').buffer.constructor.constructor"),
          GenerateFromError("an error of URL", "new URL('nope')"),
          GenerateFromError("an error of fetch", "fetch('nope:')"),
          GenerateFromError("an error of atob", "atob('!')"),
          GenerateFromError("an error of structuredClone", "structuredClone(() => {})"),
          GenerateFromError("an error of a stream", "new ReadableStream({}, { highWaterMark: -1 })"),
          GenerateFromError("an error of import", "import('nowhere')"),
          GenerateFromError("an error at the end of the stack",
                            "(() => { const deeper = () => { deeper(new URL('https://a.test')); }; deeper(); })()"),
          {"an error caught by the species of a promise",
           "let caught; const failing = (async () => { (function deeper() { new Error().stack; deeper(); })(); })();\n"
           "failing.constructor = { [Symbol.species]: class { constructor(run) { run(() => {}, (error) => { caught = "
           "error; }); } } };\n"
           "failing.then(); await null; await null; await null;\n"
           "return caught.constructor.constructor(\"return 'generated'\")();"},
      }};
}

// Reports what a hook of the stack trace gets to see that is not the attempt's own.
const char* const kHook =
    "const seen = []; Error.prepareStackTrace = (error, frames) => { for (const frame of frames) {\n"
    "  seen.push(frame.getFunction(), frame.getThis()); } return frames; };\n";

EscapeGroup HostObjects() {
  return {
      "objects of the host",
      {
          {"process", "return process.version;"},
          {"process of globalThis", "return globalThis.process.version;"},
          // Node 18 has no getBuiltinModule.
          {"a module of process",
           "return (process.getBuiltinModule?.('fs') ?? await import('node:fs')).readFileSync('/etc/hostname', "
           "'utf8');"},
          {"a binding of process", "return typeof process.binding('fs').open;"},
          {"a library by dlopen", "return typeof process.dlopen;"},
          {"the environment", "return Object.keys(process.env).join();"},
          {"global", "return typeof global.setImmediate;"},
          {"Buffer", "return Buffer.from('x').toString('hex');"},
          {"memory that is not cleared", "return typeof Buffer.allocUnsafe;"},
          {"SharedArrayBuffer", "return typeof new SharedArrayBuffer(8);"},
          {"Atomics.wait", "return Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0, 1);"},
          {"WeakRef", "return typeof new WeakRef({}).deref();"},
          {"FinalizationRegistry", "return typeof new FinalizationRegistry(() => {});"},
          {"a worker", "return typeof new (await import('node:worker_threads')).Worker('', { eval: true });"},
          {"messages between workers", "const { port1 } = new MessageChannel(); port1.close(); return typeof port1;"},
          {"a channel by name", "const c = new BroadcastChannel('x'); c.close(); return typeof c;"},
          {"the path of its module", "return import.meta.url.startsWith('file:') ? import.meta.url : '';"},
          {"the path of another module",
           "const url = import.meta.resolve('./x.js'); return url.startsWith('file:') ? url : '';"},
          {"paths in its stack", "return /(file:\\/\\/|[( ])\\/?\\w*\\/[\\w/.]+/.exec(new Error().stack)?.[0] ?? '';"},
          {"the frames of its callers",
           std::string(kHook) + "new Error().stack; return seen.some((value) => value !== undefined) ? 'a frame' : '';",
           Want::kNothing, "strict code shows neither function nor receiver"},
          {"the frames of the runtime",
           std::string(kHook) + "try { new URL('nope'); } catch (error) { error.stack; }\n"
                                "await fetch('nope:').catch((error) => error.stack); structuredClone({ get a() { new "
                                "Error().stack; } });\n"
                                "return seen.some((value) => value !== undefined) ? 'a frame' : '';",
           Want::kNothing, "strict code shows neither function nor receiver"},
          {"a hook in what console shows",
           "let gained = ''; console.log({ [Symbol.for('nodejs.util.inspect.custom')](depth, options, inspect) {\n"
           "  gained = typeof inspect; return ''; } }); return gained;"},
          {"the caller of a function",
           "function callee() { return callee.caller; } return typeof callee() === 'function' ? 'a function' : '';",
           Want::kNothing, "strict code has no caller"},
          {"a clock that moves in a loop",
           "const start = performance.now(); for (let i = 0; i < 2e6; i++) { if (performance.now() !== start) return "
           "'it moves'; } return '';"},
          {"a date that moves in a loop",
           "const start = Date.now(); for (let i = 0; i < 3e6; i++) { if (Date.now() !== start) return 'it moves'; } "
           "return '';"},
          {"a new date that moves in a loop",
           "const start = +new Date(); for (let i = 0; i < 1e6; i++) { if (+new Date() !== start) return 'it moves'; } "
           "return '';"},
          {"the machine's memory", "return String(process.memoryUsage().rss);"},
          {"the machine's name", "return (await import('node:os')).hostname();"},
          {"random numbers that can be told apart from those of a replay",
           "return typeof (await import('node:crypto')).randomBytes(4);"},
      }};
}

Escape Import(std::string name, const std::string& specifier, std::string_view no_control = {}) {
  return {std::move(name),
          "const module = await import(\"" + specifier + "\"); return Object.keys(module).join() || 'a module';",
          Want::kNothing, no_control};
}

EscapeGroup Imports() {
  return {
      "imports of the host",
      {
          Import("node:fs", "node:fs"),
          Import("fs", "fs"),
          Import("node:child_process", "node:child_process"),
          Import("node:net", "node:net"),
          Import("node:vm", "node:vm"),
          Import("node:inspector", "node:inspector"),
          Import("a file by its path", "@HOST@"),
          Import("a file by URL", "file://@HOST@"),
          Import("a file by climbing", "./../../../../../../../../../../..@HOST@"),
          Import("a file by climbing, encoded", "./%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e@HOST@"),
          Import("a file by URL with a host", "file://localhost@HOST@"),
          Import("a file with a query", "@HOST@?again"),
          Import("a file with a fragment", "@HOST@#again"),
          Import("a file behind a NUL", "./index.js\\0@HOST@", "Node refuses the NUL"),
          Import("a module by http", "http://127.0.0.1:@PORT@/module.js", "Node imports nothing by http"),
          {"a file as JSON", "return typeof (await import(\"@HOST@.json\", { with: { type: 'json' } })).default;"},
          {"require", "const { createRequire } = await import('node:module'); return typeof createRequire('/')('fs');"},
      }};
}

// Patches what a guard in the same realm would use, then tries to reach a server that is not granted.
Escape Reach(std::string name, const std::string& patch,
             const std::string& call = "fetch('http://127.0.0.1:@PORT@/')") {
  return {std::move(name), patch + "\nreturn await (await " + call + ").text();"};
}

// The same where Node's fetch, which has no guard, does not survive the patch.
Escape ReachPatched(std::string name, const std::string& patch) {
  Escape escape = Reach(std::move(name), patch);
  escape.no_control = "Node's own fetch breaks by it";
  return escape;
}

EscapeGroup Network() {
  return {
      "calls beyond the grant",
      {
          Reach("fetch", ""),
          ReachPatched("lists that hold everything",
                       "for (const name of ['includes', 'some', 'every']) Array.prototype[name] = () => true;\n"
                       "Array.prototype.indexOf = () => 0;"),
          ReachPatched("sets and maps that hold everything",
                       "Set.prototype.has = () => true; Map.prototype.has = () => true;"),
          ReachPatched(
              "texts that are all alike",
              "for (const name of ['startsWith', 'endsWith', 'includes']) String.prototype[name] = () => true;"),
          ReachPatched("patterns that always match", "RegExp.prototype.test = () => true;"),
          ReachPatched(
              "an origin that lies",
              "for (const name of ['origin', 'host', 'hostname']) Object.defineProperty(URL.prototype, name, { get: "
              "() => "
              "'https://api.example.com' });"),
          ReachPatched("a method on every object", "Object.prototype.allowed = true; Object.prototype.private = true;"),
          Reach("a text that changes", "let reads = 0;",
                "fetch({ toString: () => (reads++ > 5 ? 'https://api.example.com/' : 'http://127.0.0.1:@PORT@/') })"),
          Reach("a request that lies", "class Lie extends Request { get url() { return 'https://api.example.com/'; } }",
                "fetch(new Lie('http://127.0.0.1:@PORT@/'))"),
          Reach("another Host header", "",
                "fetch('http://127.0.0.1:@PORT@/', { headers: { host: 'api.example.com' } })"),
          Reach("a decimal address", "", "fetch('http://2130706433:@PORT@/')"),
          Reach("a hexadecimal address", "", "fetch('http://0x7f000001:@PORT@/')"),
          Reach("a short address", "", "fetch('http://127.1:@PORT@/')"),
          Reach("an address of zeros", "", "fetch('http://0.0.0.0:@PORT@/')"),
          Reach("localhost", "", "fetch('http://localhost:@PORT@/')"),
          Reach(
              "a stream as body", "",
              "fetch('http://127.0.0.1:@PORT@/', { method: 'POST', duplex: 'half', body: new ReadableStream({ start(c) "
              "{ c.close(); } }) })"),
          {"node:http",
           "const http = await import('node:http'); return await new Promise((done, failed) =>\n"
           "  http.get('http://127.0.0.1:@PORT@/', (response) => response.on('data', (data) => "
           "done(String(data)))).on('error', failed));"},
      }};
}

// Uses most of what the runtime offers, each part by itself.
const char* const kUseEverything =
    "const parts = [() => console.log('x', { a: [1, new Map([[1, 2]])] }, new Error('y')), () => structuredClone({ a: "
    "[1, "
    "new Set([2])] }),\n"
    "  () => new URL('https://a.test/?b=1').searchParams.get('b'), () => new Headers({ a: 'b' }).get('a'),\n"
    "  () => new TextDecoder().decode(new TextEncoder().encode('x')), () => crypto.randomUUID(), () => btoa('x'),\n"
    "  () => fetch('https://nowhere.test/', { method: 'POST', body: 'x', headers: { a: 'b' } }), () => new "
    "Response('x').text(),\n"
    "  () => new Promise((done) => setTimeout(done, 1)), () => new Response(new ReadableStream({ start(c) { "
    "c.enqueue(new Uint8Array(1)); c.close(); } })).arrayBuffer(),\n"
    "  () => context.log.info('x', { a: 1 }), () => new EventTarget().dispatchEvent(new Event('x'))];\n";
const char* const kRunParts =
    "for (let i = 0; i < 13; i++) { try { const made = parts[i](); if (made instanceof Promise) await made; } catch {} "
    "}\n";

// Replaces every method of `prototype` by `how`, uses the runtime, and looks whether a native of the cell was caught.
Escape Patch(const std::string& prototype, std::string_view what, const std::string& how) {
  return {
      "every method of " + prototype + " " + std::string(what),
      std::string(kUseEverything) +
          "const own = Reflect.ownKeys, describe = Object.getOwnPropertyDescriptor, define = Object.defineProperty;\n"
          "const keys = own(" +
          prototype +
          ");\n"
          "for (let i = 0; i < keys.length; i++) { const found = describe(" +
          prototype +
          ", keys[i]);\n"
          "  if (!found.configurable || keys[i] === 'constructor' || typeof found.value !== 'function') continue;\n"
          "  define(" +
          prototype + ", keys[i], { ...found, value: " + how + " }); }\n" + kRunParts + "return '';",
      Want::kBounded, kBreaksOnlyItself};
}

EscapeGroup Pollution() {
  EscapeGroup group{"patched intrinsics", {}};
  for (const char* prototype :
       {"Array.prototype", "Object.prototype", "Promise.prototype", "Function.prototype", "String.prototype",
        "RegExp.prototype", "Map.prototype", "Set.prototype", "WeakMap.prototype", "Error.prototype",
        "Uint8Array.prototype.__proto__", "ArrayBuffer.prototype", "Array.prototype[Symbol.iterator]().__proto__",
        "Reflect", "JSON", "Object"}) {
    group.escapes.push_back(Patch(prototype, "throws", "() => { throw 1; }"));
    group.escapes.push_back(Patch(prototype, "returns nothing", "() => {}"));
  }
  const auto everywhere = [](const std::string& accessor) {
    return std::string(kUseEverything) +
           "const names = ['then', 'value', 'done', 'next', 'return', 'get', 'set', 'writable', 'enumerable', '0', "
           "'1', "
           "'length', 'toJSON', 'status', 'body', 'headers', 'method', 'url', 'cause', 'message', 'stack', 'name', "
           "'code', 'signal', 'size', 'highWaterMark', 'start', 'pull', 'type'];\n"
           "const seen = []; const own = Object.getOwnPropertyDescriptor, define = Object.defineProperty;\n"
           "for (let i = 0; i < names.length; i++) { try { define(Object.prototype, names[i], { __proto__: null, "
           "configurable: true, " +
           accessor + " }); } catch {} }\n" + kRunParts +
           "for (let i = 0; i < names.length; i++) delete Object.prototype[names[i]];\n"
           "for (const value of seen) if (typeof value === 'function' && String(own(value, "
           "'name')?.value).startsWith('host.')) return value.name;\nreturn '';";
  };
  group.escapes.push_back({"getters on every object", everywhere("get() { seen[seen.length] = this; }, set(v) {}"),
                           Want::kBounded, kBreaksOnlyItself});
  group.escapes.push_back({"setters on every object", everywhere("get() {}, set(v) { seen[seen.length] = v; }"),
                           Want::kBounded, kBreaksOnlyItself});
  group.escapes.push_back({"getters that throw on every object", everywhere("get() { throw 1; }, set(v) { throw 1; }"),
                           Want::kBounded, kBreaksOnlyItself});
  group.escapes.push_back(
      {"a species that hands on what it is given",
       std::string(kUseEverything) +
           "const seen = []; class Spy extends Promise { constructor(run) { super((a, b) => { seen.push(a, b); run(a, "
           "b); "
           "}); } }\n"
           "Object.defineProperty(Promise, Symbol.species, { get: () => Spy }); Promise.prototype.constructor = Spy;\n"
           "Object.defineProperty(Array, Symbol.species, { get: () => function () { return seen; } });\n" +
           kRunParts +
           "return seen.some((value) => typeof value === 'function' && String(value.name).startsWith('host.')) ? "
           "'a native' : '';",
       Want::kBounded, kBreaksOnlyItself});
  group.escapes.push_back({"globals replaced",
                           std::string(kUseEverything) +
                               "for (const name of Object.getOwnPropertyNames(globalThis)) { try { globalThis[name] = "
                               "undefined; } catch {} }\n" +
                               kRunParts + "return '';",
                           Want::kBounded, kBreaksOnlyItself});
  group.escapes.push_back(
      {"a proxy wherever an object is taken",
       "const seen = []; const spy = (target) => new Proxy(target, new Proxy({}, { get: (_, trap) => (...all) => {\n"
       "  seen.push(...all); return Reflect[trap](...all); } }));\n"
       "for (const use of [(o) => console.log(o), (o) => structuredClone(o), (o) => new Headers(o), (o) => "
       "fetch('https://a.test/', o),\n"
       "  (o) => new Request('https://a.test/', o), (o) => new ReadableStream(o), (o) => new URLSearchParams(o), (o) "
       "=> "
       "JSON.stringify(o)]) {\n"
       "  try { await use(spy({ a: 1 })); } catch {} }\n"
       "return seen.some((value) => typeof value === 'function' && value.name.startsWith('host.')) ? 'a native' : '';",
       Want::kBounded, kBreaksOnlyItself});
  return group;
}

EscapeGroup Bombs() {
  const auto bomb = [](std::string name, std::string body) {
    return Escape{std::move(name), std::move(body) + "\nreturn '';", Want::kBounded, kTakesEverything};
  };
  return {
      "memory and stack",
      {
          bomb("many small buffers", "const all = []; for (;;) all.push(new Uint8Array(64));"),
          bomb("buffers that may grow",
               "const all = []; for (;;) { const b = new ArrayBuffer(1, { maxByteLength: 2 ** 30 "
               "}); b.resize(2 ** 20); all.push(b); }"),
          bomb("buffers handed on", "let b = new ArrayBuffer(1 << 20); for (;;) b = b.transfer(b.byteLength * 2);"),
          bomb("deep JSON in", "JSON.parse('['.repeat(5e6));"),
          bomb("deep JSON out", "let deep = []; for (let i = 0; i < 1e6; i++) deep = [deep]; JSON.stringify(deep);"),
          bomb("a deep result", "let deep = []; for (let i = 0; i < 1e5; i++) deep = { deep }; return deep;"),
          bomb("a deep clone", "let deep = []; for (let i = 0; i < 1e6; i++) deep = [deep]; structuredClone(deep);"),
          bomb("a deep log", "let deep = []; for (let i = 0; i < 1e5; i++) deep = [deep]; console.log(deep);"),
          bomb("a deep chain of causes",
               "let e; for (let i = 0; i < 1e5; i++) e = new Error('x', { cause: e }); throw e;"),
          bomb("a deep chain of proxies", "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); p.x;"),
          bomb("a deep chain of bound functions",
               "let f = () => 1; for (let i = 0; i < 1e5; i++) f = f.bind(null); f();"),
          bomb("a deep chain of prototypes", "let p = {}; for (let i = 0; i < 2e5; i++) p = Object.create(p); p.x;"),
          bomb("recursion through sort", "const deeper = () => [2, 1].sort(deeper); deeper();"),
          bomb("recursion through toJSON", "const o = { toJSON() { return JSON.stringify(o); } }; JSON.stringify(o);"),
          bomb("recursion through a getter", "const o = { get a() { return this.a; } }; o.a;"),
          bomb("recursion through toString", "const o = { toString() { return `${o}`; } }; `${o}`;"),
          bomb("recursion through replace", "const deeper = () => 'x'.replace(/x/, deeper); deeper();"),
          bomb("a regular expression that is large", "new RegExp('(a|b)?'.repeat(1e6)).test('ab');"),
          bomb("a regular expression that is deep", "new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).test('');"),
          bomb("a regular expression that counts", "new RegExp('(?:a{1000}){1000}').test('a'.repeat(1e6));"),
          bomb("a long text", "'x'.repeat(2 ** 29 - 30).split('').sort();"),
          bomb("a padded text", "'x'.padEnd(2 ** 29 - 30, 'y').normalize('NFD').toUpperCase();"),
          bomb("a large array", "new Array(2 ** 32 - 1).fill(0);"),
          bomb("a large join", "new Array(2 ** 27).join('ab');"),
          bomb("a large number", "let n = 3n; for (;;) n *= n;"),
          bomb("a map without end", "const all = new Map(); for (let i = 0;; i++) all.set(i, i);"),
          bomb("symbols without end", "for (let i = 0;; i++) Symbol.for('name' + i);"),
          bomb("microtasks without end", "for (;;) Promise.resolve().then(() => {});"),
          bomb("promises that wait", "const all = []; for (;;) all.push(new Promise(() => {}).then(() => {}));"),
          bomb("timers without end", "for (;;) setTimeout(() => {}, 1e6);"),
          bomb("a stream that nobody reads",
               "new ReadableStream({ start(c) { for (;;) c.enqueue(new Uint8Array(1 << 16)); } });"),
          bomb("headers without end", "const h = new Headers(); for (let i = 0;; i++) h.append('a' + i, 'x');"),
          bomb("parameters without end",
               "const p = new URLSearchParams(); for (let i = 0;; i++) p.append('a' + i, 'x');"),
          bomb("a log without end", "for (;;) console.log('x'.repeat(1000));"),
          bomb("calls without end", "for (;;) fetch('https://nowhere.test/').catch(() => {});"),
          bomb("text that becomes bytes",
               "const all = []; for (;;) all.push(new TextEncoder().encode('x'.repeat(1 << 20)));"),
          bomb("a spread without end", "Math.max(...new Array(1e8).fill(1));"),
          bomb("listeners without end", "const t = new EventTarget(); for (;;) t.addEventListener('x', () => {});"),
      }};
}

}  // namespace

std::vector<EscapeGroup> AllEscapes() {
  return {CodeFromText(), HostObjects(), Imports(), Network(), Pollution(), Bombs()};
}

}  // namespace warder::hostile
