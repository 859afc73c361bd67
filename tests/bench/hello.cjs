// What `warder run tests/bench/hello` is compared with: the same answer from Node.js, without any isolation.
const run = async () => ({ data: { hello: "world" } });
run().then((result) => console.log(JSON.stringify(result.data)));
