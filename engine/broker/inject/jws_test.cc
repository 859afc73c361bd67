// Against RFC 7515 appendix A, RFC 8037 appendix A.4 and RFC 4231.
#include "engine/broker/inject/jws.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <boost/json.hpp>

#include "engine/base/base64.h"
#include "engine/base/text.h"
#include "engine/broker/inject/mac.h"
#include "engine/broker/inject/testing.h"

namespace warder::broker {
namespace {

using Algorithm = JwtInjection::Algorithm;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

// {"iss":"joe",...}: the payload of RFC 7515's examples.
constexpr std::string_view kPayload =
    ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

// The keys of RFC 7515 appendix A.2 and A.3 and of RFC 8037 appendix A.1, as PKCS #8.
constexpr std::string_view kRsaKey = R"(-----BEGIN PRIVATE KEY-----
MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCh+BYK4uPJtGXO
jS1lYmM2K5J9vinh8CR3/BYlzJChNuOL2TSXxbbqY913EeZ8dCn5VrD7io8ImtxL
aYk8wTM/U+3QGbh3hCUv7JFP5IV3aVlL6kKA0ywPVb9ilE8TA5a8bpvfbr3SvaNn
juygxmj3AbONv/s4yDQs4v5tJ/reSlpIdJed1LnPmt7Ex1sFhSwsD174pcF1A5L5
ROjtZMEQxrZHYJqkeDrrnGya11UxMFBji4NmXG9veoKjlnAqH2QbgtPr8jkiGUkf
toaHLFcW9Qr4NY2ai50Xw0Byj3+H2JoY2PyrZ62EWQwuz3WTOTY8BwNNb2BvniHg
VFbK5emhAgMBAAECggEAEq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyW
PEAeP88vLNO97IjlA7/GQ5sLKMgvfTeXZx9SE+7YwVol2NXOoAJe46sui395IW/G
O+pWJ1O0BkTGoVEn2bKVRUCgu+GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzj
kn439X0M/V51gfpRLI9JYanrC4D4qAdGcopV/0ZHHzQlBjudU2QvXt4ehNYTCBr6
XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl/x/jTj3ccPDVZFD9pIuhLhBOneufuBiB
4cS98l2SR/RQyGWSeWjnczT0QU91p1DhOVRuOopznQKBgQDgHMQQ60imZV1URk0K
pLttoLhyt3SmqdEf/kgHePDdtzEafpAu+cS191R2JiuoF2yzWXnwFDcqGigp5BNr
0AHQfD8/Lk8l1Mk09jxxCfui5nYooNyac8YFjm3vItzVCVDnEd3BbVWG8qf6deqE
lMGAg+C2V0L4oNXnP7LZcPAZRwKBgQC5A8R+CZW2MvRTLLHzwZkUXV866cff7tx6
kqa0finGG0KgeqlaZPxgCZnFp7AeAcCMtiynVlJ7vMVgePsLq6XtON4tB5kP9jAP
rq3rbAOal78eUH5OcED6eNuCV8ixEu1eWcPNCS/l1OW1EnXUEoEHKl54Xrrz2uNw
kgMTP1FZ1wKBgAcCn1dwJKufzBWQxWQp1vsM5fggqPN1qGb5y0MAk3g7/Ls5bkUp
5u9SN0Ai3Ya6hNnvWJMb7sXQX6U/zyO2M/hTip7tUeh7CXgwo59dkpN75gJLVds2
9+DAncu3KXU4f2Fa+7bLNrur53k8KwPOq2bbuTG69QtV7Jr5MR0AHWKNAoGBAIf/
evpitUf+4JYbLpvNXWcY052Mpz22aR84mY3nh3F2LF2mjMJDpTg7FmuyPcVw6EcG
yoAe9fa65iNqCq+jdw6PVNGo2hxfjSiZ8IIzHdsPXI89//pMjZcQK9r+CCoRjaZj
OYiIDktVWZzmevJuv6WywUqd57LE3Zar3dLSIkx1AoGAIYd7DHOhrWvxkwPQsRM2
tOgrjbcrfvtQJipd+DlcxyVuuM9sQLdgjVk2oy26F0EmpScGLq2MowX7fhd/QJQ3
ydy5cY7YIBi87w93IKLEdfnbJtoOPLUW0ITrJReOgo1cq9SbsxYawBgfp/gh6A56
03k2+ZQwVK0JKSHuLFkuQ3U=
-----END PRIVATE KEY-----
)";
constexpr std::string_view kEcKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjpsQnnGQmL+YBIff
H1136cspYG6+0iY7X1fCE9+E9LKhRANCAAR/zc4ncPbEXUGDy+5v20t7WAczNXvp
7xO6z248e9FURcfxRM0bvZt+hyzf7bnuufSzaV1uqQskrYpGIyiFiOWt
-----END PRIVATE KEY-----
)";
constexpr std::string_view kEdKey = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
)";

std::string FromUrl(std::string text) {
  for (char& c : text) c = c == '-' ? '+' : c == '_' ? '/' : c;
  text.append((4 - text.size() % 4) % 4, '=');
  return FromBase64(text).value();
}

