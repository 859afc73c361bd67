// Blob, File, FormData, the bodies of requests and responses, data: URLs.
#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

class BodiesTest : public CellTest {
 protected:
  proto::HttpRequest NextRequest() { return Expect(proto::FromCell::kHttpRequest).http_request(); }
  // The whole body of a request that fits the first credit.
  std::string ReadBody() {
    std::string body;
    for (bool last = false; !last && !HasFailure();) {
      const auto chunk = Expect(proto::FromCell::kRequestBody).request_body();
      body += chunk.data();
      last = chunk.last();
    }
    return body;
  }
  std::string Finish() {
    auto end = cell.RunToEnd();
    while (end && end->has_response_credit()) end = cell.RunToEnd();
    if (!end) return "the cell is gone";
    return end->result().succeeded() ? cell.output : Describe(*end);
  }
};

TEST_F(BodiesTest, ABlobHoldsWhatItWasMadeOf) {
  EXPECT_EQ(Output(R"js(
    const bytes = new Uint8Array([0xc3, 0xa9]);
    const blob = new Blob(['a\r\n', bytes, new DataView(bytes.buffer, 0, 1), bytes.buffer, new Blob(['€']), 7], { type: 'Text/PLAIN' });
    bytes.fill(0x21);
    const native = new Blob(['a\r\nb\rc\n'], { endings: 'native' });
    return { data: [blob.size, blob.type, [...await blob.bytes()].join(), await native.text(), new Blob([], { type: 'é' }).type,
      await new Blob(['\ufeffx']).text(), new Blob().size, String(blob)] };)js"),
            R"([12,"text/plain","97,13,10,195,169,195,195,169,226,130,172,55","a\nb\nc\n","","x",0,"[object Blob]"])");
}

TEST_F(BodiesTest, ASliceSharesWhatItIsASliceOf) {
  cell.start.set_array_buffer_bytes(4 << 20);
  EXPECT_EQ(Output(R"js(
    const big = new Blob([new Uint8Array(1 << 20).fill(7)]);
    const all = [];
    for (let i = 0; i < 100; ++i) all.push(big.slice(i), new Blob([big, big.slice(100000)]), new File([big], 'f'));
    const part = new Blob(['ab', big, 'yz']).slice(1, -1);
    const bytes = await part.bytes();
    return { data: [all.reduce((sum, blob) => sum + blob.size, 0), part.size, bytes[0], bytes[1], bytes.at(-1), await part.slice(-1).text(),
      await part.slice(0, 1, 'X/Y').text(), part.slice(0, 1, 'X/Y').type, big.slice(9, 3).size, big.slice(0.5).size, big.slice(1.5).size] };)js"),
            R"([409425450,1048578,98,7,121,"y","b","x/y",0,1048576,1048574])");
}

TEST_F(BodiesTest, NobodyCanChangeABlob) {
  EXPECT_EQ(Output(R"js(
    const blob = new Blob(['abc']);
    (await blob.bytes()).fill(0); new Uint8Array(await blob.arrayBuffer()).fill(0);
    for await (const chunk of blob.stream()) chunk.fill(0);
    const reader = blob.stream().getReader({ mode: 'byob' });
    const { value } = await reader.read(new Uint8Array(2)); value.fill(0);
    const response = new Response(blob); const other = response.clone();
    (await response.bytes()).fill(0);
    const shared = await new Response('xyz').blob(); new Uint8Array(await new Response(shared).arrayBuffer()).fill(0);
    const twice = new Response(new Uint8Array([1, 2])); const copy = twice.clone();
    (await twice.bytes()).fill(9);
    return { data: [value.length, await blob.text(), await other.text(), await shared.text(), [...await copy.bytes()].join()] };)js"),
            R"([2,"abc","abc","xyz","1,2"])");
}

TEST_F(BodiesTest, BlobsCountAgainstTheLimitOfBuffers) {
  const auto end = RunFlow("const all = []; for (;;) all.push(new Blob(['x'.repeat(1e6)]));");
  EXPECT_EQ(end.result().thrown().ceiling(), proto::ThrownError::ARRAY_BUFFER) << Describe(end);
}

