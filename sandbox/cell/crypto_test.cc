// crypto.subtle: published vectors, what must be refused, and that keys and randomness stay where they belong.
#include <openssl/err.h>
#include <openssl/rand.h>

#include <csignal>

#include "sandbox/cell/testing/fixture.h"
#include "sandbox/crypto/seed_provider.h"

namespace warder::cell {
namespace {

// What the bodies below share. `un` and `hex` convert, `all` is every verdict, `no` the name of an error.
constexpr const char* kPrelude = R"(
  const s = crypto.subtle;
  const hex = (b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, "0")).join("");
  const un = (h) => Uint8Array.from(h.replaceAll(" ", "").match(/../g) ?? [], (x) => parseInt(x, 16));
  const utf8 = (t) => new TextEncoder().encode(t);
  const no = async (f) => { try { await f(); return "none"; } catch (e) { return e.name; } };
  const rsa = (name, hash = "SHA-256") =>
    ({ name, hash, modulusLength: 1024, publicExponent: Uint8Array.of(1, 0, 1) });
  const flipped = (b, at) => { const c = new Uint8Array(b).slice(); c[at < 0 ? c.length + at : at] ^= 1; return c; };
)";

class CryptoTest : public CellTest {
 protected:
  std::string Crypto(const std::string& body) { return Output(kPrelude + body); }

  static std::string RunWithSeed(char seed, const std::string& body) {
    TestCell cell(Program());
    cell.start.set_seed(std::string(32, seed));
    cell.AddInput(proto::Input::MODULE, "index.js", FlowWith(kPrelude + body));
    cell.SendStart();
    const auto end = cell.RunToEnd();
    return end && end->result().succeeded() ? cell.output : "failed";
  }
};

// FIPS 180-4, the examples of one block.
TEST_F(CryptoTest, Digests) {
  EXPECT_EQ(Crypto(R"(return { data: await Promise.all(["SHA-1", { name: "sha-256" }, "SHA-384", "sHa-512"]
        .map(async (a) => hex(await s.digest(a, utf8("abc"))))) };)"),
            R"(["a9993e364706816aba3e25717850c26c9cd0d89d",)"
            R"("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",)"
            R"("cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",)"
            R"("ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd)"
            R"(454d4423643ce80e2a9ac94fa54ca49f"])");
}

// RFC 4231, test cases 1, 2 and 6; RFC 2202, test case 1.
TEST_F(CryptoTest, Hmacs) {
  EXPECT_EQ(Crypto(R"(
    const mac = async (hash, key, data) => {
      const k = await s.importKey("raw", key, { name: "HMAC", hash }, false, ["sign", "verify"]);
      const m = await s.sign("HMAC", k, data);
      return [hex(m), await s.verify("HMAC", k, m, data), await s.verify("HMAC", k, flipped(m, 0), data),
        await s.verify("HMAC", k, m.slice(1), data), await s.verify("HMAC", k, new Uint8Array(0), data)];
    };
    const k1 = new Uint8Array(20).fill(0x0b);
    const all = [await mac("SHA-256", k1, utf8("Hi There")),
      await mac("SHA-256", utf8("Jefe"), utf8("what do ya want for nothing?")),
      await mac("SHA-256", new Uint8Array(131).fill(0xaa), utf8("Test Using Larger Than Block-Size Key - Hash Key First")),
      await mac("SHA-1", k1, utf8("Hi There"))];
    return { data: [all.map((a) => a[0]), new Set(all.map((a) => a.slice(1).join())).size, all[0].slice(1)] };)"),
            R"([["b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",)"
            R"("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",)"
            R"("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",)"
            R"("b617318655057264e28bc0b6fb378c8ef146be00"],1,[true,false,false,false]])");
}