Key Read(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())),
                                                      BIO_free);
  return {PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr), EVP_PKEY_free};
}

std::string PemOf(const Key& key) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
  EXPECT_EQ(PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

// `signature` is raw, as tokens have it.
bool Verifies(Algorithm algorithm, std::string_view pem, std::string_view input, std::string_view signature) {
  std::string checked(signature);
  if (algorithm == Algorithm::kEs256) {
    if (signature.size() != 64) return false;
    const auto* raw = reinterpret_cast<const unsigned char*>(signature.data());
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(), ECDSA_SIG_free);
    ECDSA_SIG_set0(pair.get(), BN_bin2bn(raw, 32, nullptr), BN_bin2bn(raw + 32, 32, nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &der);
    checked.assign(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
  }
  const Key key = Read(pem);
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const char* digest = algorithm == Algorithm::kEdDsa ? nullptr : "SHA256";
  return EVP_DigestVerifyInit_ex(context.get(), nullptr, digest, nullptr, nullptr, key.get(), nullptr) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(checked.data()), checked.size(),
                          reinterpret_cast<const unsigned char*>(input.data()), input.size()) == 1;
}

TEST(HmacTest, TheVectorsOfRfc4231) {
  struct Vector {
    std::string key;
    std::string message;
    std::string sha256;
    std::string sha512;
  };
  std::string counting;
  for (char c = 1; c <= 25; ++c) counting += c;
  const Vector vectors[] = {
      {std::string(20, '\x0b'), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
       "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f17"
       "0"
       "2e696c203a126854"},
      {"Jefe", "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
       "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4"
       "b"
       "636e070a38bce737"},
      {std::string(20, '\xaa'), std::string(50, '\xdd'),
       "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
       "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807b946a337bee8942"
       "6"
       "74278859e13292fb"},
      {counting, std::string(50, '\xcd'), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
       "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063a5f19741120c4f2"
       "d"
       "e2adebeb10a298dd"},
      {std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First",
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
       "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0ae"
       "c"
       "8b915a985d786598"},
  };
  for (const Vector& vector : vectors) {
    EXPECT_EQ(HexOf(Hmac(HmacInjection::Hash::kSha256, vector.key, vector.message).view()), vector.sha256);
    EXPECT_EQ(HexOf(Hmac(HmacInjection::Hash::kSha512, vector.key, vector.message).view()), vector.sha512);
  }
  // RFC 2202, case 2.
  EXPECT_EQ(HexOf(Hmac(HmacInjection::Hash::kSha1, "Jefe", "what do ya want for nothing?").view()),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

TEST(JwsTest, Hs256OfAppendixA1) {
  const std::string key =
      FromUrl("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  const auto signature =
      JwsSignature(Algorithm::kHs256, key, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9" + std::string(kPayload));
  ASSERT_TRUE(signature) << ErrorOf(signature);
  EXPECT_EQ(Base64UrlOf(*signature), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  EXPECT_EQ(ErrorOf(JwsSignature(Algorithm::kHs256, std::string(31, 'k'), "x")),
            "HS256 needs a shared secret of 32 bytes or more");
}

TEST(JwsTest, Rs256OfAppendixA2) {
  const auto signature = JwsSignature(Algorithm::kRs256, kRsaKey, "eyJhbGciOiJSUzI1NiJ9" + std::string(kPayload));
  ASSERT_TRUE(signature) << ErrorOf(signature);
  EXPECT_EQ(
      Base64UrlOf(*signature),
      "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CU"
      "Ar7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_d"
      "O--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0ig"
      "cN_IoypGlUPQGe77Rw");
}

TEST(JwsTest, Es256OfAppendixA3) {
  const std::string input = "eyJhbGciOiJFUzI1NiJ9" + std::string(kPayload);
  // The RFC's own signature first: this is the form that is wanted.
  ASSERT_TRUE(
      Verifies(Algorithm::kEs256, kEcKey, input,
               FromUrl("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q")));
  for (int i = 0; i < 300; ++i) {  // r and s begin with a zero byte once in 256 times
    const auto signature = JwsSignature(Algorithm::kEs256, kEcKey, input);
    ASSERT_TRUE(signature) << ErrorOf(signature);
    ASSERT_EQ(signature->size(), 64U);
    ASSERT_TRUE(Verifies(Algorithm::kEs256, kEcKey, input, *signature));
  }
}

TEST(JwsTest, EdDsaOfRfc8037) {
  const auto signature =
      JwsSignature(Algorithm::kEdDsa, kEdKey, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
  ASSERT_TRUE(signature) << ErrorOf(signature);
  EXPECT_EQ(Base64UrlOf(*signature),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

TEST(JwsTest, OtherKeysAreRefused) {
  const std::string small = PemOf({EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024}), EVP_PKEY_free});
  const std::string p384 = PemOf({EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-384"), EVP_PKEY_free});
  const std::string none = "it is not an unencrypted private key in PEM (-----BEGIN PRIVATE KEY-----)";
  const std::string rsa = "it is not an RSA key, as RS256 needs";
  const std::string ec = "it is not a key on the curve P-256, as ES256 needs";
  const std::string ed = "it is not an Ed25519 key, as EdDSA needs";
  const auto error = [](Algorithm algorithm, std::string_view key) {
    return ErrorOf(JwsSignature(algorithm, key, "x"));
  };
  EXPECT_EQ(error(Algorithm::kRs256, kEcKey), rsa);
  EXPECT_EQ(error(Algorithm::kRs256, kEdKey), rsa);
  EXPECT_EQ(error(Algorithm::kRs256, small), "the RSA key has less than 2048 bits");
  EXPECT_EQ(error(Algorithm::kEs256, kRsaKey), ec);
  EXPECT_EQ(error(Algorithm::kEs256, p384), ec);
  EXPECT_EQ(error(Algorithm::kEdDsa, kEcKey), ed);
  for (const std::string& pem : {std::string(), std::string("canary"), std::string(kRsaKey.substr(0, 400)),
                                 std::string("-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----\n")}) {
    EXPECT_EQ(error(Algorithm::kRs256, pem), none);
  }
}

TEST(JwtInjectionTest, TheTokenSaysWhatThePolicySays) {
  const std::string shared(32, 'k');
  const std::pair<Algorithm, std::string> keys[] = {{Algorithm::kRs256, std::string(kRsaKey)},
                                                    {Algorithm::kEs256, std::string(kEcKey)},
                                                    {Algorithm::kEdDsa, std::string(kEdKey)},
                                                    {Algorithm::kHs256, shared}};
  for (const auto& [algorithm, key] : keys) {
    const JwtInjection injection{
        algorithm, "key", "key \"1\"", "me@example.com", "you", "https://aud.example/t", std::chrono::seconds(120)};
    const auto injected = TestRequest{}.Inject(injection, Fields({{"key", key}}));
    ASSERT_TRUE(injected) << ErrorOf(injected);
    const std::string value = HeaderOf(*injected, "authorization");
    ASSERT_TRUE(value.starts_with("Bearer "));
    const std::string token = value.substr(7);
    const std::size_t first = token.find('.');
    const std::size_t second = token.find('.', first + 1);
    EXPECT_EQ(boost::json::parse(FromUrl(token.substr(0, first))),
              boost::json::value({{"alg", NameOf(algorithm)}, {"typ", "JWT"}, {"kid", "key \"1\""}}));
    EXPECT_EQ(boost::json::parse(FromUrl(token.substr(first + 1, second - first - 1))),
              boost::json::value({{"iss", "me@example.com"},
                                  {"sub", "you"},
                                  {"aud", "https://aud.example/t"},
                                  {"iat", 1440938160},
                                  {"exp", 1440938280},
                                  {"jti", "0123456789abcdef0123456789abcdef"}}));
    const std::string signature = FromUrl(token.substr(second + 1));
    if (algorithm == Algorithm::kHs256) {
      EXPECT_EQ(signature, Hmac(HmacInjection::Hash::kSha256, shared, token.substr(0, second)).view());
    } else {
      EXPECT_TRUE(Verifies(algorithm, key, token.substr(0, second), signature));
      EXPECT_FALSE(Verifies(algorithm, key, token.substr(1, second - 1), signature));
    }
    ASSERT_EQ(injected->derived.size(), 2U);
    EXPECT_EQ(injected->derived[0].view(), token);
    EXPECT_EQ(injected->derived[1].view(), token.substr(second + 1));
  }
}

TEST(JwtInjectionTest, WhatIsEmptyIsLeftOut) {
  const JwtInjection injection{Algorithm::kHs256, "key", "", "me", "", ""};
  const auto injected = TestRequest{}.Inject(injection, Fields({{"key", std::string(32, 'k')}}));
  ASSERT_TRUE(injected) << ErrorOf(injected);
  const std::string token = HeaderOf(*injected, "authorization").substr(7);
  const std::size_t first = token.find('.');
  EXPECT_EQ(FromUrl(token.substr(0, first)), R"({"alg":"HS256","typ":"JWT"})");
  EXPECT_EQ(FromUrl(token.substr(first + 1, token.rfind('.') - first - 1)),
            R"({"iss":"me","iat":1440938160,"exp":1440938460,"jti":"0123456789abcdef0123456789abcdef"})");
}

TEST(JwtInjectionTest, ErrorsNameTheFieldAndNothingOfTheKey) {
  const JwtInjection injection{Algorithm::kRs256, "key", "", "me"};
  for (const std::string& key : {std::string("canary"), "canary\n" + std::string(kEcKey), std::string("cana\0ry", 7)}) {
    const std::string error = ErrorOf(TestRequest{}.Inject(injection, Fields({{"key", key}})));
    EXPECT_NE(error.find("the credential's field \"key\""), std::string::npos) << error;
    EXPECT_EQ(error.find("cana"), std::string::npos) << error;
  }
  EXPECT_EQ(ErrorOf(TestRequest{.headers = {{"AUTHORIZATION", "x"}}}.Inject(injection, Fields({{"key", "x"}}))),
            "the connection sets the header authorization; leave it out of the request");
}

}  // namespace
}  // namespace warder::broker
