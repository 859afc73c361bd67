// fetch, with the test as the engine: streams in both directions, credit, cancels, failures.
#include "sandbox/cell/testing/fixture.h"

namespace warder::cell {
namespace {

class FetchTest : public CellTest {
 protected:
  proto::HttpRequest NextRequest() { return Expect(proto::FromCell::kHttpRequest).http_request(); }
  std::string Finish() {
    auto end = cell.RunToEnd();
    while (end && end->has_response_credit()) end = cell.RunToEnd();
    if (!end) return "the cell is gone";
    return end->result().succeeded() ? cell.output : Describe(*end);
  }
  // Grants more room for the request's body.
  void Credit(std::uint64_t call, std::uint64_t bytes) {
    proto::ToCell frame;
    frame.mutable_request_credit()->set_call(call);
    frame.mutable_request_credit()->set_bytes(bytes);
    cell.Send(frame);
  }
  void Fail(std::uint64_t call, proto::CallFailed::Kind kind, const std::string& message) {
    proto::ToCell frame;
    frame.mutable_call_failed()->set_call(call);
    frame.mutable_call_failed()->set_kind(kind);
    frame.mutable_call_failed()->set_message(message);
    cell.Send(frame);
  }
};

TEST_F(FetchTest, SendsARequestAndReadsAResponse) {
  StartFlow(
      "const response = await fetch('https://API.test:443/v1/ü?q=1#part', { method: 'post',\n"
      "  headers: { 'X-One': 'a', accept: 'b' }, body: JSON.stringify({ a: 'ü' }) });\n"
      "return { data: [response.status, response.ok, response.url, response.headers.get('X-Two'), await "
      "response.json()] };");
  const auto request = NextRequest();
  EXPECT_EQ(request.call(), 1U);
  EXPECT_EQ(request.method(), "POST");
  EXPECT_EQ(request.url(), "https://api.test/v1/%C3%BC?q=1");
  EXPECT_TRUE(request.has_body_bytes());
  EXPECT_EQ(request.body_bytes(), 10U);
  ASSERT_EQ(request.headers_size(), 3);
  EXPECT_EQ(request.headers(0).name(), "X-One");
  EXPECT_EQ(request.headers(2).name(), "content-type");
  const auto body = Expect(proto::FromCell::kRequestBody).request_body();
  EXPECT_EQ(body.data(), "{\"a\":\"ü\"}");
  EXPECT_TRUE(body.last());
  cell.RespondHead(1, 201, true, {{"x-two", "1"}, {"X-Two", "\xe4"}});
  cell.RespondBody(1, "{\"b\":", false);
  cell.RespondBody(1, "2}", true);
  EXPECT_EQ(Finish(), "[201,true,\"https://api.test/final\",\"1, ä\",{\"b\":2}]");
}

class ConnectionTest : public FetchTest {
 protected:
  ConnectionTest() {
    auto* acme = cell.start.add_connections();
    acme->set_name("acme");
    acme->set_handle("handle-of-acme");
    acme->set_origin("https://api.acme.test");
    auto* token = acme->add_placeholders();
    token->set_field("token");
    token->set_text("wrd_0123");
  }
};

TEST_F(ConnectionTest, SendsPathsOfItsOriginWithItsHandle) {
  StartFlow(
      "const { acme } = context.connections;\n"
      "const response = await acme.fetch('/v1/orders/4 2?x=1', { method: 'PUT', body: 'b' });\n"
      "await fetch('https://api.acme.test/plain');\n"
      "return { data: [response.status, acme.name, acme.origin, acme.fields] };");
  const auto request = NextRequest();
  EXPECT_EQ(request.connection(), "handle-of-acme");
  EXPECT_EQ(request.method(), "PUT");
  EXPECT_EQ(request.url(), "https://api.acme.test/v1/orders/4%202?x=1");
  Expect(proto::FromCell::kRequestBody);
  cell.RespondHead(1, 200, false);
  EXPECT_EQ(NextRequest().connection(), "");
  cell.RespondHead(2, 200, false);
  EXPECT_EQ(Finish(), R"([200,"acme","https://api.acme.test",{"token":"wrd_0123"}])");
}

TEST_F(ConnectionTest, LeavesOtherOriginsToTheEngine) {
  StartFlow(
      "const response = await context.connections.acme.fetch(new URL('https://files.acme.test/a'));\n"
      "return { data: response.status };");
  const auto request = NextRequest();
  EXPECT_EQ(request.connection(), "handle-of-acme");
  EXPECT_EQ(request.url(), "https://files.acme.test/a");
  cell.RespondHead(1, 200, false);
  EXPECT_EQ(Finish(), "200");
}

TEST_F(ConnectionTest, CannotBeChangedOrReached) {
  EXPECT_EQ(Output("const { connections } = context; const { acme } = connections;\n"
                   "const frozen = [connections, acme, acme.fields].every(Object.isFrozen);\n"
                   "return { data: [frozen, Object.keys(acme), JSON.stringify(context).includes('handle-of'),\n"
                   "  connections.other === undefined, connections.toString === undefined,\n"
                   "  await acme.fetch('data:,x').catch((error) => error.name)] };"),
            R"([true,["name","origin","fields","fetch"],false,true,true,"TypeError"])");
}

TEST_F(FetchTest, GrantsCreditAsTheScriptReads) {
  StartFlow(
      "const response = await fetch('https://a.test/');\n"
      "let bytes = 0; let chunks = 0;\n"
      "for await (const chunk of response.body) { bytes += chunk.length; ++chunks; }\n"
      "return { data: [bytes, chunks] };");
  NextRequest();
  cell.RespondHead(1, 200, true);
  std::uint64_t granted = proto::kInitialCredit;
  std::uint64_t sent = 0;
  const std::uint64_t total = 4 << 20;
  const std::string chunk(128 << 10, 'x');
  while (sent < total) {
    while (granted - sent < chunk.size()) granted += Expect(proto::FromCell::kResponseCredit).response_credit().bytes();
    sent += chunk.size();
    cell.RespondBody(1, chunk, sent == total);
  }
  EXPECT_EQ(Finish(), "[4194304,32]");
}

// Short pieces are copied from what was read, of long ones the rest comes right from the socket.
TEST_F(FetchTest, PiecesOfEveryLengthArriveAsTheyWereSent) {
  StartFlow(
      "const sums = [];\n"
      "for (const length of [1, 100, 255, 256, 300, 65500, 65536, 65600, 200000, 262144]) {\n"
      "  const bytes = await (await fetch('https://a.test/')).bytes();\n"
      "  sums.push(bytes.length === 2 * length && bytes.every((byte, i) => byte === (i % length) % 251));\n"
      "}\n"
      "if (!sums.every((same) => same)) throw new Error(sums.join());\n"
      "return { data: sums.length };");
  std::uint64_t call = 0;
  for (const std::size_t length : {1, 100, 255, 256, 300, 65500, 65536, 65600, 200000, 262144}) {
    std::string piece(length, '\0');
    for (std::size_t i = 0; i < length; ++i) piece[i] = static_cast<char>(i % 251);
    for (auto frame = cell.Receive(); frame && !frame->has_http_request();) frame = cell.Receive();
    cell.RespondHead(++call, 200, true);
    cell.RespondBody(call, piece, false);
    cell.RespondBody(call, piece, true);
  }
  auto frame = cell.Receive();
  while (frame && frame->has_response_credit()) frame = cell.Receive();
  ASSERT_TRUE(frame && frame->has_output()) << (frame ? Describe(*frame) : "gone");
  EXPECT_EQ(frame->output().data(), "10");
}

TEST_F(FetchTest, AnUnreadBodyGetsNoCredit) {
  StartFlow("const response = await fetch('https://a.test/'); return { data: response.status };");
  NextRequest();
  cell.RespondHead(1, 200, true);
  EXPECT_EQ(Finish(), "200");
}

TEST_F(FetchTest, SendsABodyOnlyAgainstCredit) {
  StartFlow(
      "let i = 0;\n"
      "const body = new ReadableStream({ pull(c) { if (i++ < 8) c.enqueue(new Uint8Array(200000).fill(i)); else "
      "c.close(); } });\n"
      "const response = await fetch('https://a.test/', { method: 'PUT', body, duplex: 'half' });\n"
      "return { data: await response.text() };");
  const auto request = NextRequest();
  EXPECT_TRUE(request.body());
  EXPECT_FALSE(request.has_body_bytes());
  std::uint64_t credit = proto::kInitialCredit;
  std::uint64_t received = 0;
  for (bool last = false; !last;) {
    if (credit == 0) {
      credit = 100'000;
      Credit(1, credit);
    }
    const auto chunk = Expect(proto::FromCell::kRequestBody).request_body();
    ASSERT_LE(chunk.data().size(), credit);
    ASSERT_LE(chunk.data().size(), proto::kMaxBodyChunkBytes);
    credit -= chunk.data().size();
    received += chunk.data().size();
    last = chunk.last();
  }
  EXPECT_EQ(received, 1'600'000U);
  cell.RespondHead(1, 200, true);
  cell.RespondBody(1, "done", true);
  EXPECT_EQ(Finish(), "\"done\"");
}

TEST_F(FetchTest, CancellingTheBodyCancelsTheCall) {
  StartFlow(
      "const response = await fetch('https://a.test/');\n"
      "const reader = response.body.getReader(); const { value } = await reader.read(); await reader.cancel();\n"
      "await new Promise((r) => setTimeout(r, 1)); return { data: value.length };");
  NextRequest();
  cell.RespondHead(1, 200, true);
  cell.RespondBody(1, "abc", false);
  EXPECT_EQ(Expect(proto::FromCell::kResponseCredit).response_credit().bytes(), 3U);
  EXPECT_EQ(Expect(proto::FromCell::kCancelCall).cancel_call().call(), 1U);
  cell.RespondBody(1, "was under way", false);  // to be ignored
  cell.RespondBody(1, std::string(200'000, 'x'), false);
  EXPECT_EQ(Finish(), "3");
}

TEST_F(FetchTest, AnAbortCancelsTheCall) {
  StartFlow(
      "const controller = new AbortController(); setTimeout(() => controller.abort(), 10);\n"
      "try { await fetch('https://a.test/', { signal: controller.signal }); } catch (e) {\n"
      "  return { data: [e.name, e instanceof DOMException, e === controller.signal.reason] }; }");
  EXPECT_EQ(Expect(proto::FromCell::kTimerRequest).timer_request().delay_ms(), 10U);
  EXPECT_EQ(NextRequest().call(), 2U);
  cell.FireTimer(1);
  EXPECT_EQ(Expect(proto::FromCell::kCancelCall).cancel_call().call(), 2U);
  EXPECT_EQ(Finish(), R"(["AbortError",true,true])");
}

TEST_F(FetchTest, AnAbortEndsTheBodyToo) {
  StartFlow(
      "const signal = AbortSignal.timeout(50); const response = await fetch('https://a.test/', { signal });\n"
      "try { await response.text(); } catch (e) { return { data: e.name }; }");
  Expect(proto::FromCell::kTimerRequest);
  EXPECT_EQ(NextRequest().call(), 2U);
  cell.RespondHead(2, 200, true);
  cell.RespondBody(2, "begin", false);
  Expect(proto::FromCell::kResponseCredit);
  cell.FireTimer(1);
  Expect(proto::FromCell::kCancelCall);
  EXPECT_EQ(Finish(), R"("TimeoutError")");
}

TEST_F(FetchTest, AFailureIsATypeErrorWithItsCause) {
  StartFlow("await fetch('https://evil.test/');");
  NextRequest();
  Fail(1, proto::CallFailed::REFUSED, "https://evil.test is not among the origins of the grant.");
  const auto end = cell.RunToEnd();
  ASSERT_TRUE(end);
  const auto& thrown = end->result().thrown();
  EXPECT_EQ(thrown.name(), "TypeError");
  EXPECT_EQ(thrown.message(), "fetch failed: https://evil.test is not among the origins of the grant.");
  ASSERT_EQ(thrown.causes_size(), 1);
  EXPECT_EQ(thrown.causes(0).message(), "https://evil.test is not among the origins of the grant.");
}

TEST_F(FetchTest, AFailureNamesItsKind) {
  StartFlow("try { await fetch('https://a.test/'); } catch (e) { return { data: e.cause.kind }; }");
  NextRequest();
  Fail(1, proto::CallFailed::TIMEOUT, "late");
  EXPECT_EQ(Finish(), R"("timeout")");
}

TEST_F(FetchTest, AResponseThatBreaksOffFailsItsReader) {
  StartFlow(
      "const r = await fetch('https://a.test/'); try { await r.text(); } catch (e) { return { data: e.message }; }");
  NextRequest();
  cell.RespondHead(1, 200, true);
  cell.RespondBody(1, "half", false);
  Expect(proto::FromCell::kResponseCredit);
  Fail(1, proto::CallFailed::NETWORK, "The connection was reset.");
  EXPECT_EQ(Finish(), R"("fetch failed: The connection was reset.")");
}

TEST_F(FetchTest, CallsRunBesideEachOther) {
  StartFlow(
      "const texts = await Promise.all(['a', 'b', 'c'].map(async (p) => (await fetch('https://a.test/' + "
      "p)).text()));\n"
      "return { data: texts };");
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(NextRequest().call(), static_cast<std::uint64_t>(i));
  for (const std::uint64_t call : {3, 1, 2}) cell.RespondHead(call, 200, true);
  for (const std::uint64_t call : {2, 3, 1}) cell.RespondBody(call, "r" + std::to_string(call), true);
  EXPECT_EQ(Finish(), R"(["r1","r2","r3"])");
}

TEST_F(FetchTest, ResponsesWithoutABody) {
  StartFlow(
      "const a = await fetch('https://a.test/', { method: 'DELETE' });\n"
      "return { data: [a.status, a.body, await a.text()] };");
  NextRequest();
  cell.RespondHead(1, 204, false);
  EXPECT_EQ(Finish(), R"([204,null,""])");
}

TEST_F(FetchTest, InvalidRequestsNeverLeaveTheCell) {
  EXPECT_EQ(
      Output("const said = []; for (const args of [['nonsense'], ['ftp://a.test/'], ['https://u:p@a.test/'],\n"
             "  ['https://a.test/', { headers: { 'a b': 'c' } }], ['https://a.test/', { headers: { a: 'x\\ny' } }],\n"
             "  ['https://a.test/', { method: 'TRACE' }], ['https://a.test/', { body: 'x' }],\n"
             "  ['https://a.test/', { method: 'POST', body: new ReadableStream() }],\n"
             "  ['https://a.test/' + 'x'.repeat(3e5)]]) {\n"
             "  try { await fetch(...args); said.push('sent'); } catch (e) { said.push(e.name); } }\n"
             "return { data: [...new Set(said), said.length] };"),
      R"(["TypeError",9])");
}

TEST_F(FetchTest, DataUrlsNeedNoEngine) {
  EXPECT_EQ(Output("const a = await fetch('data:,'); const b = await fetch('data:text/html;base64,PGI+');\n"
                   "return { data: [await a.text(), a.headers.get('content-type'), await b.text(), (await "
                   "fetch('data:,a%20b')).status] };"),
            R"(["","text/plain;charset=US-ASCII","<b>",200])");
}

TEST_F(FetchTest, ClonesAndTees) {
  StartFlow(
      "const r = await fetch('https://a.test/'); const c = r.clone();\n"
      "return { data: [await r.text(), await c.text(), r.bodyUsed] };");
  NextRequest();
  cell.RespondHead(1, 200, true);
  cell.RespondBody(1, "twice", true);
  EXPECT_EQ(Finish(), R"(["twice","twice",true])");
}

// What a script has replaced has no say in what is sent.
TEST_F(FetchTest, PatchedPrototypesDoNotReachARequest) {
  StartFlow(R"(
      for (const name of ["includes", "substring", "slice", "trim"]) {
        String.prototype[name] = () => ({ toString: () => "lie" });
      }
      Array.prototype.slice = () => ["x-lie", "lie"];
      Array.prototype.constructor = { [Symbol.species]: function () { return { length: 2, 0: "x-lie", 1: {} }; } };
      for (const name of ["bytes", "size", "stream", "pieces"]) {
        Object.defineProperty(Object.prototype, name, { configurable: true, get: () => ({}), set() {} });
      }
      const response = await fetch("https://api.test/", { method: "POST", headers: { a: " b " }, body: new Blob(["c"]) });
      return { data: response.status };)");
  const auto request = Expect(proto::FromCell::kHttpRequest).http_request();
  ASSERT_EQ(request.headers_size(), 1);
  EXPECT_EQ(request.headers(0).name(), "a");
  EXPECT_EQ(request.headers(0).value(), "b");
  std::string body;
  for (bool last = false; !last;) {
    const auto chunk = Expect(proto::FromCell::kRequestBody).request_body();
    body += chunk.data();
    last = chunk.last();
  }
  EXPECT_EQ(body, "c");
  cell.RespondHead(request.call(), 200, false);
  const auto end = cell.RunToEnd();
  ASSERT_TRUE(end && end->result().succeeded()) << (end ? Describe(*end) : "");
  EXPECT_EQ(cell.output, "200");
}

}  // namespace
}  // namespace warder::cell