// McGrew and Viega, "The Galois/Counter Mode of Operation", test case 4; what is not authentic is refused.
TEST_F(CryptoTest, AesGcm) {
  EXPECT_EQ(
      Crypto(R"(
    const k = await s.importKey("raw", un("feffe9928665731c6d6a8f9467308308"), "AES-GCM", false, ["encrypt", "decrypt"]);
    const p = { name: "AES-GCM", iv: un("cafebabefacedbaddecaf888"), additionalData: un("feedfacedeadbeeffeedfacedeadbeefabaddad2") };
    const text = un("d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39");
    const c = await s.encrypt(p, k, text);
    return { data: [hex(c), hex(await s.decrypt(p, k, c)) === hex(text),
      await no(() => s.decrypt(p, k, flipped(c, 0))), await no(() => s.decrypt(p, k, flipped(c, -1))),
      await no(() => s.decrypt(p, k, c.slice(0, 15))), await no(() => s.decrypt(p, k, c.slice(0, -1))),
      await no(() => s.decrypt({ ...p, additionalData: un("00") }, k, c)), await no(() => s.decrypt({ ...p, iv: un("00") }, k, c)),
      await no(() => s.encrypt({ ...p, tagLength: 8 }, k, c)), await no(() => s.encrypt({ ...p, iv: un("") }, k, c)),
      (await s.encrypt({ ...p, tagLength: 96 }, k, text)).byteLength - text.length,
      await no(() => s.decrypt({ ...p, tagLength: 96 }, k, c))] };)"),
      R"(["42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091)"
      R"(5bc94fbc3221a5db94fae95ae7121a47",true,"OperationError","OperationError","OperationError","OperationError",)"
      R"("OperationError","OperationError","OperationError","OperationError",12,"OperationError"])");
}

// NIST SP 800-38A, F.2.1 and F.5.1, first blocks; RFC 3394, section 4.1.
TEST_F(CryptoTest, OtherModesOfAes) {
  EXPECT_EQ(
      Crypto(R"(
    const raw = un("2b7e151628aed2a6abf7158809cf4f3c");
    const block = un("6bc1bee22e409f96e93d7e117393172a");
    const key = (name) => s.importKey("raw", raw, name, false, ["encrypt", "decrypt"]);
    const cbc = { name: "AES-CBC", iv: un("000102030405060708090a0b0c0d0e0f") };
    const ctr = { name: "AES-CTR", counter: un("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"), length: 64 };
    const c = await s.encrypt(cbc, await key("AES-CBC"), block);
    const w = await s.importKey("raw", un("000102030405060708090A0B0C0D0E0F"), "AES-KW", false, ["wrapKey", "unwrapKey"]);
    const inner = await s.importKey("raw", un("00112233445566778899AABBCCDDEEFF"), "AES-CBC", true, ["encrypt"]);
    const wrapped = await s.wrapKey("raw", inner, w, "AES-KW");
    const unwrap = (b) => s.unwrapKey("raw", b, w, "AES-KW", "AES-CBC", true, ["encrypt"]);
    return { data: [hex(c).slice(0, 32), hex(await s.decrypt(cbc, await key("AES-CBC"), c)),
      await no(async () => s.decrypt(cbc, await key("AES-CBC"), c.slice(1))),
      await no(async () => s.encrypt({ ...cbc, iv: un("00") }, await key("AES-CBC"), c)),
      hex(await s.encrypt(ctr, await key("AES-CTR"), block)), hex(wrapped),
      hex(await s.exportKey("raw", await unwrap(wrapped))), await no(() => unwrap(flipped(wrapped, 3))),
      await no(() => unwrap(wrapped.slice(0, 16)))] };)"),
      R"(["7649abac8119b246cee98e9b12e9197d","6bc1bee22e409f96e93d7e117393172a","OperationError","OperationError",)"
      R"("874d6191b620e3261bef6864990db6ce","1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5",)"
      R"("00112233445566778899aabbccddeeff","OperationError","OperationError"])");
}