TEST_F(BodiesTest, AFileHasANameAndATime) {
  EXPECT_EQ(Output(R"js(
    const file = new File(['x'], 'a/b\ud800', { type: 'A/B', lastModified: 7.9 });
    return { data: [file.name, file.type, file.lastModified, new File([], '').lastModified === Date.now(), file instanceof Blob,
      file.slice() instanceof File, File.length, Blob.length] };)js"),
            "[\"a/b\xef\xbf\xbd\",\"a/b\",7,true,true,false,2,0]");
}

TEST_F(BodiesTest, WhatIsNoBlobIsATypeError) {
  EXPECT_EQ(Output(R"js(
    const said = [];
    for (const make of [() => Blob(), () => new Blob('text'), () => new Blob(null), () => new Blob({}), () => new Blob([Symbol()]),
        () => new Blob([], { endings: 'mac' }), () => new Blob([], 1), () => new File(), () => new File([]), () => new File('a', 'b'),
        () => Blob.prototype.size, () => new FormData({}), () => new FormData().append('a'), () => new FormData().append('a', 'b', 'c'),
        () => Headers.prototype.get.call({}, 'a'), () => new Headers(null), () => new Headers([['a']]), () => new Headers().forEach(),
        () => new Response('', { status: 204 }), () => Response.json(1n), () => Response.json(undefined), () => new Response('', 1)]) {
      try { make(); said.push(`${make} was made`); } catch (error) { said.push(error.name); } }
    for (const reads of [Blob.prototype.text, Blob.prototype.bytes, Response.prototype.blob]) await reads.call({}).catch((e) => said.push(e.name));
    return { data: [...new Set(said), said.length] };)js"),
            R"(["TypeError",25])");
}

TEST_F(BodiesTest, FormDataIsAListOfEntries) {
  EXPECT_EQ(Output(R"js(
    const data = new FormData();
    data.append('a', 1); data.append('b', new Blob(['x'])); data.append('a', '\ud800'); data.append('c', new File([], 'n'), 'm');
    data.set('b', 'only'); data.append('z', 'z'); data.delete('z'); data.set('new', 'n');
    const iterator = data.entries(); const seen = [];
    for (const [name, value] of data) { seen.push(typeof value === 'string' ? `${name}=${value}` : `${name}:${value.name}`); if (name === 'new' && seen.length < 9) data.append('late', 'l'); }
    data.forEach((value, name, self) => { if (self !== data) seen.push('not self'); });
    return { data: [seen, data.get('a'), data.getAll('a').length, data.get('none'), data.has('b'), [...data.keys()].length,
      Object.prototype.toString.call(iterator), data[Symbol.iterator] === data.entries, [...data.values()].length] };)js"),
            "[[\"a=1\",\"b=only\",\"a=\xef\xbf\xbd\",\"c:m\",\"new=n\",\"late=l\"],\"1\",2,null,true,6,"
            "\"[object FormData Iterator]\",true,6]");
}

TEST_F(BodiesTest, AFormIsSentInPartsWithABoundaryOfTheSeed) {
  StartFlow(R"js(
    const body = new FormData();
    body.append('na"me\n', 'line\nbreak'); body.append('file', new File(['{"a":1}'], 'ü".json', { type: 'application/json' }));
    body.append('raw', new Blob([new Uint8Array([0, 255])]));
    const response = await fetch('https://a.test/', { method: 'POST', body });
    return { data: response.status };)js");
  const auto request = NextRequest();
  const std::string body = ReadBody();
  ASSERT_EQ(request.headers_size(), 1);
  EXPECT_EQ(request.headers(0).name(), "content-type");
  const std::string type = "multipart/form-data; boundary=";
  ASSERT_EQ(request.headers(0).value().substr(0, type.size()), type);
  const std::string boundary = request.headers(0).value().substr(type.size());
  EXPECT_EQ(boundary.size(), 50U);
  EXPECT_TRUE(request.has_body_bytes());
  EXPECT_EQ(request.body_bytes(), body.size());
  EXPECT_EQ(body, "--" + boundary +
                      "\r\nContent-Disposition: form-data; name=\"na%22me%0D%0A\"\r\n\r\nline\r\nbreak\r\n--" +
                      boundary +
                      "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"ü%22.json\"\r\n"
                      "Content-Type: application/json\r\n\r\n{\"a\":1}\r\n--" +
                      boundary +
                      "\r\nContent-Disposition: form-data; name=\"raw\"; filename=\"blob\"\r\n"
                      "Content-Type: application/octet-stream\r\n\r\n" +
                      std::string("\0\xff", 2) + "\r\n--" + boundary + "--\r\n");
  cell.RespondHead(1, 200, false);
  EXPECT_EQ(Finish(), "200");
}

