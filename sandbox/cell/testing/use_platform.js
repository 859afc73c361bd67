// One use of each part of the platform, for tests that have patched it. `own` is told of every object that is a
// script's anyway, and gives it back.
import { action, component } from "warder";

async function drain(own, stream) {
  const reader = own(stream.getReader());
  for (;;) {
    const result = own(await own(reader.read()));
    if (result.done) return;
    own(result.value);
  }
}

const noop = component({ key: "noop", label: "Noop", actions: { go: action({ label: "Go", perform: async () => ({ data: 1 }) }) } });

/** What reaches natives by other ways than the parts below do; the recorder does without. */
export const more = (own, context) => [
  async () => {
    const response = own(await own(context.connections.acme.fetch("/v1", own({ headers: own([own(["a", "b"])]) }))));
    own(await own(response.json()));
  },
  async () => { own(await own(context.step("noop", noop.actions.go, own({})))); },
  async () => { await drain(own, own(own(own(new Blob(own(["abc"]))).stream()).pipeThrough(own(new CompressionStream("gzip"))))); },
  async () => { await drain(own, own(own(own(new Blob(own(["abc"]))).stream()).pipeThrough(own(new TextDecoderStream())))); },
  async () => {
    const key = own(await own(crypto.subtle.generateKey(own({ name: "AES-GCM", length: 128 }), true, own(["encrypt"]))));
    own(await own(crypto.subtle.encrypt(own({ name: "AES-GCM", iv: own(new Uint8Array(12)) }), key, own(new Uint8Array(3)))));
    own(await own(crypto.subtle.exportKey("jwk", key)));
    own(await own(crypto.subtle.digest("SHA-256", own(new Uint8Array(3)))));
  },
  async () => {
    const form = own(new FormData());
    form.append("a", own(new Blob(own(["b"]))), "c");
    own(await own(fetch("https://a.test/", own({ method: "POST", body: form }))));
  },
  async () => { own(await own(fetch("https://a.test/", own({ method: "POST", body: own(new Blob(own(["b"]))) })))); },
  async () => {
    const body = own(new ReadableStream(own({ start(c) { own(c).enqueue(own(new Uint8Array(4))); c.close(); } })));
    own(await own(fetch("https://a.test/", own({ method: "POST", body, duplex: "half" }))));
  },
  async () => { own(new TextDecoder("shift_jis")).decode(own(new Uint8Array(4))); },
  async () => { own(new TextDecoder("utf-16le")).decode(own(new Uint8Array(4))); },
  async () => { own(new TextEncoder()).encodeInto("abc", own(new Uint8Array(4))); },
  async () => { own(await own(own(await own(fetch("data:;base64,YQ=="))).bytes())); },
  async () => { own(new URLSearchParams(own([own(["a", "b"])]))).toString(); },
  async () => { own(new URL("/b?c=d", "https://a.test/")).search = "?e=f"; },
  async () => { own(structuredClone(own({ b: own(new ArrayBuffer(2)) }), own({ transfer: own([]) }))); },
  async () => { own(crypto.getRandomValues(own(new Uint32Array(2)))); Math.random(); },
  async () => { own(context.log).info("a", own({ b: own([1]) })); },
  async () => {
    const { flow, instance } = own(context.state);
    own(await own(flow.update("n", own(() => own({ a: own([1]) })))));
    await own(instance.set("m", own([2])));
    await own(context.state.commit());
    own(await own(flow.get("n")));
  },
];

export const uses = (own) => [
  async () => {
    const first = own(await own(fetch("https://a.test/", own({ method: "POST", body: "x", headers: own({ a: "b" }) }))));
    own(first.headers).get("content-type");
    await own(first.text());
  },
  async () => {
    const second = own(await own(fetch("https://a.test/2")));
    await drain(own, own(second.body));
  },
  async () => {
    const target = own(new EventTarget());
    const listener = own(() => {});
    const controller = own(new AbortController());
    const signal = own(AbortSignal.any(own([own(controller.signal)])));
    target.addEventListener("a", listener, own({ signal, once: true }));
    target.dispatchEvent(own(new Event("a")));
    signal.onabort = own((event) => own(event));
    controller.abort();
  },
  async () => {
    const url = own(new URL("https://a.test/?b=c#d"));
    own(url.searchParams).append("e", "f");
    url.searchParams.sort();
  },
  async () => {
    own(structuredClone(own({ a: own([1]), m: own(new Map()), b: own(new Uint8Array(2)) })));
  },
  async () => {
    const url = own(new URL("https://a.test/"));
    const headers = own(new Headers());
    console.log("%s %o", "a", own({ b: own([1, 2]), e: own(new Error("c")), u: url, h: headers, m: own(new Map()) }));
    console.table(own([own({ a: 1 })]));
    console.error(own(new DOMException("a", "b")), own(Promise.resolve(own({}))));
    console.group("a");
    console.count();
    console.groupEnd();
  },
  async () => {
    own(new TextDecoder()).decode(own(own(new TextEncoder()).encode("ä")));
    atob(btoa("a"));
    crypto.getRandomValues(own(new Uint8Array(4)));
    crypto.randomUUID();
  },
  async () => {
    own(new Headers(own({ a: "b" }))).set("c", "d");
    await own(own(new Response("a", own({ headers: own({ b: "c" }) }))).clone()).json().catch(own(() => {}));
  },
  async () => {
    await own(own(new Request("https://a.test/", own({ method: "PUT", body: own(new URLSearchParams("a=b")) }))).text());
  },
  async () => {
    const form = own(new FormData());
    form.append("a", own(new Blob(own(["b"]))), "c");
    await own(own(new Response(form)).text());
  },
  async () => {
    await own(own(await own(own(new Response("a=b", own({ headers: own({ "content-type": "application/x-www-form-urlencoded" }) })))
      .formData())).get("a"));
  },
  async () => {
    own(await own(own(structuredClone(own(new File(own(["a"]), "b"))))).arrayBuffer());
    own(performance.toJSON());
  },
  async () => {
    queueMicrotask(own(() => {}));
    const timers = own(new Promise(own((resolve) => setTimeout(own(resolve), 1))));
    clearInterval(setInterval(own(() => {}), 1));
    await timers;
  },
  async () => {
    addEventListener("error", own((event) => { own(event).preventDefault(); }));
    reportError(own(new Error("told")));
  },
];