// Only the counter's low bits count: each block is what it is alone with its own counter block.
TEST_F(CryptoTest, TheCounterOfCtrWraps) {
  EXPECT_EQ(Crypto(R"(
    const k = await s.generateKey({ name: "AES-CTR", length: 128 }, false, ["encrypt"]);
    const said = [];
    for (const [length, first] of [[1, 1], [3, 6], [4, 15], [8, 250], [12, 4090], [64, 5], [128, 255]]) {
      const counter = new Uint8Array(16).fill(length === 128 ? 255 : 0xa0);
      const mask = length > 32 ? -1 : 2 ** length - 1;
      const at = (i) => {
        const c = counter.slice();
        if (length === 128) { if (i > 0) { c.fill(0); c[15] = i - 1; } return c; }
        const n = length > 32 ? first + i : ((first + i) & mask) >>> 0;
        const view = new DataView(c.buffer);
        if (length > 32) view.setUint32(12, n); else view.setUint32(12, ((view.getUint32(12) & ~mask) | n) >>> 0);
        return c;
      };
      const blocks = Math.min(2 ** length, 9);
      const data = new Uint8Array(16 * blocks - 3).fill(9);
      const whole = hex(await s.encrypt({ name: "AES-CTR", counter: at(0), length }, k, data));
      let parts = "";
      for (let i = 0; i < blocks; ++i) {
        parts += hex(await s.encrypt({ name: "AES-CTR", counter: at(i), length: 1 }, k, data.slice(16 * i, 16 * i + 16)));
      }
      said.push(whole === parts, await no(() => s.encrypt({ name: "AES-CTR", counter, length }, k, new Uint8Array(
        length < 9 ? 16 * 2 ** length + 1 : 1))));
    }
    return { data: said };)"),
            R"([true,"OperationError",true,"OperationError",true,"OperationError",true,"OperationError",)"
            R"(true,"none",true,"none",true,"none"])");
}

// RFC 5869, test cases 1 and 3; RFC 6070 and its counterpart for SHA-256 (RFC 7914, section 11).
TEST_F(CryptoTest, DerivedBits) {
  EXPECT_EQ(Crypto(R"(
    const bits = async (name, raw, params, n) => hex(await s.deriveBits({ name, ...params },
      await s.importKey("raw", raw, name, false, ["deriveBits"]), n));
    const ikm = new Uint8Array(22).fill(0x0b);
    return { data: [
      await bits("HKDF", ikm, { hash: "SHA-256", salt: un("000102030405060708090a0b0c"), info: un("f0f1f2f3f4f5f6f7f8f9") }, 336),
      await bits("HKDF", ikm, { hash: "SHA-256", salt: un(""), info: un("") }, 336),
      await bits("PBKDF2", utf8("password"), { hash: "SHA-1", salt: utf8("salt"), iterations: 4096 }, 160),
      await bits("PBKDF2", utf8("passwd"), { hash: "SHA-256", salt: utf8("salt"), iterations: 1 }, 512),
      await no(() => bits("PBKDF2", utf8("x"), { hash: "SHA-1", salt: utf8("salt"), iterations: 0 }, 160)),
      await no(() => bits("HKDF", ikm, { hash: "SHA-256", salt: un(""), info: un("") }, 256 * 255 + 8)),
      await no(() => bits("PBKDF2", utf8("x"), { hash: "SHA-1", salt: utf8("salt"), iterations: 1 }, 2 ** 32 - 8))] };)"),
            R"(["3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",)"
            R"("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",)"
            R"("4b007901b765489abead49d926f721d065a429c1",)"
            R"("55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc)"
            R"(49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",)"
            R"("OperationError","OperationError","OperationError"])");
}

// RFC 8032, section 7.1, test 2; RFC 7748, section 6.1.
TEST_F(CryptoTest, TheCurvesOfRfc7748) {
  EXPECT_EQ(Crypto(R"(
    const pkcs8 = (oid, raw) => un(`302e0201003005060${oid}04220420${raw}`);
    const ed = await s.importKey("pkcs8", pkcs8("32b6570", "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"), "Ed25519", true, ["sign"]);
    const x = (await s.exportKey("jwk", ed)).x;
    const pub = await s.importKey("jwk", { kty: "OKP", crv: "Ed25519", x }, "Ed25519", true, ["verify"]);
    const sig = await s.sign("Ed25519", ed, un("72"));
    const a = await s.importKey("pkcs8", pkcs8("32b656e", "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"), "X25519", true, ["deriveBits"]);
    const b = await s.importKey("raw", un("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"), "X25519", true, []);
    const zero = await s.importKey("raw", new Uint8Array(32), "X25519", true, []);
    return { data: [hex(await s.exportKey("raw", pub)), hex(sig), await s.verify("Ed25519", pub, sig, un("72")),
      await s.verify("Ed25519", pub, sig, un("73")), await s.verify("Ed25519", pub, flipped(sig, 40), un("72")),
      await s.verify("Ed25519", pub, sig.slice(1), un("72")),
      hex(await s.deriveBits({ name: "X25519", public: b }, a)),
      await no(() => s.deriveBits({ name: "X25519", public: zero }, a))] };)"),
            R"(["3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",)"
            R"("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da)"
            R"(085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",true,false,false,false,)"
            R"("4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742","OperationError"])");
}

