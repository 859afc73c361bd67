// What a script can reach, exactly; and that what it finds works as the standards say, in samples.
#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

using SurfaceTest = CellTest;

// ECMAScript's own globals, as this V8 has them, less what does not exist in a cell.
constexpr const char* kLanguage =
    "AggregateError Array ArrayBuffer AsyncDisposableStack Atomics BigInt BigInt64Array BigUint64Array Boolean "
    "DataView Date "
    "DisposableStack Error EvalError Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array "
    "Int8Array "
    "Intl Iterator JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String "
    "SuppressedError Symbol SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray "
    "WeakMap WeakSet "
    "decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval globalThis isFinite isNaN parseFloat "
    "parseInt "
    "undefined unescape";
constexpr const char* kPlatform =
    "Blob CompressionStream DecompressionStream File FormData "
    "AbortController AbortSignal ByteLengthQueuingStrategy CountQueuingStrategy Crypto CryptoKey CustomEvent "
    "DOMException ErrorEvent "
    "Event "
    "EventTarget "
    "Headers PromiseRejectionEvent QuotaExceededError ReadableByteStreamController ReadableStream "
    "ReadableStreamBYOBReader "
    "ReadableStreamBYOBRequest "
    "ReadableStreamDefaultController ReadableStreamDefaultReader Request Response SubtleCrypto TextDecoder "
    "TextDecoderStream "
    "TextEncoder TextEncoderStream "
    "TransformStream "
    "TransformStreamDefaultController URL URLSearchParams WritableStream WritableStreamDefaultController "
    "WritableStreamDefaultWriter atob btoa clearInterval clearTimeout console crypto fetch navigator "
    "onerror onrejectionhandled onunhandledrejection Performance performance "
    "queueMicrotask reportError self setInterval setTimeout structuredClone";

TEST_F(SurfaceTest, HasExactlyTheseGlobals) {
  const auto end = RunFlow(std::string("const expected = `") + kLanguage + " " + kPlatform +
                           "`.split(' ');\nconst found = Object.getOwnPropertyNames(globalThis);\n"
                           "return { data: { missing: expected.filter((n) => !found.includes(n)),\n"
                           "  unexpected: found.filter((n) => !expected.includes(n)),\n"
                           "  symbols: Object.getOwnPropertySymbols(globalThis).map(String) } };");
  EXPECT_EQ(cell.output, R"json({"missing":[],"unexpected":[],"symbols":[]})json") << Describe(end);
}

TEST_F(SurfaceTest, NoNativeOfTheCellCanBeReached) {
  EXPECT_EQ(
      Output(
          "const seen = new Set(); const todo = [globalThis, context, import.meta, await import('warder'),\n"
          "  new Request('https://a.test/'), new Response('x'), new URL('https://a.test/'), new "
          "URLSearchParams('a=1'),\n"
          "  new AbortController(), new Event('x'), new TextDecoder(), new ReadableStream(), new TransformStream(),\n"
          "  (async function* () {})(), new Map().entries(), 'a'.matchAll(/a/g), new Headers({ a: 'b' }).entries(), "
          "run];\n"
          "function run() {}\n"
          "const bad = []; let functions = 0;\n"
          "while (todo.length > 0) {\n"
          "  const value = todo.pop();\n"
          "  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) "
          "continue;\n"
          "  seen.add(value);\n"
          "  if (typeof value === 'function') { ++functions; if (`${Object.getOwnPropertyDescriptor(value, "
          "'name')?.value}`\n"
          "    .startsWith('host.')) bad.push(value.name); }\n"
          "  todo.push(Object.getPrototypeOf(value));\n"
          "  for (const key of Reflect.ownKeys(value)) {\n"
          "    const { get, set, value: held } = Object.getOwnPropertyDescriptor(value, key);\n"
          "    todo.push(get, set, held);\n"
          "    if (get) try { const got = value[key]; todo.push(got); if (got instanceof Promise) got.catch(() => {}); "
          "} catch {}\n"
          "  } }\n"
          "return { data: [bad, functions > 800] };"),
      "[[],true]");
}