// The same seed, the same boundary: a replay sends the same bytes.
TEST_F(BodiesTest, TheBoundaryFollowsTheSeed) {
  std::vector<std::string> boundaries;
  for (const char seed : {'s', 's', 't'}) {
    TestCell one(Program());
    one.start.set_seed(std::string(32, seed));
    one.AddInput(proto::Input::MODULE, "index.js",
                 FlowWith("return { data: new Response(new FormData()).headers.get('content-type') };"));
    one.SendStart();
    const auto end = one.RunToEnd();
    ASSERT_TRUE(end && end->result().succeeded()) << (end ? Describe(*end) : "gone");
    boundaries.push_back(one.output);
  }
  EXPECT_EQ(boundaries[0], boundaries[1]);
  EXPECT_NE(boundaries[0], boundaries[2]);
}

TEST_F(BodiesTest, ABlobIsSentAsTheEngineGivesRoom) {
  cell.start.set_array_buffer_bytes(8 << 20);
  StartFlow(R"js(
    const piece = new Blob([new Uint8Array(1 << 20).fill(1)]);
    const body = new Blob([piece, piece, piece, piece, 'end'], { type: 'x/y' });
    const response = await fetch('https://a.test/', { method: 'PUT', body });
    return { data: response.status };)js");
  const auto request = NextRequest();
  EXPECT_EQ(request.body_bytes(), (4U << 20) + 3);
  EXPECT_EQ(request.headers(0).value(), "x/y");
  std::uint64_t credit = proto::kInitialCredit;
  std::uint64_t received = 0;
  std::string tail;
  for (bool last = false; !last;) {
    if (credit == 0) {
      credit = 1 << 20;
      proto::ToCell frame;
      frame.mutable_request_credit()->set_call(1);
      frame.mutable_request_credit()->set_bytes(credit);
      cell.Send(frame);
    }
    const auto chunk = Expect(proto::FromCell::kRequestBody).request_body();
    ASSERT_LE(chunk.data().size(), credit);
    credit -= chunk.data().size();
    received += chunk.data().size();
    if (!chunk.data().empty()) tail = chunk.data();
    last = chunk.last();
  }
  EXPECT_EQ(received, (4U << 20) + 3);
  EXPECT_TRUE(tail.ends_with("end"));
  cell.RespondHead(1, 200, false);
  EXPECT_EQ(Finish(), "200");
}

// Runs a flow whose `form` is a response with this type and body, and which returns what it makes of it.
class FormTest : public BodiesTest {
 protected:
  std::string Read(const std::string& type, const std::string& body, const std::string& flow) {
    StartFlow("const response = await fetch('https://a.test/');\n" + flow);
    NextRequest();
    cell.RespondHead(1, 200, true, {{"content-type", type}});
    for (std::size_t sent = 0; sent < body.size(); sent += proto::kInitialCredit / 4) {
      if (sent > 0) {
        for (auto frame = cell.Receive(); frame && !frame->has_response_credit();) frame = cell.Receive();
      }
      cell.RespondBody(1, body.substr(sent, proto::kInitialCredit / 4),
                       sent + proto::kInitialCredit / 4 >= body.size());
    }
    return Finish();
  }
  static constexpr const char* kShow =
      "const form = await response.formData(); const shown = [];\n"
      "for (const [n, v] of form) shown.push(typeof v === 'string' ? [n, v] : [n, v.name, v.type, await v.text()]);\n"
      "return { data: shown };";
  static constexpr const char* kError =
      "try { await response.formData(); return { data: 'read' }; } catch (e) { return { data: [e.name, e.message] }; }";
};

TEST_F(FormTest, ReadsMultipart) {
  EXPECT_EQ(
      Read("multipart/form-data; charset=x; boundary=\"a b\"",
           "preamble\r\n--a b \t\r\ncontent-disposition: FORM-DATA; name=\"x%22\"\r\n\r\n1\r\n--a bc\r\n2\r\n--a b\r\n"
           "X-Other: y\r\nContent-Type: text/HTML\r\nContent-Disposition: form-data; filename=f.html; name=f\r\n\r\n"
           "<b>\r\n--a b\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--a b--\r\nepilogue",
           kShow),
      R"([["x\"","1\r\n--a bc\r\n2"],["f","f.html","text/html","<b>"],["empty",""]])");
}

