// META: title=data: URLs
// Debian's package carries the data of these tests and not the tests.

function testUrl([input, type, body]) {
  promise_test(async (t) => {
    if (type === null) return promise_rejects_js(t, TypeError, fetch(input));
    const response = await fetch(input);
    assert_equals(response.headers.get("content-type"), type);
    assert_array_equals([...new Uint8Array(await response.arrayBuffer())], body);
  }, JSON.stringify(input));
}

function testBase64([input, body]) {
  promise_test(async (t) => {
    const fetched = fetch(`data:;base64,${input}`);
    if (body === null) return promise_rejects_js(t, TypeError, fetched);
    assert_array_equals([...new Uint8Array(await (await fetched).arrayBuffer())], body);
  }, `base64: ${JSON.stringify(input)}`);
}

promise_test(async () => {
  for (const each of await (await fetch("resources/data-urls.json")).json()) if (Array.isArray(each)) testUrl(each);
}, "data-urls.json can be read");
promise_test(async () => {
  for (const each of await (await fetch("resources/base64.json")).json()) testBase64(each);
}, "base64.json can be read");
