// That what a script finds works as the standards say, in samples. What it can reach is walk_test.cc's.
#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

using SurfaceTest = CellTest;

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

TEST_F(SurfaceTest, LateModulesComeWhateverAScriptHasDone) {
  EXPECT_EQ(Output("const seen = []; const { defineProperty, hasOwn } = Object;\n"
                   "Object.prototype.polluted = 1;\n"
                   "Object.defineProperty = (o, k, d) => { seen.push(k); return defineProperty(o, k, d); };\n"
                   "Object.hasOwn = (o, k) => { seen.push(k); return hasOwn(o, k); };\n"
                   "const { size } = new Blob(['abc']);\n"
                   "return { data: [size, new FormData() instanceof FormData, seen] };"),
            "[3,true,[]]");
}

// Streams are the reference implementation's, whose descriptors do not hold up against this.
TEST_F(SurfaceTest, LateModulesComeWhereEveryObjectLooksLikeADescriptor) {
  EXPECT_EQ(
      Output(
          "const seen = [];\n"
          "for (const key of ['get', 'set', 'value', 'writable', 'enumerable', 'configurable']) {\n"
          "  Object.defineProperty(Object.prototype, key, { __proto__: null, get() { seen.push(key); } });\n"
          "}\n"
          "for (const name of ['AbortController', 'AbortSignal', 'Blob', 'Crypto', 'CryptoKey', 'CustomEvent',\n"
          "    'DOMException', 'ErrorEvent', 'Event', 'File', 'FormData', 'Headers', 'Performance',\n"
          "    'PromiseRejectionEvent', 'QuotaExceededError', 'Request', 'Response', 'SubtleCrypto', 'TextDecoder',\n"
          "    'TextEncoder', 'URL', 'URLSearchParams', 'atob', 'clearTimeout', 'fetch', 'queueMicrotask',\n"
          "    'structuredClone']) if (typeof globalThis[name] !== 'function') seen.push(name);\n"
          "for (const name of ['console', 'crypto', 'performance']) if (typeof globalThis[name] !== 'object') "
          "seen.push(name);\n"
          "return { data: seen };"),
      "[]");
}

TEST_F(SurfaceTest, LateGlobalsAreAScriptsToReplaceAndRemove) {
  EXPECT_EQ(
      Output(
          "globalThis.fetch = () => 5;\n"
          "delete globalThis.atob;\n"
          "Object.defineProperty(globalThis, 'btoa', { value: 1 });\n"
          "Object.defineProperty(globalThis, 'Headers', { writable: false });\n"
          "Object.freeze(globalThis);\n"
          "return { data: [fetch(), typeof atob, btoa, Object.getOwnPropertyDescriptor(globalThis, 'btoa').writable,\n"
          "  new Headers({ a: 'b' }).get('a'), new URL('https://a.test').href] };"),
      R"([5,"undefined",1,false,"b","https://a.test/"])");
}

// A module whose making failed is made again.
TEST_F(SurfaceTest, LateModulesComeAfterTheStackWasTooShortForThem) {
  EXPECT_EQ(Output("const failed = [];\n"
                   "const fall = () => { try { fall(); } catch { new Request('https://a.test').signal; } };\n"
                   "try { fall(); } catch (error) { failed.push(error.name); }\n"
                   "const { signal } = new Request('https://a.test');\n"
                   "return { data: [failed, signal instanceof AbortSignal, signal.aborted] };"),
            R"([[],true,false])");
}

}  // namespace
}  // namespace warder::cell