TEST_F(FormTest, ReadsWhatItWrites) {
  EXPECT_EQ(Output(R"js(
    const form = new FormData(); form.append('ü"\r\n', 'ü"\r\n'); form.append('f', new File(['--\r\n----'], 'a"\r\n%0.bin', { type: 'a/b' }));
    const response = new Response(form); const copy = await response.clone().formData();
    const [[n, v], [m, file]] = copy;
    return { data: [n, v, m, file.name, file.type, await file.text(), [...await new Response(new FormData()).formData()].length] };)js"),
            R"(["ü\"\r\n","ü\"\r\n","f","a\"\r\n%0.bin","a/b","--\r\n----",0])");
}

TEST_F(FormTest, ReadsUrlEncoded) {
  EXPECT_EQ(Read("Application/X-WWW-form-urlencoded;charset=UTF-8", "a=1&b=%C3%BC+x&a=2", kShow),
            R"([["a","1"],["b","ü x"],["a","2"]])");
}

struct BadForm {
  const char* name;
  const char* type;
  const char* body;
  const char* message;
};
class BadFormTest : public FormTest, public testing::WithParamInterface<BadForm> {};

TEST_P(BadFormTest, IsATypeError) {
  const auto& form = GetParam();
  EXPECT_EQ(Read(form.type, form.body, kError), std::string("[\"TypeError\",\"") + form.message + "\"]");
}

#define NO_FORM "the body is no multipart/form-data: "
constexpr const char* kMultipart = "multipart/form-data; boundary=b";
constexpr BadForm kBadForms[] = {
    {"OtherType", "text/plain", "a=1", "the body is no form: its type is text/plain"},
    {"NoType", "", "a=1", "the body is no form: its type is not known"},
    {"NoBoundary", "multipart/form-data", "x", NO_FORM "its type has no boundary of 1 to 70 characters"},
    {"LongBoundary",
     "multipart/form-data; boundary=00000000001111111111222222222233333333334444444444555555555566666666667", "x",
     NO_FORM "its type has no boundary of 1 to 70 characters"},
    {"NoEnd", kMultipart, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--c--",
     NO_FORM "it has no end"},
    {"FirstLine", kMultipart, "--bc\r\n--b--", NO_FORM "its first line is no boundary"},
    {"NoHeader", kMultipart, "--b\r\n1\r\n--b--", NO_FORM "a part has no header, or one longer than 16384 bytes"},
    {"NoDisposition", kMultipart, "--b\r\nX: y\r\n\r\n1\r\n--b--", NO_FORM "a part has no Content-Disposition"},
    {"NoName", kMultipart, "--b\r\nContent-Disposition: form-data\r\n\r\n1\r\n--b--", NO_FORM "a part has no name"},
    {"NoColon", kMultipart, "--b\r\nContent-Disposition\r\n\r\n1\r\n--b--", NO_FORM "a part has a header that is none"},
    {"OpenQuote", kMultipart, "--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\n1\r\n--b--",
     NO_FORM "a name has no closing quote"},
    {"Attachment", kMultipart, "--b\r\nContent-Disposition: attachment; name=\"a\"\r\n\r\n1\r\n--b--",
     NO_FORM "a part is no form-data"},
    {"Garbage", kMultipart, "--b\r\nContent-Disposition: form-data; name=\"a\\\"b\"\r\n\r\n1\r\n--b--",
     NO_FORM "a Content-Disposition cannot be read"},
};
INSTANTIATE_TEST_SUITE_P(All, BadFormTest, testing::ValuesIn(kBadForms),
                         [](const auto& form) { return std::string(form.param.name); });

