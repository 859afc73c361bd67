// A flow that tags orders, and a fixture of it: two calls, half a minute of waiting, randomness, a line in the log.
import { flowSource } from "./support.mjs";

export const order = flowSource(`
  const started = Date.now();
  const response = await fetch("https://api.test/orders/" + event.id, { headers: { "x-request": crypto.randomUUID() } });
  if (!response.ok) throw new TypeError("no order: " + response.status);
  const { total } = await response.json();
  await new Promise((done) => setTimeout(done, 30_000));
  await fetch("https://api.test/tags", { method: "POST", body: JSON.stringify({ id: event.id, total, extra: [1] }) });
  context.log.info("tagged", { total });
  return { data: { total, took: Date.now() - started, at: new Date(started).toISOString() } };`);

export const get = { request: { url: "https://api.test/orders/{id}", headers: { "x-request": "{uuid}", cookie: null } }, reply: { body: { total: 1500 }, delay: "250ms" } };
export const post = { request: { method: "POST", url: "https://api.test/tags", bodyContains: { id: "42", total: 1500 } }, reply: { status: 204 } };
export const good = {
  name: "good", event: { id: "42" }, calls: [get, post],
  expect: { output: { total: 1500, took: 30250, at: "2026-01-01T00:00:00.000Z" }, logs: [{ level: "info", message: "tagged", fields: { total: 1500 } }] },
};
