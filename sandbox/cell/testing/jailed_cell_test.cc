// The cell in its real jail: the image, the launcher, the zygote and its filter. What a cell does there must need
// nothing that the filter does not allow.
//
// usage: jailed_cell_test LAUNCHER IMAGE_ROOT fresh|warm jitless|jit [gtest flags]
// With WARDER_HOSTILE=1 in the environment IMAGE_ROOT is the hostile image.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "sandbox/cell/testing/test_engine.h"
#include "sandbox/zygote/launcher.h"

namespace warder::cell {
namespace {

std::string launcher_path;
std::string image_root;
zygote::StartMode start_mode;
zygote::CellProfile profile;

class JailedCellTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    zygote::LaunchOptions options;
    options.launcher_path = launcher_path;
    options.image_root = image_root;
    options.start_mode = start_mode;
    options.profile = profile;
    options.permit_degraded.emplace_back("landlock");  // its own tests insist on it
    auto launched = zygote::Zygote::Launch(options);
    ASSERT_TRUE(launched.has_value()) << launched.error().message;
    host = std::make_unique<zygote::Zygote>(std::move(launched.value()));
    const auto ready = host->WaitReady();
    ASSERT_TRUE(ready.has_value()) << ready.error().message;
  }
  static void TearDownTestSuite() { host.reset(); }

  void Spawn(TestEngine& engine) {
    int ends[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    engine.Attach(UniqueFd(ends[0]));
    const std::uint64_t code = profile == zygote::CellProfile::kJit ? zygote::kCodeRangeBytes : 0;
    const auto spawned =
        host->Spawn(++last_id, UniqueFd(ends[1]), {.data_bytes = (std::uint64_t{192} << 20) + code, .cpu_seconds = 20});
    ASSERT_TRUE(spawned.has_value()) << spawned.error().message;
  }

  // The zygote's reports would pile up; what became of a cell the tests see on its socket.
  void TearDown() override { ASSERT_TRUE(host->Receive().has_value()); }

  // Runs the body of a flow to its end.
  std::optional<proto::FromCell> Run(TestEngine& engine, const std::string& body) {
    Spawn(engine);
    engine.AddInput(proto::Input::MODULE, "index.js",
                    "import { flow, integration } from 'warder';\n"
                    "export default integration({ name: 'T', version: '1', flows: [flow({ name: 'T', key: 't',\n"
                    "run: async (context, event) => {" +
                        body + "} })] });");
    engine.SendStart();
    return engine.RunToEnd();
  }

  static std::unique_ptr<zygote::Zygote> host;
  static std::uint64_t last_id;
};

std::unique_ptr<zygote::Zygote> JailedCellTest::host;
std::uint64_t JailedCellTest::last_id = 0;

TEST_F(JailedCellTest, RunsAFlow) {
  TestEngine engine;
  const auto end = Run(engine, R"(
    console.log(new Date().toString(), new Date().toLocaleString("de", { timeZone: "Europe/Berlin", timeZoneName: "long" }));
    await new Promise((resolve) => setTimeout(resolve, 10));
    return { data: [Math.random() < 1, new URL("/x", "https://ü.test").href, [3, 1].toSorted().join()] };)");
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->result().succeeded()) << Describe(*end);
  EXPECT_EQ(engine.output, R"([true,"https://xn--tda.test/x","1,3"])");
}

TEST_F(JailedCellTest, ResizableBuffersAreBoundedByTheProcessLimit) {
  TestEngine engine;
  const auto end = Run(engine, R"(
    const buffer = new ArrayBuffer(8, { maxByteLength: 4e8 });
    try { buffer.resize(3e8); return { data: "grown" }; } catch (e) { return { data: e.name }; })");
  ASSERT_TRUE(end);
  EXPECT_EQ(engine.output, "\"RangeError\"") << Describe(*end);
}

// OpenSSL has its own ideas of where randomness, time and configurations come from; here none of them may be asked.
TEST_F(JailedCellTest, CryptographyNeedsNoOtherCall) {
  TestEngine engine;
  const auto end = Run(engine, R"(
    const s = crypto.subtle; const data = new Uint8Array(1000); const said = [];
    const rsa = { hash: "SHA-256", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) };
    for (const [key, by, usages] of [[{ ...rsa, name: "RSA-PSS" }, { name: "RSA-PSS", saltLength: 32 }, ["sign", "verify"]],
        [{ ...rsa, name: "RSASSA-PKCS1-v1_5" }, "RSASSA-PKCS1-v1_5", ["sign", "verify"]],
        [{ name: "ECDSA", namedCurve: "P-521" }, { name: "ECDSA", hash: "SHA-512" }, ["sign", "verify"]],
        [{ name: "Ed25519" }, "Ed25519", ["sign", "verify"]]]) {
      const { publicKey, privateKey } = await s.generateKey(key, true, usages);
      const signature = await s.sign(by, privateKey, data);
      for (const [format, k, use] of [["spki", publicKey, "verify"], ["pkcs8", privateKey, "sign"], ["jwk", privateKey, "sign"]]) {
        await s.importKey(format, await s.exportKey(format, k), key, true, [use]);
      }
      said.push(await s.verify(by, publicKey, signature, data));
    }
    const oaep = await s.generateKey({ ...rsa, name: "RSA-OAEP" }, false, ["encrypt", "decrypt"]);
    said.push((await s.decrypt("RSA-OAEP", oaep.privateKey, await s.encrypt("RSA-OAEP", oaep.publicKey, data.slice(0, 9)))).byteLength);
    for (const name of ["AES-GCM", "AES-CBC", "AES-CTR"]) {
      const p = { name, iv: new Uint8Array(16), counter: new Uint8Array(16), length: 64 };
      const key = await s.generateKey({ name, length: 256 }, false, ["encrypt", "decrypt"]);
      said.push((await s.decrypt(p, key, await s.encrypt(p, key, data))).byteLength);
    }
    for (const a of [{ name: "ECDH", namedCurve: "P-384" }, { name: "X25519" }]) {
      const { publicKey, privateKey } = await s.generateKey(a, false, ["deriveKey"]);
      const key = await s.deriveKey({ name: a.name, public: publicKey }, privateKey, { name: "HMAC", hash: "SHA-1", length: 256 }, false, ["sign"]);
      said.push((await s.sign("HMAC", key, data)).byteLength);
    }
    const base = (name) => s.importKey("raw", data, name, false, ["deriveBits"]);
    said.push((await s.deriveBits({ name: "HKDF", hash: "SHA-384", salt: data, info: data }, await base("HKDF"), 256)).byteLength,
      (await s.deriveBits({ name: "PBKDF2", hash: "SHA-1", salt: data, iterations: 9 }, await base("PBKDF2"), 256)).byteLength,
      await s.importKey("spki", data, "Ed25519", true, ["verify"]).catch((e) => e.name));
    return { data: said };)");
  ASSERT_TRUE(end);
  EXPECT_EQ(engine.output, R"([true,true,true,true,9,1000,1000,1000,20,20,32,32,"DataError"])") << Describe(*end);
}