TEST_F(FormTest, HasABoundedNumberOfParts) {
  std::string body;
  for (int i = 0; i < 10'001; ++i) body += "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
  EXPECT_EQ(Read(kMultipart, body + "--b--", kError),
            R"(["TypeError","the body is no multipart/form-data: it has more than 10000 parts"])");
}

TEST_F(FormTest, HasABoundedNumberOfEntries) {
  EXPECT_EQ(Read("application/x-www-form-urlencoded", std::string(10'000, '&'), kError),
            R"(["TypeError","the body has more than 10000 entries"])");
}

// Each of these would take minutes if reading were quadratic.
TEST_F(FormTest, HostileFormsTakeLinearTime) {
  const char* const end = "it has no end";
  const char* const header = "a part has no header, or one longer than 16384 bytes";
  const std::pair<const char*, const char*> cases[] = {{R"(\r\n--bc)", end},
                                                       {R"(\r\n--b)", header},
                                                       {R"(\r\r\r\n)", end},
                                                       {R"(\r\n--b )", header},
                                                       {R"(\r\n\r\n)", end}};
  for (const auto& [noise, message] : cases) {
    TestCell one(Program());
    one.AddInput(proto::Input::MODULE, "index.js",
                 FlowWith("const body = event.head + event.noise.repeat(300000);\n"
                          "const headers = { 'content-type': 'multipart/form-data; boundary=b' };\n"
                          "try { await new Response(body, { headers }).formData(); return { data: 'read' }; }\n"
                          "catch (e) { return { data: e.message }; }"));
    one.AddInput(proto::Input::EVENT, "",
                 R"({"head":"--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n","noise":")" +
                     std::string(noise) + "\"}");
    one.SendStart();
    const auto last = one.RunToEnd();
    ASSERT_TRUE(last && last->result().succeeded()) << (last ? Describe(*last) : "gone");
    EXPECT_EQ(one.output, std::string("\"the body is no multipart/form-data: ") + message + "\"") << noise;
  }
}

TEST_F(BodiesTest, BodiesOfEveryKind) {
  EXPECT_EQ(Output(R"js(
    const made = [];
    for (const init of ['é', new Uint8Array([1, 2]), new Uint8Array([1, 2]).buffer, new DataView(new ArrayBuffer(3), 1), new Blob(['b'], { type: 'a/b' }),
        new Blob(['b']), new URLSearchParams({ q: 'é' }), new ReadableStream({ pull(c) { c.enqueue(new Uint8Array([65])); c.close(); } }), 7, { toString: () => 'o' }]) {
      const response = new Response(init); const type = response.headers.get('content-type');
      const request = new Request('https://a.test/', { method: 'POST', body: response.clone().body, duplex: 'half' });
      made.push([type, await response.text(), (await request.bytes()).length, response.bodyUsed && request.bodyUsed]);
    }
    return { data: made };)js"),
            R"([["text/plain;charset=UTF-8","é",2,true],[null,"\u0001\u0002",2,true],[null,"\u0001\u0002",2,true],)"
            R"([null,"\u0000\u0000",2,true],["a/b","b",1,true],[null,"b",1,true],)"
            R"(["application/x-www-form-urlencoded;charset=UTF-8","q=%C3%A9",8,true],[null,"A",1,true],)"
            R"(["text/plain;charset=UTF-8","7",1,true],["text/plain;charset=UTF-8","o",1,true]])");
}

TEST_F(BodiesTest, ABodyIsReadOnce) {
  EXPECT_EQ(Output(R"js(
    const said = [];
    const failing = async (what) => { try { await what(); said.push('read'); } catch (e) { said.push(e.name); } };
    for (const init of ['text', new Blob(['text']), new ReadableStream({ start(c) { c.close(); } })]) {
      const response = new Response(init); const before = response.bodyUsed; await response.text();
      said.push(before, response.bodyUsed);
      for (const name of ['text', 'json', 'bytes', 'arrayBuffer', 'blob', 'formData', 'clone']) await failing(() => response[name]());
      await failing(() => response.body.getReader()); await failing(() => new Response(response.body));
    }
    const locked = new Response('x'); locked.body.getReader(); await failing(() => locked.text());
    const request = new Request('https://a.test/', { method: 'POST', body: 'x' });
    said.push(await new Request(request, { method: 'PUT' }).text(), request.bodyUsed); await failing(() => new Request(request));
    const empty = new Response(); await empty.text(); said.push(empty.bodyUsed, empty.body, await empty.text());
    return { data: [...new Set(said), said.length] };)js"),
            R"([false,true,"TypeError","x",null,"",40])");
}

TEST_F(BodiesTest, ABlobOfABodyHasItsType) {
  EXPECT_EQ(Output(R"js(
    const types = [];
    for (const type of ['Text/HTML; Charset="a b" ; x=1;x=2', 'nonsense', 'a/b, c/d;e="f,g"', 'text/html;charset=gbk, text/html;a=b', 'a/b,*/*'])
      types.push((await new Response('x', { headers: { 'content-type': type } }).blob()).type);
    return { data: types };)js"),
            R"(["text/html;charset=\"a b\";x=1","","c/d;e=\"f,g\"","text/html;a=b;charset=gbk","a/b"])");
}

TEST_F(BodiesTest, DataUrls) {
  EXPECT_EQ(
      Output(R"js(
    const got = [];
    for (const url of ['data:,', 'data:,a%20b%', 'data:text/HTML;X="a;b",<b>#f', 'data:;base64,aGk', 'data:a/b; base64 ,a%47%6b=', 'data:;charset=x;base64,%0D%0AaGk=',
        'data:nonsense,%F0%9F%92%A9', 'data:x/y;base64;z,%zz%4']) {
      const response = await fetch(url);
      got.push([response.headers.get('content-type'), await response.text(), response.status, response.url === url.split('#')[0]]);
    }
    for (const url of ['data:', 'data:a', 'data:;base64,a', 'data:;base64,a=b=', 'blob:https://a.test/1', 'about:blank'])
      await fetch(url).then(() => got.push(url), (e) => got.push(e.name));
    const head = await fetch('data:,x', { method: 'HEAD' }); got.push(head.body, (await (await fetch('data:,x')).blob()).type);
    return { data: got };)js"),
      R"([["text/plain;charset=US-ASCII","",200,true],["text/plain;charset=US-ASCII","a b%",200,true],)"
      R"(["text/html;x=\"a;b\"","<b>",200,true],["text/plain;charset=US-ASCII","hi",200,true],["a/b","hi",200,true],)"
      R"(["text/plain;charset=x","hi",200,true],["text/plain;charset=US-ASCII","💩",200,true],)"
      R"(["x/y","%zz%4",200,true],"TypeError","TypeError","TypeError","TypeError","TypeError","TypeError",)"
      R"(null,"text/plain;charset=US-ASCII"])");
}

