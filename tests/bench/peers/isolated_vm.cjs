// Executions in new isolates of one process, without a jail: each line on standard input asks for one, "-" or the URL that it is to
// call; each answer is {"ns", "cpuUs", "output"}.
const ivm = require("isolated-vm");

const source = `
  const run = async (url) => {
    if (url === "-") return { data: { hello: "world" } };
    const text = await host.apply(undefined, [url], { result: { promise: true, copy: true } });
    return { data: text.length };
  };
  run(url).then((result) => JSON.stringify(result.data));`;

async function once(url) {
  const isolate = new ivm.Isolate({ memoryLimit: 64 });
  const context = await isolate.createContext();
  await context.global.set("url", url);
  await context.global.set("host", new ivm.Reference(async (to) => (await fetch(to)).text()));
  const script = await isolate.compileScript(source);
  const output = await script.run(context, { promise: true });
  isolate.dispose();
  return output;
}

(async () => {
  for await (const line of require("node:readline").createInterface({ input: process.stdin })) {
    const cpu = process.cpuUsage();
    const begun = process.hrtime.bigint();
    const output = await once(line);
    const ns = Number(process.hrtime.bigint() - begun);
    const { user, system } = process.cpuUsage(cpu);
    console.log(JSON.stringify({ ns, cpuUs: user + system, output }));
  }
})();