TEST_F(JailedCellTest, OnlyTheHostileImageHasSystemCalls) {
  TestEngine engine;
  const auto end = Run(engine, "return { data: [typeof __syscall, typeof __int80] };");
  ASSERT_TRUE(end);
  EXPECT_EQ(engine.output,
            std::getenv("WARDER_HOSTILE") != nullptr ? R"(["function","function"])" : R"(["undefined","undefined"])");
}

TEST_F(JailedCellTest, ASystemCallOutsideOfTheTableIsAViolation) {
  TestEngine engine;
  const auto end = Run(engine, "__syscall(41, 2, 1, 0); return { data: 'lived' };");
  ASSERT_TRUE(end);
  EXPECT_EQ(end->violation().syscall(), 41) << Describe(*end);
}

struct Bomb {
  const char* name;
  const char* body;
  proto::Stopped::Reason stopped;
  proto::ThrownError::Ceiling ceiling;
};

class BombTest : public JailedCellTest, public testing::WithParamInterface<Bomb> {};

TEST_P(BombTest, EndsWithTheRightFrame) {
  TestEngine engine;
  const auto end = Run(engine, GetParam().body);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->stopped().reason(), GetParam().stopped) << Describe(*end);
  EXPECT_EQ(end->result().thrown().ceiling(), GetParam().ceiling) << Describe(*end);
}

constexpr Bomb kBombs[] = {
    {"Objects", "const a = []; for (;;) a.push({ x: [1] });", proto::Stopped::HEAP, proto::ThrownError::NONE},
    {"Numbers", "const a = []; for (;;) a.push(1.5);", proto::Stopped::HEAP, proto::ThrownError::NONE},
    {"Strings", "const a = []; for (let i = 0;; ++i) a.push('x'.repeat(1e6) + i);", proto::Stopped::HEAP,
     proto::ThrownError::NONE},
    {"FlatStrings", "const a = []; for (let i = 0;; ++i) a.push(Array(1e6).fill(i).join());", proto::Stopped::HEAP,
     proto::ThrownError::NONE},
    {"Map", "const m = new Map(); for (let i = 0;; ++i) m.set(i, { i });", proto::Stopped::HEAP,
     proto::ThrownError::NONE},
    {"Clones", "const a = []; for (;;) a.push(structuredClone(Array(1e5).fill('abc')));", proto::Stopped::HEAP,
     proto::ThrownError::NONE},
    {"Buffers", "const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1));", proto::Stopped::REASON_UNSPECIFIED,
     proto::ThrownError::ARRAY_BUFFER},
    {"StringLength", "let s = 'ab'; for (;;) s += s;", proto::Stopped::REASON_UNSPECIFIED, proto::ThrownError::STRING},
};
INSTANTIATE_TEST_SUITE_P(All, BombTest, testing::ValuesIn(kBombs),
                         [](const auto& bomb) { return std::string(bomb.param.name); });

}  // namespace
}  // namespace warder::cell

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  const auto mode = argc == 5 ? warder::zygote::FindStartMode(argv[3]) : std::nullopt;
  const auto profile = argc == 5 ? warder::zygote::FindCellProfile(argv[4]) : std::nullopt;
  if (!mode || !profile) return 2;
  warder::cell::start_mode = *mode;
  warder::cell::profile = *profile;
  warder::cell::launcher_path = argv[1];
  warder::cell::image_root = argv[2];
  return RUN_ALL_TESTS();
}