TEST_F(BodiesTest, HostileDataUrlsTakeLinearTime) {
  EXPECT_EQ(Output(R"js(
    const lengths = [];
    for (const url of ['data:' + '; '.repeat(3e5) + ',x', 'data:;' + ' '.repeat(1e6) + 'base6,x', 'data:,' + '%'.repeat(3e5), 'data:,' + '%41'.repeat(3e5),
        'data:a/b;' + 'c="\\'.repeat(2e5) + ',x', 'data:a/b' + ';c=d'.repeat(2e5) + ',x'])
      lengths.push((await (await fetch(url)).bytes()).length);
    return { data: lengths };)js"),
            "[1,1,300000,300000,1,1]");
}

TEST_F(BodiesTest, RequestsFollowTheStandard) {
  EXPECT_EQ(
      Output(R"js(
    const signal = AbortSignal.abort('why');
    const first = new Request('https://a.test/', { method: 'post', body: 'b', headers: { A: '1', host: 'x' }, credentials: 'include', mode: 'no-cors',
      cache: 'no-store', redirect: 'manual', integrity: 'i', keepalive: true, referrerPolicy: 'origin', signal, window: null, priority: 'high' });
    const second = new Request(first.clone(), { headers: { B: '2' }, body: null });
    const bad = [];
    for (const init of [{ mode: 'navigate' }, { credentials: 'x' }, { cache: 'only-if-cached' }, { redirect: 'x' }, { referrerPolicy: 'x' }, { window: {} }, { signal: {} },
        { method: 'CONNECT' }, { method: 'a b' }, { method: 'GET', body: 'x' }, { duplex: 'full' }, { headers: null }, 1, { method: 'POST', body: new ReadableStream() },
        { method: 'POST', body: new ReadableStream(), duplex: 'half', keepalive: true }])
      try { new Request('https://a.test/', init); bad.push(init); } catch (e) { bad.push(e.name); }
    return { data: [[...first.headers].join(), [...second.headers].join(), second.method, await second.text(), second.credentials, second.mode, second.cache,
      second.redirect, second.integrity, second.keepalive, second.referrerPolicy, second.signal.reason, second.signal !== signal,
      second.signal === second.signal, [...new Set(bad)], second.destination, second.duplex, second.referrer] };)js"),
      R"(["a,1,content-type,text/plain;charset=UTF-8","b,2","POST","b","include","no-cors","no-store","manual","i",true,)"
      R"("origin","why",true,true,["TypeError"],"","half","about:client"])");
}

