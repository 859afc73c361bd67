// Whatever can differ between two runs of one flow: randomness, time, answers and their order, bodies both ways, what is
// cancelled, errors. The order of what it says is what tests/replay/changes.mjs speaks of.
import { flow, integration } from "warder";

const wait = (ms) => new Promise((done) => setTimeout(done, ms));

export default integration({
  name: "Everything",
  version: "1.0.0",
  flows: [
    flow({
      name: "Everything",
      key: "everything",
      run: async (context, { origin, size, fails }) => {
        context.log.info("random", { numbers: [Math.random(), crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(4))]] });
        const began = Date.now();
        await wait(2);
        context.log.info("waited", { ms: Date.now() - began, at: new Date().toISOString() });

        const order = [];
        const answers = await Promise.all(
          ["a", "b", "c"].map(async (name) => {
            const response = await fetch(`${origin}/${name}?size=${size}`);
            order.push(name);
            const text = await response.text();
            return `${response.status}-${text.slice(0, 4)}-${text.length}`;
          }),
        );
        context.log.info("order", { order });

        const sent = new ReadableStream({
          start(controller) {
            for (let i = 0; i < 5; i += 1) controller.enqueue(new TextEncoder().encode(`${i}`.repeat(size)));
            controller.close();
          },
        });
        const echoed = await fetch(`${origin}/echo?after=${answers[0]}`, { method: "POST", body: sent, duplex: "half" });
        const bytes = new Uint8Array(await echoed.arrayBuffer());

        const cut = new AbortController();
        const slow = fetch(`${origin}/slow`, { signal: cut.signal }).catch((error) => error.name);
        await wait(3);
        cut.abort();
        const refused = await fetch("https://elsewhere.test/").catch((error) => error.message);
        const digest = await crypto.subtle.digest("SHA-256", bytes);
        await context.step("count", async () => ({ bytes: bytes.length }));
        if (fails) throw new RangeError(`failed after ${Date.now() - began >= 2 ? "a while" : "no time"}`, { cause: new Error(await slow) });
        return { data: { order, answers, slow: await slow, refused, digest: [...new Uint8Array(digest)], took: Date.now() - began } };
      },
    }),
  ],
});