TEST_F(SurfaceTest, PatchedPrototypesReachNothing) {
  StartFlow(
      "const seen = []; const names = [];\n"
      "for (const proto of [Array.prototype, Map.prototype, Promise.prototype, Function.prototype, String.prototype, "
      "RegExp.prototype]) {\n"
      "  for (const key of Object.getOwnPropertyNames(proto)) {\n"
      "    const { value } = Object.getOwnPropertyDescriptor(proto, key);\n"
      "    if (typeof value !== 'function' || key === 'constructor') continue;\n"
      "    proto[key] = function (...args) { for (const a of [this, ...Array.from(args)]) if (typeof a === 'function') "
      "seen[seen.length] = a;\n"
      "      return Reflect.apply(value, this, args); };\n"
      "  } }\n"
      "Object.defineProperty(Object.prototype, 'cause', { get() { return undefined; }, configurable: true });\n"
      "const r = await fetch('https://a.test/'); const text = await r.text(); console.log({ text });\n"
      "for (const f of seen) { const n = Object.getOwnPropertyDescriptor(f, 'name'); if (n && ('' + "
      "n.value).startsWith('host.')) names[names.length] = n.value; }\n"
      "return { data: { text, names } };");
  Expect(proto::FromCell::kHttpRequest);
  cell.RespondHead(1, 200, true);
  cell.RespondBody(1, "hello", true);
  const auto end = cell.RunToEnd();
  ASSERT_TRUE(end);
  EXPECT_EQ(cell.output, R"({"text":"hello","names":[]})") << Describe(*end);
}

TEST_F(SurfaceTest, HalfASurrogatePairBecomesJsonThatCanBeRead) {
  const auto end = RunFlow(
      "context.log.info('x', { a: '\\ud83d', ['\\udc00']: '\\\\ud800', whole: '\\u{1F600}' });\n"
      "return { data: ['a\\ud83d', { '\\udfff': '\\\\\\udfff\\n' }] };");
  EXPECT_EQ(cell.output, "[\"a\uFFFD\",{\"\uFFFD\":\"\\\\\uFFFD\\n\"}]") << Describe(end);
  ASSERT_EQ(cell.logs.size(), 1U);
  EXPECT_EQ(cell.logs[0].fields_json(), "{\"a\":\"\uFFFD\",\"\uFFFD\":\"\\\\ud800\",\"whole\":\"\U0001F600\"}");
}

TEST_F(SurfaceTest, Urls) {
  EXPECT_EQ(
      Output(
          "const u = new URL('../b?x=1&y=%20#h', 'https://u:p@Ex.test:8080/a/c/');\n"
          "u.searchParams.append('z', 'a b&'); u.port = '443'; u.hash = '';\n"
          "return { data: [u.href, u.origin, u.host, u.hostname, u.port, u.username, u.password, u.pathname, "
          "u.search,\n"
          "  u.searchParams.get('z'), URL.canParse('nope'), new URL('https://x.test').pathname,\n"
          "  [...new URLSearchParams({ b: '2', a: 'ü' })].join(), `${new URLSearchParams('?a=1&a=2')}`, URL.name] };"),
      R"(["https://u:p@ex.test/a/b?x=1&y=+&z=a+b%26","https://ex.test","ex.test","ex.test","","u","p","/a/b",)"
      R"("?x=1&y=+&z=a+b%26","a b&",false,"/","b,2,a,ü","a=1&a=2","URL"])");
}

TEST_F(SurfaceTest, Encodings) {
  EXPECT_EQ(
      Output("const d = new TextDecoder(); const euro = new TextEncoder().encode('€𝄞');\n"
             "const parts = [...euro].map((b) => d.decode(Uint8Array.of(b), { stream: true })).join('') + d.decode();\n"
             "let fatal; try { new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.of(0xff)); } catch (e) { "
             "fatal = e.name; }\n"
             "let bad; try { atob('a'); } catch (e) { bad = [e.name, e.code]; }\n"
             "return { data: [parts, fatal, bad, btoa('\\xff\\0'), atob(' /w A='), new "
             "TextDecoder().decode(Uint8Array.of(0xe2, 0x82)),\n"
             "  new TextDecoder('utf-16le').decode(Uint8Array.of(0x61, 0, 0x3d, 0xd8)), new "
             "TextEncoder().encodeInto('aé€', new Uint8Array(4)),\n"
             "  new TextDecoder('latin1').decode(Uint8Array.of(0xe9)), new TextDecoder().decode(Uint8Array.of(0xef, "
             "0xbb, 0xbf, 0x61))] };"),
      R"(["€𝄞","TypeError",["InvalidCharacterError",5],"/wA=","ÿ\u0000","�","a�",{"read":2,"written":3},"é","a"])");
}