TEST_F(BodiesTest, ResponsesFollowTheStandard) {
  EXPECT_EQ(Output(R"js(
    const json = Response.json({ a: 1 }, { status: 201, statusText: 'x', headers: { 'content-type': 'a/b' } });
    const moved = Response.redirect('https://a.test/x#y', 308); const broken = Response.error();
    const failing = []; for (const make of [() => moved.headers.set('a', 'b'), () => broken.clone().headers.append('a', 'b'), () => Response.redirect('https://a.test/', 200),
      () => Response.redirect('/x'), () => new Response(null, { status: 99 }), () => new Response(null, { statusText: '\n' }), () => Response.json(1, { status: 204 })])
      try { make(); failing.push('made'); } catch (e) { failing.push(e.name); }
    return { data: [json.status, json.statusText, json.headers.get('content-type'), await json.text(), Response.json(1).headers.get('content-type'),
      moved.status, moved.headers.get('location'), moved.type, broken.type, broken.status, broken.clone().type, failing] };)js"),
            R"([201,"x","a/b","{\"a\":1}","application/json",308,"https://a.test/x#y","default","error",0,"error",)"
            R"(["TypeError","TypeError","RangeError","TypeError","RangeError","TypeError","TypeError"]])");
}

TEST_F(BodiesTest, HeadersIterateAsTheyAre) {
  EXPECT_EQ(Output(R"js(
    const headers = new Headers([['B', '2'], ['a', '1'], ['c', '3']]); const seen = [];
    for (const [name] of headers) { seen.push(name); if (name === 'a') { headers.delete('b'); headers.append('D', '4'); headers.append('C', '5'); } }
    const made = new Headers({ x: 'y' }); made[Symbol.iterator] = function* () { yield ['own', 'iterator']; };
    return { data: [seen, headers.get('c'), [...new Headers(made)].join(), Object.prototype.toString.call(headers.keys()),
      Object.getPrototypeOf(Object.getPrototypeOf(headers.keys())) === Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]()))] };)js"),
            R"([["a","c","d"],"3, 5","own,iterator","[object Headers Iterator]",true])");
}

TEST_F(BodiesTest, AnAbortStopsTheRequestsBody) {
  StartFlow(R"js(
    const controller = new AbortController(); let cancelled = 'not';
    const body = new ReadableStream({ start(c) { c.enqueue(new Uint8Array(3)); }, cancel(reason) { cancelled = reason; } });
    setTimeout(() => controller.abort('enough'), 5);
    try { await fetch('https://a.test/', { method: 'POST', body, duplex: 'half', signal: controller.signal }); } catch (e) { return { data: [e, cancelled] }; })js");
  Expect(proto::FromCell::kTimerRequest);
  NextRequest();
  EXPECT_EQ(Expect(proto::FromCell::kRequestBody).request_body().data().size(), 3U);
  cell.FireTimer(1);
  EXPECT_EQ(Expect(proto::FromCell::kCancelCall).cancel_call().call(), 2U);
  EXPECT_EQ(Finish(), R"(["enough","enough"])");
}

TEST_F(BodiesTest, AnAbortTakesAwayWhatNobodyHasRead) {
  StartFlow(R"js(
    const controller = new AbortController(); const { signal } = controller;
    const [one, two, three] = await Promise.all(['a', 'b', 'c'].map((path) => fetch('https://a.test/' + path, { signal })));
    const reader = two.body.getReader(); await reader.read(); await three.text();
    controller.abort();
    const said = []; for (const read of [() => one.text(), () => reader.read(), () => fetch('https://a.test/', { signal }), () => fetch('data:,x', { signal })])
      await read().then(() => said.push('read'), (e) => said.push(e === signal.reason));
    return { data: [said, signal.reason.name, three.bodyUsed] };)js");
  for (int i = 1; i <= 3; ++i) NextRequest();
  for (const std::uint64_t call : {1, 2, 3}) cell.RespondHead(call, 200, true);
  cell.RespondBody(1, "all of it", true);
  cell.RespondBody(2, "begin", false);
  cell.RespondBody(3, "read", true);
  auto end = cell.RunToEnd();
  while (end && (end->has_response_credit() || end->has_cancel_call())) end = cell.RunToEnd();
  ASSERT_TRUE(end);
  EXPECT_EQ(cell.output, R"([[true,true,true,true],"AbortError",true])") << Describe(*end);
}

