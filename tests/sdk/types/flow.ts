// Checked by `tsc --strict`, never run: what a flow in TypeScript may write, and what it may not.
import { flow, integration, type Context } from "warder";

interface Order { id: string; total: number; }
interface Config { api: string; threshold?: number; }

const load = flow<{ orderId: string }, Config>({
  name: "Load", key: "load",
  run: async (context: Context<Config>, event) => {
    const { acme } = context.connections;
    const response: Response = await (acme ?? fail()).fetch(`/v1/orders/${encodeURIComponent(event.orderId)}`, {
      method: "POST", body: new URLSearchParams({ a: "1" }), headers: { accept: "application/json" }, signal: AbortSignal.timeout(1_000),
    });
    const order: Order = await response.json();
    context.log.info("loaded", { id: order.id });
    const digest: ArrayBuffer = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(order.id));
    const key: CryptoKey = await crypto.subtle.importKey("raw", digest, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, digest));
    const form = new FormData();
    form.append("file", new File([signature, "x"], "a.bin", { type: "application/octet-stream" }), "b.bin");
    for (const [name, value] of form) console.log(name, typeof value === "string" ? value : value.name);
    const text = new Blob(["a"]).stream().pipeThrough(new CompressionStream("gzip")).pipeThrough(new DecompressionStream("gzip"));
    for await (const chunk of text.pipeThrough(new TextDecoderStream())) console.log(chunk.toUpperCase());
    const timer: number = setTimeout((a: string) => reportError(a), 5, "x");
    clearTimeout(timer);
    self.addEventListener("unhandledrejection", (rejection) => console.warn(rejection.reason));
    new EventTarget().dispatchEvent(new CustomEvent("x", { detail: structuredClone(order) }));
    if (!URL.canParse(context.config.api)) throw new DOMException("no URL", "SyntaxError");
    return { data: { total: order.total, now: performance.now(), agent: navigator.userAgent } };
  },
});

function fail(): never { throw new Error("no connection"); }

export default integration({ name: "Types", version: "1.0.0", flows: [load] });

// What a cell does not have.
// @ts-expect-error
document;
// @ts-expect-error
window;
// @ts-expect-error
process;
// @ts-expect-error
Buffer;
// @ts-expect-error
require("node:fs");
// @ts-expect-error
new XMLHttpRequest();
// @ts-expect-error
WebAssembly;
// @ts-expect-error
setTimeout("text", 1);
// @ts-expect-error
flow({ name: "No run", key: "no-run" });
// @ts-expect-error
flow({ name: "Bad result", key: "bad", run: () => 7 });
// @ts-expect-error
integration({ name: "No flows", version: "1.0.0" });