TEST_F(SurfaceTest, EventsAndAborts) {
  EXPECT_EQ(Output("const t = new EventTarget(); const said = [];\n"
                   "t.addEventListener('x', { handleEvent(e) { said.push(e.type, e.detail, e.target === t); } }, { "
                   "once: true });\n"
                   "t.addEventListener('x', (e) => { e.preventDefault(); e.stopImmediatePropagation(); });\n"
                   "t.addEventListener('x', () => said.push('never'));\n"
                   "said.push(t.dispatchEvent(new CustomEvent('x', { detail: 7, cancelable: true })), "
                   "t.dispatchEvent(new Event('x')));\n"
                   "const a = new AbortController(); const b = new AbortController(); const any = "
                   "AbortSignal.any([a.signal, b.signal]);\n"
                   "any.onabort = () => said.push('any'); b.abort('why'); said.push(any.aborted, any.reason, "
                   "AbortSignal.abort().reason.name);\n"
                   "return { data: said };"),
            R"(["x",7,true,false,true,"any",true,"why","AbortError"])");
}

TEST_F(SurfaceTest, StreamsAndClones) {
  EXPECT_EQ(
      Output("const up = new TransformStream({ transform: (c, k) => k.enqueue(c.toUpperCase()) });\n"
             "const source = new ReadableStream({ start(c) { c.enqueue('a'); c.enqueue('b'); c.close(); } });\n"
             "const got = []; for await (const c of source.pipeThrough(up)) got.push(c);\n"
             "const o = { d: new Date(5), m: new Map([[1, { s: new Set([2]) }]]), b: new Uint8Array([1, 2]) }; o.self "
             "= o;\n"
             "const c = structuredClone(o); let bad; try { structuredClone(() => {}); } catch (e) { bad = e.name; }\n"
             "return { data: [got, c !== o && c.self === c, c.d.getTime(), [...c.m.get(1).s], c.b.length, bad] };"),
      R"([["A","B"],true,5,[2],2,"DataCloneError"])");
}

TEST_F(SurfaceTest, HeadersRequestsResponses) {
  EXPECT_EQ(
      Output("const h = new Headers([['B', ' 2 '], ['a', '1'], ['b', '3']]); h.append('Set-Cookie', 'x'); "
             "h.append('set-cookie', 'y');\n"
             "const r = new Request('https://a.test/', { method: 'post', body: new URLSearchParams('q=1'), headers: { "
             "x: 'y' } });\n"
             "const copy = r.clone();\n"
             "return { data: [[...h].join('|'), h.getSetCookie(), r.method, r.headers.get('content-type'), await "
             "r.text(), await copy.text(),\n"
             "  r.bodyUsed, await Response.json({ a: 1 }).json(), new Response(null, { status: 204 }).status,\n"
             "  Response.error().type, (await new Response(new Uint8Array([1, 2])).bytes()).length] };"),
      R"(["a,1|b,2, 3|set-cookie,x|set-cookie,y",["x","y"],"POST","application/x-www-form-urlencoded;charset=UTF-8","q=1","q=1",)"
      R"(true,{"a":1},204,"error",2])");
}

TEST_F(SurfaceTest, TheContextIsWhatStartSaid) {
  cell.AddInput(proto::Input::CONFIG, "", R"({"threshold": 5})");
  cell.AddInput(proto::Input::EVENT, "", R"({"order":)");
  cell.AddInput(proto::Input::EVENT, "", R"( 7})");
  EXPECT_EQ(
      Output(
          "return { data: [context.executionId, context.tenant, context.config, event, Object.isFrozen(context)] };"),
      R"(["x-1","acme",{"threshold":5},{"order":7},true])");
}

}  // namespace
}  // namespace warder::cell
