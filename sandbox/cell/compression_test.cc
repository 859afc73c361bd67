// CompressionStream and DecompressionStream.
#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

class CompressionTest : public CellTest {
 protected:
  // Runs a flow with some helpers at hand.
  std::string OutputWith(const std::string& body) { return Output(kHelpers + body); }

  static constexpr const char* kHelpers = R"js(
    const through = (bytes, stream) => new Response(new Response(bytes).body.pipeThrough(stream)).bytes();
    const hex = (text) => new Uint8Array(text.match(/../g).map((digits) => parseInt(digits, 16)));
    const failure = async (promise) => { try { await promise; return 'nothing'; } catch (e) { return `${e.name}: ${e.message}`; } };
)js";
};

TEST_F(CompressionTest, WhatGoesInComesOut) {
  EXPECT_EQ(OutputWith(R"js(
    const text = new TextEncoder().encode(Array.from({ length: 10000 }, (_, i) => `line ${i * i}`).join('\n')); const sizes = [];
    for (const format of ['gzip', 'deflate', 'deflate-raw']) {
      const packed = await through(text, new CompressionStream(format));
      const unpacked = await through(packed, new DecompressionStream(format));
      if (unpacked.length !== text.length || unpacked.some((byte, i) => byte !== text[i])) throw new Error(format);
      sizes.push(packed.length < text.length / 2, (await through(await through([], new CompressionStream(format)), new DecompressionStream(format))).length);
    }
    return { data: sizes };)js"),
            "[true,0,true,0,true,0]");
}

// Bytes of another program: Python's zlib.
TEST_F(CompressionTest, SpeaksTheFormats) {
  EXPECT_EQ(OutputWith(R"js(
    const got = [];
    for (const [format, bytes] of [['gzip', '1f8b0800000000000003cb48cdc9c95728cf2fca49e102002d3b08af0c000000'], ['deflate', '789ccb48cdc9c95728cf2fca49e102001e720467'],
        ['deflate-raw', 'cb48cdc9c95728cf2fca49e10200']]) {
      got.push(new TextDecoder().decode(await through(hex(bytes), new DecompressionStream(format))));
      const one = new DecompressionStream(format); const writer = one.writable.getWriter(); const all = new Response(one.readable).text();
      for (const byte of hex(bytes)) writer.write(Uint8Array.of(byte)); writer.close(); got.push(await all);
    }
    return { data: [[...new Set(got)], got.length, (await through('x', new CompressionStream('gzip')))[0]] };)js"),
            R"([["hello world\n"],6,31])");
}

TEST_F(CompressionTest, WhatIsNotCompressedIsATypeError) {
  EXPECT_EQ(
      OutputWith(R"js(
    const gzip = '1f8b0800000000000003cb48cdc9c95728cf2fca49e102002d3b08af0c000000';
    const said = [];
    for (const [format, bytes] of [['gzip', '00'.repeat(20)], ['deflate', 'ff'.repeat(20)], ['deflate-raw', 'ff'.repeat(20)], ['gzip', gzip.slice(0, -2)],
        ['gzip', gzip.replace('2d3b08af', '2c3b08af')], ['gzip', gzip + '00'], ['gzip', '1f']])
      said.push(await failure(through(hex(bytes), new DecompressionStream(format))));
    said.push(await failure(through([], new DecompressionStream('gzip'))));
    for (const chunk of ['text', null, {}, 7]) { const { readable, writable } = new CompressionStream('gzip'); const writer = writable.getWriter();
      const written = failure(writer.write(chunk)); said.push((await failure(readable.getReader().read())) === await written); await failure(writer.closed); }
    for (const format of ['br', 'GZIP', undefined, '__proto__']) try { new CompressionStream(format); said.push('made'); } catch (e) { said.push(e.name); }
    return { data: said };)js"),
      R"(["TypeError: the compressed data is not valid: incorrect header check",)"
      R"("TypeError: the compressed data is not valid: incorrect header check",)"
      R"("TypeError: the compressed data is not valid: invalid block type","TypeError: the compressed data breaks off",)"
      R"("TypeError: the compressed data is not valid: incorrect data check",)"
      R"("TypeError: something follows the compressed data","TypeError: the compressed data breaks off",)"
      R"("TypeError: the compressed data breaks off",true,true,true,true,"TypeError","TypeError","TypeError","TypeError"])");
}

TEST_F(CompressionTest, WhatStandsBeforeAnErrorIsRead) {
  EXPECT_EQ(
      OutputWith(R"js(
    const { readable, writable } = new DecompressionStream('deflate'); const reader = readable.getReader(); const writer = writable.getWriter();
    const written = failure(writer.write(hex('789ccb48cdc9c95728cf2fca49e102001e72046700')));
    const { value } = await reader.read();
    return { data: [new TextDecoder().decode(value), await failure(reader.read()), await written, await failure(writer.closed)] };)js"),
      R"(["hello world\n","TypeError: something follows the compressed data",)"
      R"("TypeError: something follows the compressed data","TypeError: something follows the compressed data"])");
}

