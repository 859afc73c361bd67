// What another processor could calculate otherwise: floating point, dates, texts, digests and ciphers, compression. Each
// is logged as a digest, so that a replay names the one that differs.
import { flow, integration } from "warder";

const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
const digest = async (bytes) => hex(await crypto.subtle.digest("SHA-256", bytes));
const utf8 = new TextEncoder();

// Numbers of all sizes, the same for the same seed.
function* numbers(seed, count) {
  let state = (seed * 2_654_435_761 + 1) >>> 0;
  for (let i = 0; i < count; ++i) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield (state / 2 ** 32 - 0.5) * 10 ** (i % 13 - 4);
  }
}

async function squeeze(bytes, format) {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

const calculations = {
  "functions of Math": (values) => {
    const names = Object.getOwnPropertyNames(Math).filter((name) => typeof Math[name] === "function" && name !== "random");
    return utf8.encode(JSON.stringify(values.flatMap((x) => names.map((name) => `${Math[name](x, x / 3)}`))));
  },
  "powers and remainders": (values) => utf8.encode(values.map((x) => `${Math.abs(x) ** (x / 7)} ${x % 0.7} ${x * x + 0.1}`).join()),
  "single and half precision": (values) => new Uint8Array(Float32Array.from(values.flatMap((x) => [x, 1 / x, Math.fround(x) * x])).buffer),
  "numbers as texts": (values) => utf8.encode(values.map((x) => [x, x.toFixed(9), x.toPrecision(17), x.toString(7), x.toLocaleString("de")].join()).join()),
  "sorted": (values) => utf8.encode([...values].sort((a, b) => Math.sin(a) - Math.sin(b)).join()),
  "dates": (values) => {
    const forms = ["en-u-ca-chinese", "ne-u-ca-indian", "ar-u-ca-islamic-umalqura"].map((locale) => new Intl.DateTimeFormat(locale, { dateStyle: "full", timeZone: "Asia/Kathmandu" }));
    return utf8.encode(values.map((x) => new Date(Math.abs(x) * 1e12 % 4e12)).flatMap((date) => [date.toString(), ...forms.map((form) => form.format(date))]).join());
  },
  "texts": (values) => {
    const text = values.map((x) => `${x} änne \u{1f525} ${String.fromCodePoint(0x4e00 + Math.floor(Math.abs(x) % 2_000))}`).join();
    const bytes = utf8.encode(text);
    bytes[bytes.length >> 1] = 0xff;
    return utf8.encode([text.normalize("NFD"), new TextDecoder().decode(bytes), new TextDecoder("utf-16le").decode(bytes), btoa(String.fromCharCode(...bytes.subarray(0, 5_000))), encodeURIComponent(text), ...text.split(",").sort(new Intl.Collator("sv").compare)].join());
  },
  "compressed": async (values) => {
    const bytes = utf8.encode(values.join(" and ").repeat(20));
    const parts = await Promise.all(["gzip", "deflate", "deflate-raw"].map((format) => squeeze(bytes, format)));
    return new Uint8Array(parts.flatMap((part) => [...part]));
  },
  "digests": async (values) => {
    const bytes = utf8.encode(values.join());
    const all = await Promise.all(["SHA-1", "SHA-256", "SHA-384", "SHA-512"].map((name) => crypto.subtle.digest(name, bytes)));
    return utf8.encode(all.map(hex).join());
  },
  "ciphers": async (values) => {
    const bytes = utf8.encode(values.join());
    const raw = new Uint8Array(32).map((_, i) => i);
    const parts = [];
    for (const [name, more] of [["AES-GCM", { iv: raw.subarray(0, 12) }], ["AES-CBC", { iv: raw.subarray(0, 16) }], ["AES-CTR", { counter: raw.subarray(0, 16), length: 64 }]]) {
      const key = await crypto.subtle.importKey("raw", raw, name, false, ["encrypt"]);
      parts.push(hex(await crypto.subtle.encrypt({ name, ...more }, key, bytes)));
    }
    const mac = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-512" }, false, ["sign"]);
    parts.push(hex(await crypto.subtle.sign("HMAC", mac, bytes)));
    return utf8.encode(parts.join());
  },
  // Keys and nonces come from the execution's seed.
  "keys and signatures": async (values) => {
    const bytes = utf8.encode(values.join());
    const parts = [];
    for (const [name, more, signing] of [["ECDSA", { namedCurve: "P-256" }, { hash: "SHA-256" }], ["Ed25519", {}, {}]]) {
      const { privateKey, publicKey } = await crypto.subtle.generateKey({ name, ...more }, true, ["sign", "verify"]);
      const signature = await crypto.subtle.sign({ name, ...signing }, privateKey, bytes);
      parts.push(hex(await crypto.subtle.exportKey("spki", publicKey)), hex(signature));
    }
    return utf8.encode(parts.join());
  },
};

export default integration({
  name: "Calculates",
  version: "1.0.0",
  flows: [
    flow({
      name: "Calculates",
      key: "calculates",
      run: async (context, { seed }) => {
        const values = [...numbers(seed, 300)];
        const results = {};
        for (const [name, calculate] of Object.entries(calculations)) {
          results[name] = await digest(await calculate(values));
          context.log.info(name, { digest: results[name] });
        }
        return { data: results };
      },
    }),
  ],
});