// RFC 6979, section A.2.5: the key and a signature that are published; r and s at their bounds are no signatures.
TEST_F(CryptoTest, Ecdsa) {
  EXPECT_EQ(Crypto(R"(
    const url = (h) => btoa(String.fromCharCode(...un(h))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    const a = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
    const jwk = { kty: "EC", crv: "P-256", x: url("60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"),
      y: url("7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299") };
    const pub = await s.importKey("jwk", jwk, a, true, ["verify"]);
    const priv = await s.importKey("jwk", { ...jwk, d: url("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721") }, a, false, ["sign"]);
    const r = "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716";
    const sv = "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";
    const n = "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
    const z = "00".repeat(32);
    const ok = (sig, text = "sample") => s.verify(a, pub, typeof sig === "string" ? un(sig) : sig, utf8(text));
    const mine = await s.sign(a, priv, utf8("sample"));
    const said = [await ok(r + sv), await ok(r + sv, "other"), await ok(mine), mine.byteLength];
    for (const bad of [z + z, r + z, z + sv, n + sv, r + n, "FF".repeat(64), r, r + sv + "00", "", "3044" + r + sv]) said.push(await ok(bad));
    return { data: said };)"),
            "[true,false,true,64,false,false,false,false,false,false,false,false,false,false]");
}

TEST_F(CryptoTest, RsaSignaturesAndEncryption) {
  EXPECT_EQ(Crypto(R"(
    const data = utf8("data"); const said = [];
    for (const name of ["RSASSA-PKCS1-v1_5", "RSA-PSS"]) {
      const { publicKey, privateKey } = await s.generateKey(rsa(name), false, ["sign", "verify"]);
      const a = { name, saltLength: 20 };
      const sig = await s.sign(a, privateKey, data);
      const longer = new Uint8Array(sig.byteLength + 1); longer.set(new Uint8Array(sig));
      said.push(sig.byteLength, await s.verify(a, publicKey, sig, data), await s.verify(a, publicKey, sig, utf8("date")),
        await s.verify(a, publicKey, flipped(sig, 5), data), await s.verify(a, publicKey, longer, data),
        await s.verify(a, publicKey, sig.slice(1), data), await s.verify(a, publicKey, new Uint8Array(128), data),
        await s.verify({ name, saltLength: 21 }, publicKey, sig, data), await no(() => s.sign(a, publicKey, data)),
        await no(() => s.sign({ name, saltLength: 200 }, privateKey, data)));
    }
    const { publicKey, privateKey } = await s.generateKey(rsa("RSA-OAEP"), false, ["encrypt", "decrypt"]);
    const c = await s.encrypt({ name: "RSA-OAEP", label: data }, publicKey, data);
    const again = await s.encrypt({ name: "RSA-OAEP", label: data }, publicKey, data);
    said.push(hex(await s.decrypt({ name: "RSA-OAEP", label: data }, privateKey, c)), hex(c) === hex(again),
      await no(() => s.decrypt("RSA-OAEP", privateKey, c)), await no(() => s.decrypt({ name: "RSA-OAEP", label: data }, privateKey, flipped(c, 9))),
      await no(() => s.encrypt("RSA-OAEP", publicKey, new Uint8Array(63))), await no(() => s.encrypt("RSA-OAEP", publicKey, new Uint8Array(62))),
      await no(() => s.generateKey({ ...rsa("RSA-PSS"), modulusLength: 511 }, true, ["sign"])),
      await no(() => s.generateKey({ ...rsa("RSA-PSS"), modulusLength: 2 ** 32 }, true, ["sign"])),
      await no(() => s.generateKey({ ...rsa("RSA-PSS"), publicExponent: Uint8Array.of(4) }, true, ["sign"])),
      await no(() => s.generateKey({ ...rsa("RSA-PSS"), publicExponent: Uint8Array.of(1) }, true, ["sign"])));
    return { data: said };)"),
            R"([128,true,false,false,false,false,false,true,"InvalidAccessError","none",)"
            R"(128,true,false,false,false,false,false,false,"InvalidAccessError","OperationError",)"
            R"("64617461",false,"OperationError","OperationError","OperationError","none",)"
            R"("OperationError","TypeError","OperationError","OperationError"])");
}

// Keys of every format go out and come in again, and everything near them is refused.
TEST_F(CryptoTest, NoBrokenKeyComesIn) {
  EXPECT_EQ(Crypto(R"(
    const said = {};
    for (const [a, usages] of [[rsa("RSA-PSS"), ["sign", "verify"]], [{ name: "ECDSA", namedCurve: "P-256" }, ["sign", "verify"]],
        [{ name: "ECDH", namedCurve: "P-521" }, ["deriveBits"]], [{ name: "Ed25519" }, ["sign", "verify"]], [{ name: "X25519" }, ["deriveBits"]]]) {
      const pair = await s.generateKey(a, true, usages);
      const privateUse = [usages[0]], publicUse = usages.slice(1);
      const spki = await s.exportKey("spki", pair.publicKey), pkcs8 = await s.exportKey("pkcs8", pair.privateKey);
      const jwk = await s.exportKey("jwk", pair.privateKey);
      const list = [];
      const refuse = async (format, data, use) => { const e = await no(() => s.importKey(format, data, a, true, use)); if (e !== "DataError") list.push([format, e]); };
      for (const [format, der, use] of [["spki", spki, publicUse], ["pkcs8", pkcs8, privateUse]]) {
        const key = await s.importKey(format, der, a, true, use);
        if (hex(await s.exportKey(format, key)) !== hex(der)) list.push(format);
        const longer = new Uint8Array(der.byteLength + 1); longer.set(new Uint8Array(der));
        await refuse(format, longer, use);
        for (let cut = 0; cut < der.byteLength; cut += 1 + (cut >> 3)) await refuse(format, der.slice(0, cut), use);
        await refuse(format, format === "spki" ? pkcs8 : spki, use);
        // The algorithm's identifier is near the beginning.
        for (let i = 0; i < 16; ++i) { const e = await no(() => s.importKey(format, flipped(der, i), a, true, use)); if (!["DataError", "none"].includes(e)) list.push([format, i, e]); }
      }
      const back = await s.importKey("jwk", jwk, a, true, privateUse);
      if (hex(await s.exportKey("pkcs8", back)) !== hex(pkcs8)) list.push("jwk");
      const other = await s.exportKey("jwk", (await s.generateKey(a, true, usages)).privateKey);
      for (const name of ["d", "x", "n", "p", "dp", "qi"]) if (jwk[name] !== undefined) {
        await refuse("jwk", { ...jwk, [name]: other[name] }, privateUse);  // belongs to another key
        await refuse("jwk", { ...jwk, [name]: "" }, privateUse);
        await refuse("jwk", { ...jwk, [name]: jwk[name] + "=" }, privateUse);
        await refuse("jwk", { ...jwk, [name]: " " + jwk[name] }, privateUse);
        if (name !== "d") await refuse("jwk", { ...jwk, [name]: undefined }, privateUse);
      }
      await refuse("jwk", { ...jwk, kty: "oct" }, privateUse);
      await refuse("jwk", { ...jwk, ext: false }, privateUse);
      await refuse("jwk", { ...jwk, key_ops: ["encrypt"] }, privateUse);
      await refuse("jwk", { ...jwk, key_ops: [...privateUse, ...privateUse] }, privateUse);
      said[a.name] = list;
    }
    return { data: said };)"),
            R"({"RSA-PSS":[],"ECDSA":[],"ECDH":[],"Ed25519":[],"X25519":[]})");
}

TEST_F(CryptoTest, PointsAreOnTheirCurve) {
  EXPECT_EQ(
      Crypto(R"(
    const a = { name: "ECDH", namedCurve: "P-256" };
    const { publicKey } = await s.generateKey(a, true, ["deriveBits"]);
    const raw = new Uint8Array(await s.exportKey("raw", publicKey));
    const compressed = raw.slice(0, 33); compressed[0] = 2 + (raw[64] & 1);
    const key = await s.importKey("raw", compressed, a, true, []);
    const infinity = Uint8Array.of(0), hybrid = raw.slice(); hybrid[0] = 6 + (raw[64] & 1);
    // P-256 spelled out, as RFC 3279 allows and Web Cryptography does not: the generator as a key.
    const p = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff", n = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    const g = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    const length = (n) => (n < 128 ? n.toString(16).padStart(2, "0") : "81" + n.toString(16).padStart(2, "0"));
    const tlv = (tag, ...parts) => { const body = parts.join(""); return tag + length(body.length / 2) + body; };
    const curve = tlv("30", tlv("02", "01"), tlv("30", tlv("06", "2a8648ce3d0101"), tlv("02", "00" + p)),
      tlv("30", tlv("04", p.slice(0, -2) + "fc"), tlv("04", "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b")),
      tlv("04", g), tlv("02", "00" + n), tlv("02", "01"));
    const spki = (parameters) => un(tlv("30", tlv("30", tlv("06", "2a8648ce3d0201"), parameters), tlv("03", "00" + g)));
    const named = tlv("06", "2a8648ce3d030107");
    return { data: [hex(await s.exportKey("raw", key)) === hex(raw), await no(() => s.importKey("spki", spki(named), a, true, [])),
      await no(() => s.importKey("spki", spki(curve), a, true, [])), await no(() => s.importKey("spki", spki(""), a, true, [])),
      ...await Promise.all([flipped(raw, 40), infinity, hybrid, raw.slice(1), raw.slice(0, 64), new Uint8Array(65), un("")]
        .map((b) => no(() => s.importKey("raw", b, a, true, [])))),
      await no(() => s.importKey("raw", raw, { ...a, namedCurve: "P-384" }, true, [])),
      await no(() => s.importKey("raw", raw, { ...a, namedCurve: "P-224" }, true, []))] };)"),
      R"([true,"none","DataError","DataError","DataError","DataError","DataError","DataError","DataError","DataError",)"
      R"("DataError","DataError","NotSupportedError"])");
}

TEST_F(CryptoTest, AKeyDoesOnlyWhatItIsFor) {
  EXPECT_EQ(
      Crypto(R"(
    const k = await s.generateKey({ name: "AES-GCM", length: 128 }, false, ["encrypt"]);
    const p = { name: "AES-GCM", iv: new Uint8Array(12) };
    return { data: [await no(() => s.exportKey("raw", k)), await no(() => s.exportKey("jwk", k)), await no(() => s.decrypt(p, k, new Uint8Array(32))),
      await no(() => s.encrypt({ ...p, name: "AES-CBC" }, k, new Uint8Array(1))), await no(() => s.sign("HMAC", k, new Uint8Array(1))),
      await no(() => s.wrapKey("raw", k, k, p)), await no(() => s.encrypt(p, {}, new Uint8Array(1))), await no(() => s.encrypt(p, k, "text")),
      await no(() => s.encrypt(p, k, new ArrayBuffer(1, { maxByteLength: 2 }))), await no(() => s.encrypt("nothing", k, new Uint8Array(1))),
      await no(() => s.generateKey({ name: "AES-GCM", length: 128 }, true, [])), await no(() => s.generateKey({ name: "AES-GCM", length: 129 }, true, ["encrypt"])),
      await no(() => s.generateKey({ name: "AES-GCM", length: 128 }, true, ["sign"])), await no(() => s.generateKey({ name: "AES-GCM", length: 128 }, true, ["play"])),
      await no(() => s.importKey("raw", new Uint8Array(1), "HKDF", true, ["deriveBits"])), await no(() => new CryptoKey()), await no(() => new SubtleCrypto()),
      await no(() => s.digest.call({}, "SHA-1", new Uint8Array(1))), await no(() => s.digest("SHA-1")), await no(() => s.digest("MD5", new Uint8Array(1))),
      await no(() => s.digest("\u017FHA-1", new Uint8Array(1)))] };)"),
      R"(["InvalidAccessError","InvalidAccessError","InvalidAccessError","InvalidAccessError","InvalidAccessError",)"
      R"("InvalidAccessError","TypeError","TypeError","TypeError","NotSupportedError","SyntaxError","OperationError",)"
      R"("SyntaxError","TypeError","SyntaxError","TypeError","TypeError","TypeError","TypeError","NotSupportedError",)"
      R"("NotSupportedError"])");
}

// Whatever a script has replaced, it sees the bytes of no key that is not extractable, and no native.
TEST_F(CryptoTest, NoPatchedPrototypeSeesAKey) {
  EXPECT_EQ(Output(R"(
    const seen = []; const look = (value) => { seen[seen.length] = value; };
    const { apply, getOwnPropertyDescriptor, ownKeys, defineProperty } = Reflect;
    const prototypes = [Object, Array, Map, Set, Promise, Function, String, RegExp, Symbol, Number, ArrayBuffer, DataView, Uint8Array]
      .map((c) => c.prototype); prototypes[prototypes.length] = Object.getPrototypeOf(Uint8Array.prototype);
    const U8 = Uint8Array;
    const spied = [];
    for (const proto of prototypes) for (const key of ownKeys(proto)) {
      const d = getOwnPropertyDescriptor(proto, key);
      if (key === "constructor" || !d.configurable) continue;
      for (const part of ["value", "get", "set"]) {
        const old = d[part];
        if (typeof old !== "function") continue;
        d[part] = function (...args) { look(this); for (let i = 0; i < args.length; ++i) look(args[i]); const r = apply(old, this, args); look(r); return r; };
      }
      spied[spied.length] = [proto, key, { __proto__: null, ...d }];
    }
    for (let i = 0; i < spied.length; ++i) defineProperty(...spied[i]);
    for (const name of ["Uint8Array", "ArrayBuffer", "Array", "Promise", "JSON", "TypeError", "Symbol", "Reflect"]) {
      globalThis[name] = function (...args) { for (let i = 0; i < args.length; ++i) look(args[i]); return {}; };
    }
    const s = crypto.subtle;  // is made here, of what the script has left
    for (const name of ["then", "k", "d", "toJSON", "get", "set", "value"]) {
      defineProperty(Object.prototype, name, { __proto__: null, get() { look(this); }, set(v) { look(v); }, configurable: true });
    }
    const wrapping = await s.generateKey({ name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey"]);
    const ec = { name: "ECDH", namedCurve: "P-256" };
    const pair = await s.generateKey(ec, false, ["deriveKey"]);
    const p = { name: "AES-GCM", iv: new U8(12) };
    const derived = await s.deriveKey({ name: "ECDH", public: pair.publicKey }, pair.privateKey, { name: "HMAC", hash: "SHA-256", length: 250 }, false, ["sign"]);
    const m = await s.sign("HMAC", derived, new U8(1));
    const extractable = await s.generateKey({ name: "AES-CBC", length: 128 }, true, ["encrypt"]);
    const secret = (await s.exportKey("jwk", extractable)).k;
    const wrapped = await s.wrapKey("jwk", extractable, wrapping, p);
    seen.length = 0;
    const unwrapped = await s.unwrapKey("jwk", wrapped, wrapping, p, "AES-CBC", false, ["encrypt"]);
    let bad = 0; const keys = [];
    for (let i = 0; i < seen.length; ++i) {
      const v = seen[i];
      if (typeof v === "function") { const n = getOwnPropertyDescriptor(v, "name"); if (n && `${n.value}`.slice(0, 5) === "host.") ++bad; }
      if (v === secret) ++bad;
      if (typeof v === "object" && v !== null) { const k = getOwnPropertyDescriptor(v, "k"); if (k && k.value === secret) ++bad; }
    }
    for (const key of ownKeys(unwrapped)) keys[keys.length] = key;
    return { data: { bad, keys: keys.length, type: unwrapped.type, extractable: unwrapped.extractable } };)"),
            R"({"bad":0,"keys":0,"type":"secret","extractable":false})");
}

TEST_F(CryptoTest, ResultsComeLater) {
  EXPECT_EQ(Crypto(R"(
    const order = [];
    const done = s.digest("SHA-1", new Uint8Array(1)).then(() => order.push("digest"));
    const refused = s.digest("none", new Uint8Array(1)).catch(() => order.push("refused"));
    order.push("script"); await done; await refused;
    // What a script changes afterwards does not matter.
    const data = utf8("abc"); const p = s.digest("SHA-1", data); data[0] = 0;
    return { data: [order[0], order.length, hex(await p)] };)"),
            R"(["script",3,"a9993e364706816aba3e25717850c26c9cd0d89d"])");
}

constexpr const char* kEverythingRandom = R"(
    const out = [];
    const key = await s.generateKey(rsa("RSA-PSS"), true, ["sign", "verify"]);
    out.push((await s.exportKey("jwk", key.privateKey)).d, hex(await s.sign({ name: "RSA-PSS", saltLength: 32 }, key.privateKey, utf8("x"))));
    const ec = await s.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign", "verify"]);
    out.push((await s.exportKey("jwk", ec.privateKey)).d, hex(await s.sign({ name: "ECDSA", hash: "SHA-256" }, ec.privateKey, utf8("x"))));
    const oaep = await s.generateKey(rsa("RSA-OAEP"), true, ["encrypt", "decrypt"]);
    out.push(hex(await s.encrypt("RSA-OAEP", oaep.publicKey, utf8("x"))));
    for (const [a, u] of [["Ed25519", "sign"], ["X25519", "deriveBits"]]) out.push((await s.exportKey("jwk", (await s.generateKey(a, true, [u])).privateKey)).d);
    out.push((await s.exportKey("jwk", await s.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]))).k, crypto.randomUUID(), Math.random());
    return { data: out };)";