// Much larger than the budget of buffers: only what is read is made.
TEST_F(CompressionTest, ABombGrowsNoFasterThanItIsRead) {
  cell.start.set_array_buffer_bytes(8 << 20);
  EXPECT_EQ(OutputWith(R"js(
    const packer = new CompressionStream('gzip'); const zeros = new Uint8Array(1 << 20); let left = 64;
    const source = new ReadableStream({ pull(c) { if (left-- > 0) c.enqueue(zeros.slice()); else c.close(); } });
    const bomb = await new Response(source.pipeThrough(packer)).bytes();
    const unpacker = new DecompressionStream('gzip'); const writer = unpacker.writable.getWriter(); const reader = unpacker.readable.getReader();
    let written = false; writer.write(bomb).then(() => { written = true; }); writer.close();
    const first = (await reader.read()).value; await new Promise((done) => setTimeout(done)); const before = written;
    let size = first.length; let most = 0;
    for (let chunk; !(chunk = await reader.read()).done;) { size += chunk.value.length; most = Math.max(most, chunk.value.length); }
    return { data: [bomb.length < 70000, before, written, size, most] };)js"),
            "[true,false,true,67108864,65536]");
}

TEST_F(CompressionTest, WhatIsTakenAwayInTheMeantimeStaysAsItWas) {
  EXPECT_EQ(OutputWith(R"js(
    const { readable, writable } = new CompressionStream('deflate'); const writer = writable.getWriter();
    const noise = new Uint8Array(1 << 20); for (let i = 0; i < noise.length; i += 65536) crypto.getRandomValues(noise.subarray(i, i + 65536));
    const before = noise.slice(); writer.write(noise); writer.close();
    const reader = readable.getReader(); const parts = [(await reader.read()).value]; noise.buffer.transfer();
    for (let chunk; !(chunk = await reader.read()).done;) parts.push(chunk.value);
    const after = await through(new Blob(parts), new DecompressionStream('deflate'));
    return { data: [parts.length > 2, after.length === before.length && after.every((byte, i) => byte === before[i])] };)js"),
            "[true,true]");
}

TEST_F(CompressionTest, EndsBothWays) {
  EXPECT_EQ(OutputWith(R"js(
    const one = new CompressionStream('gzip'); const writer = one.writable.getWriter(); const writing = failure(writer.write(new Uint8Array(9)));
    await one.readable.cancel(new Error('read enough')); const said = [await writing, await failure(writer.write(new Uint8Array(1)))];
    const two = new DecompressionStream('gzip'); const reading = failure(two.readable.getReader().read());
    await two.writable.abort(new Error('no more')); said.push(await reading);
    return { data: said };)js"),
            R"(["Error: read enough","Error: read enough","Error: no more"])");
}

TEST_F(CompressionTest, StreamsCountAgainstTheLimitOfBuffers) {
  cell.start.set_array_buffer_bytes(2 << 20);
  EXPECT_EQ(OutputWith(R"js(
    const kept = []; let error;
    try { for (;;) { const stream = new CompressionStream('gzip'); kept.push(stream); const writer = stream.writable.getWriter();
      const written = writer.write(new Uint8Array(1)); await Promise.race([stream.readable.getReader().read(), written]); } } catch (e) { error = e.name; }
    return { data: [error, kept.length > 3, kept.length < 9] };)js"),
            R"(["RangeError",true,true])");
}

TEST_F(CompressionTest, DroppedStreamsAreGivenBack) {
  cell.start.set_array_buffer_bytes(2 << 20);
  EXPECT_EQ(OutputWith("for (let i = 0; i < 100; ++i) { const { readable, writable } = new CompressionStream('gzip');\n"
                       "  const writer = writable.getWriter(); const reading = readable.getReader().read();\n"
                       "  await writer.write(new Uint8Array(100)); }\n"
                       "return { data: 'ok' };"),
            "\"ok\"");
}

TEST_F(CompressionTest, TheSameInputHasTheSameOutput) {
  std::vector<std::string> outputs;
  for (const char seed : {'s', 't'}) {
    TestCell one(Program());
    one.start.set_seed(std::string(32, seed));
    one.AddInput(proto::Input::MODULE, "index.js",
                 FlowWith(std::string(kHelpers) +
                          "return { data: [...await through('same', new CompressionStream('gzip'))].join() };"));
    one.SendStart();
    ASSERT_TRUE(one.RunToEnd());
    outputs.push_back(one.output);
  }
  EXPECT_EQ(outputs[0], outputs[1]);
  EXPECT_GT(outputs[0].size(), 40U);
}

}  // namespace
}  // namespace warder::cell
