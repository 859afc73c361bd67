// One execution in a process of its own, for node and deno: what it is given, then its result as JSON.
// usage: once.mjs [URL]
const run = async (url) => {
  if (url === undefined) return { data: { hello: "world" } };
  const response = await fetch(url);
  return { data: (await response.text()).length };
};
const url = globalThis.Deno === undefined ? process.argv[2] : Deno.args[0];
console.log(JSON.stringify((await run(url)).data));