TEST_F(CryptoTest, RandomnessFollowsTheSeed) {
  const std::string first = RunWithSeed('a', kEverythingRandom);
  ASSERT_NE(first, "failed");
  EXPECT_EQ(first, RunWithSeed('a', kEverythingRandom));
  const std::string second = RunWithSeed('b', kEverythingRandom);
  ASSERT_NE(second, "failed");
  // Not one of them is the same.
  EXPECT_EQ(Output("const a = " + first + ", b = " + second + ";\nreturn { data: a.filter((x, i) => x === b[i]) };"),
            "[]");
}

// This process is what a zygote is: nothing random comes out of its OpenSSL.
TEST_F(CryptoTest, ThereIsNoRandomnessBeforeAnExecution) {
  unsigned char bytes[16] = {};
  EXPECT_FALSE(crypto::RandomBytes(bytes, sizeof(bytes)));
  EXPECT_NE(RAND_bytes(bytes, sizeof(bytes)), 1);
  EXPECT_NE(RAND_priv_bytes(bytes, sizeof(bytes)), 1);
  ERR_clear_error();
}

TEST_F(CryptoTest, KeysAreCountedAsMemory) {
  for (const char* const body :
       {"const k = []; for (;;) k.push(await s.importKey('raw', new Uint8Array(100000), 'HKDF', false, "
        "['deriveBits']));",
        "const k = []; for (;;) k.push(await s.generateKey('Ed25519', false, ['sign', 'verify']));"}) {
    TestCell one(Program());
    one.AddInput(proto::Input::MODULE, "index.js", FlowWith(kPrelude + std::string(body)));
    one.SendStart();
    const auto end = one.RunToEnd();
    ASSERT_TRUE(end) << body;
    EXPECT_EQ(end->result().thrown().ceiling(), proto::ThrownError::ARRAY_BUFFER) << Describe(*end);
  }
}

TEST_F(CryptoTest, KeysThatAreDroppedAreGivenBack) {
  EXPECT_EQ(Crypto("for (let i = 0; i < 2000; ++i) {\n"
                   "  await s.importKey('raw', new Uint8Array(100000), 'HKDF', false, ['deriveBits']);\n}\n"
                   "return { data: 'ok' };"),
            "\"ok\"");
}

// Native code cannot be interrupted, so generating a key asks.
TEST_F(CryptoTest, GeneratingALargeKeyIsStoppedWithItsStack) {
  StartFlow(kPrelude + std::string("console.log('go');\n"
                                   "for (;;) await s.generateKey({ ...rsa('RSA-PSS'), modulusLength: 8192 }, true, "
                                   "['sign']);"));
  Expect(proto::FromCell::kLog);
  ASSERT_EQ(::kill(cell.pid(), SIGUSR1), 0);
  const auto stopped = Expect(proto::FromCell::kStopped).stopped();
  EXPECT_EQ(stopped.reason(), proto::Stopped::ASKED);
  EXPECT_NE(stopped.stack().find("(index.js:"), std::string::npos) << stopped.stack();
}

}  // namespace
}  // namespace warder::cell