TEST_F(BodiesTest, ARequestsStreamThatFailsFailsTheFetch) {
  StartFlow(R"js(
    const said = [];
    for (const chunk of ['text', new Uint16Array(1), undefined]) {
      const body = new ReadableStream({ start(c) { c.enqueue(chunk); } });
      await fetch('https://a.test/', { method: 'POST', body, duplex: 'half' }).catch((e) => said.push(e.name, e.cause.name));
    }
    const body = new ReadableStream({ pull() { throw new RangeError('mine'); } });
    await fetch('https://a.test/', { method: 'POST', body, duplex: 'half' }).catch((e) => said.push(e.name, e.cause.message));
    return { data: said };)js");
  for (int i = 1; i <= 4; ++i) {
    EXPECT_EQ(NextRequest().call(), static_cast<std::uint64_t>(i));
    Expect(proto::FromCell::kCancelCall);
  }
  EXPECT_EQ(Finish(),
            R"(["TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","TypeError","mine"])");
}

// The answer may come before the request is sent: then nobody wants the rest of its body.
TEST_F(BodiesTest, AnEarlyAnswerEndsTheRequestsBody) {
  StartFlow(R"js(
    let cancelled = false; let pulled = 0;
    const body = new ReadableStream({ pull(c) { c.enqueue(new Uint8Array(500000)); ++pulled; }, cancel() { cancelled = true; } });
    const response = await fetch('https://a.test/', { method: 'POST', body, duplex: 'half' });
    await null; return { data: [response.status, cancelled, pulled < 10] };)js");
  NextRequest();
  cell.RespondHead(1, 413, false);
  auto end = cell.RunToEnd();
  while (end && end->has_request_body()) end = cell.RunToEnd();
  ASSERT_TRUE(end);
  EXPECT_EQ(cell.output, "[413,true,true]") << Describe(*end);
}

// What comes into being late must not be reached through what a script has replaced by then.
TEST_F(BodiesTest, LateModulesTrustNoPrototype) {
  EXPECT_EQ(Output(R"js(
    const seen = new Set(); const names = [];
    const note = (value) => { if ((typeof value === 'object' && value !== null) || typeof value === 'function') seen.add(value); };
    const add = Set.prototype.add; const { apply, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;
    const from = Array.from; const keep = []; let depth = 0;
    for (const proto of [Array.prototype, Map.prototype, Promise.prototype, Function.prototype, String.prototype, RegExp.prototype, Object.prototype,
        getPrototypeOf(Uint8Array.prototype), ArrayBuffer.prototype]) {
      for (const key of Object.getOwnPropertyNames(proto)) {
        const { value } = getOwnPropertyDescriptor(proto, key);
        if (typeof value !== 'function' || key === 'constructor') continue;
        proto[key] = function (...args) {
          if (depth === 0) { ++depth; keep[keep.length] = this; for (let i = 0; i < args.length; ++i) keep[keep.length] = args[i]; --depth; }
          return apply(value, this, args);
        };
      } }
    const form = new FormData(); form.append('a', new Blob(['x']));
    const back = await new Response(form).formData(); const data = await (await fetch('data:;base64,eA==')).blob();
    const packed = new Response(data.stream().pipeThrough(new CompressionStream('gzip'))); const unpacked = new Response(packed.body.pipeThrough(new DecompressionStream('gzip')));
    const text = await unpacked.text();
    ++depth;
    for (const value of keep) {
      if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue;
      for (const inner of [value, ...ownKeys(value).map((key) => getOwnPropertyDescriptor(value, key).value ?? getOwnPropertyDescriptor(value, key).get)]) {
        if (typeof inner !== 'function') continue;
        const name = getOwnPropertyDescriptor(inner, 'name')?.value;
        if (typeof name === 'string' && (name.startsWith('host.') || name === 'makeFormData' || name === 'blobPieces')) names.push(name);
      }
      if (getOwnPropertyDescriptor(value, 'makeFormData') || getOwnPropertyDescriptor(value, 'blobPieces')) names.push('a module');
    }
    return { data: [back.get('a').size, text, names] };)js"),
            R"([1,"x",[]])");
}

}  // namespace
}  // namespace warder::cell
