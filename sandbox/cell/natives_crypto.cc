// crypto.subtle's natives: arguments and results of sandbox/crypto, between JavaScript and bytes.
//
// They are made when the runtime first asks for them, so a cell that does not sign or encrypt does not pay for them.
// The runtime has checked all arguments; what is checked here again is what memory safety hangs on. Where OpenSSL
// refuses, the result is undefined, and the runtime knows which DOMException that is.
#include <simdutf_c.h>
#include <v8-container.h>
#include <v8-exception.h>
#include <v8-function.h>
#include <v8-primitive.h>
#include <v8-typed-array.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/cell/key_handle.h"
#include "sandbox/cell/limit_guards.h"
#include "sandbox/cell/natives.h"
#include "sandbox/crypto/asymmetric.h"
#include "sandbox/crypto/key_format.h"
#include "sandbox/crypto/symmetric.h"

namespace warder::cell {
namespace {

using Info = v8::FunctionCallbackInfo<v8::Value>;

// The bytes of an ArrayBuffer or a view while no JavaScript runs; none for anything else. V8 keeps small arrays inside
// its heap, so they are copied here first.
class Input {
 public:
  explicit Input(v8::Local<v8::Value> value) {
    if (value->IsArrayBufferView()) {
      const auto span = value.As<v8::ArrayBufferView>()->GetContents({storage_.data(), storage_.size()});
      bytes_ = {span.data(), span.size()};
    } else if (value->IsArrayBuffer()) {
      const auto buffer = value.As<v8::ArrayBuffer>();
      bytes_ = {static_cast<const unsigned char*>(buffer->Data()), buffer->ByteLength()};
    }
  }
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  ~Input() { OPENSSL_cleanse(storage_.data(), storage_.size()); }

  crypto::Bytes bytes() const { return bytes_; }

 private:
  std::array<unsigned char, 64> storage_{};  // the most that V8 keeps inside its heap
  crypto::Bytes bytes_;
};

std::uint32_t Number(v8::Local<v8::Value> value) { return value->IsUint32() ? value.As<v8::Uint32>()->Value() : 0; }

template <typename Enum>
Enum Choice(v8::Local<v8::Value> value, Enum last) {
  return static_cast<Enum>(std::min(Number(value), static_cast<std::uint32_t>(last)));
}

crypto::Hash HashOf(v8::Local<v8::Value> value) { return Choice(value, crypto::Hash::kSha512); }
crypto::Family FamilyOf(v8::Local<v8::Value> value) { return Choice(value, crypto::Family::kX25519); }
crypto::Part PartOf(v8::Local<v8::Value> value) {
  return value->IsTrue() ? crypto::Part::kPrivate : crypto::Part::kPublic;
}
crypto::Direction DirectionOf(v8::Local<v8::Value> value) {
  return value->IsTrue() ? crypto::Direction::kEncrypt : crypto::Direction::kDecrypt;
}

v8::MaybeLocal<v8::ArrayBuffer> MakeBuffer(v8::Isolate* isolate, crypto::Bytes bytes) {
  v8::Local<v8::ArrayBuffer> buffer;
  if (!v8::ArrayBuffer::MaybeNew(isolate, bytes.size()).ToLocal(&buffer)) {
    ThrowNoMemory(isolate);
    return {};
  }
  if (!bytes.empty()) std::memcpy(buffer->Data(), bytes.data(), bytes.size());
  return buffer;
}

void Return(const Info& info, const std::optional<crypto::Buffer>& bytes) {
  v8::Local<v8::ArrayBuffer> buffer;
  if (bytes && MakeBuffer(info.GetIsolate(), *bytes).ToLocal(&buffer)) info.GetReturnValue().Set(buffer);
}

void Return(const Info& info, std::optional<crypto::Key> key) {
  v8::Local<v8::Object> handle;
  if (key && MakeKeyHandle(info.GetIsolate(), std::move(*key)).ToLocal(&handle)) info.GetReturnValue().Set(handle);
}

void Return(const Info& info, std::optional<crypto::KeyPair> pair) {
  if (!pair) return;
  v8::Isolate* const isolate = info.GetIsolate();
  v8::Local<v8::Object> handles[2];
  if (!MakeKeyHandle(isolate, std::move(pair->public_key)).ToLocal(&handles[0]) ||
      !MakeKeyHandle(isolate, std::move(pair->private_key)).ToLocal(&handles[1])) {
    return;
  }
  v8::Local<v8::Value> values[] = {handles[0], handles[1]};
  info.GetReturnValue().Set(v8::Array::New(isolate, values, 2));
}

// isBufferSource(value): boolean, as Web IDL has it: no resizable buffers
void IsBufferSource(const Info& info) {
  const auto value = info[0];
  if (value->IsArrayBufferView()) {
    info.GetReturnValue().Set(!value.As<v8::ArrayBufferView>()->Buffer()->IsResizableByUserJavaScript());
  } else {
    info.GetReturnValue().Set(value->IsArrayBuffer() && !value.As<v8::ArrayBuffer>()->IsResizableByUserJavaScript());
  }
}

// copy(bytes: BufferSource): Uint8Array
void Copy(const Info& info) {
  const Input input(info[0]);
  v8::Local<v8::ArrayBuffer> buffer;
  if (!MakeBuffer(info.GetIsolate(), input.bytes()).ToLocal(&buffer)) return;
  info.GetReturnValue().Set(v8::Uint8Array::New(buffer, 0, buffer->ByteLength()));
}

// digest(hash, data): ArrayBuffer
void Digest(const Info& info) {
  const Input data(info[1]);
  Return(info, crypto::Digest(HashOf(info[0]), data.bytes()));
}

// secretKey(bytes): Handle
void SecretKey(const Info& info) {
  const Input input(info[0]);
  Return(info, std::optional(crypto::Key(crypto::Buffer(input.bytes().begin(), input.bytes().end()))));
}

// The most that a script can ask for: more is not generated before there is memory for it.
constexpr std::uint32_t kMaxSecretBytes = std::uint32_t{1} << 20;

// generateSecret(bytes: number): Handle
void GenerateSecret(const Info& info) {
  if (Number(info[0]) <= kMaxSecretBytes) Return(info, crypto::GenerateSecret(Number(info[0])));
}

const crypto::Buffer* SecretOf(v8::Local<v8::Value> value) {
  const crypto::Key* const key = KeyOf(value);
  return key != nullptr ? key->secret() : nullptr;
}

const crypto::Key* PairKeyOf(v8::Local<v8::Value> value) {
  const crypto::Key* const key = KeyOf(value);
  return key != nullptr && key->pkey() != nullptr ? key : nullptr;
}

// secretBytes(key): ArrayBuffer
void SecretBytes(const Info& info) {
  if (const auto* const secret = SecretOf(info[0])) Return(info, std::optional(*secret));
}

// hmac(key, hash, data): ArrayBuffer
void Hmac(const Info& info) {
  const Input data(info[2]);
  if (const auto* const secret = SecretOf(info[0])) {
    Return(info, crypto::Hmac(*secret, HashOf(info[1]), data.bytes()));
  }
}

// equal(a, b): boolean
void Equal(const Info& info) {
  const Input a(info[0]);
  const Input b(info[1]);
  info.GetReturnValue().Set(crypto::Equal(a.bytes(), b.bytes()));
}

// aes(key, mode, encrypt, iv, additional, number, data): ArrayBuffer
void Aes(const Info& info) {
  const auto* const secret = SecretOf(info[0]);
  if (secret == nullptr) return;
  const Input iv(info[3]);
  const Input additional(info[4]);
  const Input data(info[6]);
  Return(info, crypto::Aes({.mode = Choice(info[1], crypto::AesMode::kWrap),
                            .direction = DirectionOf(info[2]),
                            .key = *secret,
                            .iv = iv.bytes(),
                            .additional = additional.bytes(),
                            .number = Number(info[5]),
                            .data = data.bytes()}));
}

// What is derived is bounded as what is generated: RFC 5869 has a bound, RFC 8018 none to speak of.
std::size_t DerivedBytes(v8::Local<v8::Value> value) { return std::min(Number(value), kMaxSecretBytes + 1); }

// hkdf(key, hash, salt, info, bytes: number): ArrayBuffer
void Hkdf(const Info& info) {
  const Input salt(info[2]);
  const Input context(info[3]);
  const auto* const secret = SecretOf(info[0]);
  if (secret == nullptr || DerivedBytes(info[4]) > kMaxSecretBytes) return;
  Return(info, crypto::Hkdf(*secret, HashOf(info[1]), salt.bytes(), context.bytes(), DerivedBytes(info[4])));
}

// pbkdf2(key, hash, salt, iterations, bytes: number): ArrayBuffer
void Pbkdf2(const Info& info) {
  const Input salt(info[2]);
  const auto* const secret = SecretOf(info[0]);
  if (secret == nullptr || DerivedBytes(info[4]) > kMaxSecretBytes) return;
  Return(info, crypto::Pbkdf2(*secret, HashOf(info[1]), salt.bytes(), Number(info[3]), DerivedBytes(info[4])));
}

// generateRsa(bits, exponent): [Handle, Handle], public and private
void GenerateRsa(const Info& info) {
  const Input exponent(info[1]);
  Return(info, crypto::GenerateRsa(Number(info[0]), exponent.bytes(), EndIsAsked));
}

// generatePair(family): [Handle, Handle]
void GeneratePair(const Info& info) { Return(info, crypto::GeneratePair(FamilyOf(info[0]))); }

// sign(key, scheme, hash, saltBytes, data): ArrayBuffer
void Sign(const Info& info) {
  const Input data(info[4]);
  if (const auto* const key = PairKeyOf(info[0])) {
    Return(info, crypto::Sign(*key, {Choice(info[1], crypto::Scheme::kEddsa), HashOf(info[2]), Number(info[3])},
                              data.bytes()));
  }
}

// verify(key, scheme, hash, saltBytes, signature, data): boolean
void Verify(const Info& info) {
  const Input signature(info[4]);
  const Input data(info[5]);
  const auto* const key = PairKeyOf(info[0]);
  info.GetReturnValue().Set(key != nullptr &&
                            crypto::Verify(*key,
                                           {Choice(info[1], crypto::Scheme::kEddsa), HashOf(info[2]), Number(info[3])},
                                           signature.bytes(), data.bytes()));
}

// oaep(key, encrypt, hash, label, data): ArrayBuffer
void Oaep(const Info& info) {
  const Input label(info[3]);
  const Input data(info[4]);
  if (const auto* const key = PairKeyOf(info[0])) {
    Return(info, crypto::Oaep(*key, DirectionOf(info[1]), HashOf(info[2]), label.bytes(), data.bytes()));
  }
}

// agree(privateKey, publicKey, bits: number | undefined): ArrayBuffer; the first bits, or all
void Agree(const Info& info) {
  const auto* const private_key = PairKeyOf(info[0]);
  const auto* const public_key = PairKeyOf(info[1]);
  if (private_key == nullptr || public_key == nullptr) return;
  auto secret = crypto::Agree(*private_key, *public_key);
  if (secret && !info[2]->IsUndefined() && !crypto::CutToBits(*secret, Number(info[2]))) return;
  Return(info, secret);
}

// importDer(family, isPrivate, der): Handle
void ImportDer(const Info& info) {
  const Input der(info[2]);
  Return(info, crypto::ImportDer(FamilyOf(info[0]), PartOf(info[1]), der.bytes()));
}

// exportDer(key, isPrivate): ArrayBuffer
void ExportDer(const Info& info) {
  if (const auto* const key = PairKeyOf(info[0])) Return(info, crypto::ExportDer(*key, PartOf(info[1])));
}

// importRaw(family, bytes): Handle
void ImportRaw(const Info& info) {
  const Input raw(info[1]);
  Return(info, crypto::ImportRawPublic(FamilyOf(info[0]), raw.bytes()));
}

// exportRaw(key): ArrayBuffer
void ExportRaw(const Info& info) {
  if (const auto* const key = PairKeyOf(info[0])) Return(info, crypto::ExportRaw(*key));
}

std::optional<crypto::Buffer> FromBase64Url(v8::Isolate* isolate, v8::Local<v8::Value> value) {
  if (!value->IsString() || !value.As<v8::String>()->ContainsOnlyOneByte()) return std::nullopt;
  crypto::Buffer text(static_cast<std::size_t>(value.As<v8::String>()->Length()));
  value.As<v8::String>()->WriteOneByteV2(isolate, 0, static_cast<std::uint32_t>(text.size()), text.data());
  // simdutf skips blanks and takes padding; RFC 7515 has neither.
  const auto is_digit = [](unsigned char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  if (!std::all_of(text.begin(), text.end(), is_digit)) return std::nullopt;
  const auto* const characters = reinterpret_cast<const char*>(text.data());
  crypto::Buffer bytes(simdutf_maximal_binary_length_from_base64(characters, text.size()));
  const simdutf_result result = simdutf_base64_to_binary(characters, text.size(), reinterpret_cast<char*>(bytes.data()),
                                                         SIMDUTF_BASE64_URL, SIMDUTF_LAST_CHUNK_LOOSE);
  if (result.error != SIMDUTF_ERROR_SUCCESS) return std::nullopt;
  bytes.resize(result.count);
  return bytes;
}

v8::MaybeLocal<v8::String> ToBase64Url(v8::Isolate* isolate, crypto::Bytes bytes) {
  crypto::Buffer text(simdutf_base64_length_from_binary(bytes.size(), SIMDUTF_BASE64_URL));
  text.resize(simdutf_binary_to_base64(reinterpret_cast<const char*>(bytes.data()), bytes.size(),
                                       reinterpret_cast<char*>(text.data()), SIMDUTF_BASE64_URL));
  return v8::String::NewFromOneByte(isolate, text.data(), v8::NewStringType::kNormal, static_cast<int>(text.size()));
}

constexpr std::uint32_t kMaxParts = 8;

// importParts(family, parts: string[]): Handle; the parts are base64url
void ImportParts(const Info& info) {
  if (!info[1]->IsArray()) return;
  v8::Isolate* const isolate = info.GetIsolate();
  const auto array = info[1].As<v8::Array>();
  std::vector<crypto::Buffer> owners;
  for (std::uint32_t i = 0; i < std::min(array->Length(), kMaxParts); ++i) {
    v8::Local<v8::Value> text;
    if (!array->Get(isolate->GetCurrentContext(), i).ToLocal(&text)) return;
    auto bytes = FromBase64Url(isolate, text);
    if (!bytes) return;
    owners.push_back(std::move(*bytes));
  }
  Return(info, crypto::ImportParts(FamilyOf(info[0]), {owners.begin(), owners.end()}));
}

// exportParts(key, isPrivate): string[]
void ExportParts(const Info& info) {
  const auto* const key = PairKeyOf(info[0]);
  if (key == nullptr) return;
  const auto parts = crypto::ExportParts(*key, PartOf(info[1]));
  if (!parts) return;
  v8::Isolate* const isolate = info.GetIsolate();
  std::vector<v8::Local<v8::Value>> texts;
  for (const crypto::Buffer& part : *parts) {
    v8::Local<v8::String> text;
    if (!ToBase64Url(isolate, part).ToLocal(&text)) return;
    texts.push_back(text);
  }
  info.GetReturnValue().Set(v8::Array::New(isolate, texts.data(), texts.size()));
}

// importSecret(text: string): Handle, of base64url
void ImportSecret(const Info& info) {
  auto bytes = FromBase64Url(info.GetIsolate(), info[0]);
  if (bytes) Return(info, std::optional(crypto::Key(std::move(*bytes))));
}

// exportSecret(key): string
void ExportSecret(const Info& info) {
  const auto* const secret = SecretOf(info[0]);
  v8::Local<v8::String> text;
  if (secret != nullptr && ToBase64Url(info.GetIsolate(), *secret).ToLocal(&text)) info.GetReturnValue().Set(text);
}

// secretLength(key): number, in bytes
void SecretLength(const Info& info) {
  if (const auto* const secret = SecretOf(info[0])) info.GetReturnValue().Set(static_cast<double>(secret->size()));
}

// modulus(key): [bits: number, exponent: Uint8Array]
void Modulus(const Info& info) {
  const auto* const key = PairKeyOf(info[0]);
  if (key == nullptr || !key->Is(crypto::Family::kRsa)) return;
  const auto parts = crypto::ExportParts(*key, crypto::Part::kPublic);
  v8::Isolate* const isolate = info.GetIsolate();
  v8::Local<v8::ArrayBuffer> exponent;
  if (!parts || !MakeBuffer(isolate, parts->at(1)).ToLocal(&exponent)) return;
  v8::Local<v8::Value> values[] = {v8::Integer::New(isolate, EVP_PKEY_get_bits(key->pkey())),
                                   v8::Uint8Array::New(exponent, 0, exponent->ByteLength())};
  info.GetReturnValue().Set(v8::Array::New(isolate, values, 2));
}

constexpr Native kLazyNatives[] = {{"isBufferSource", IsBufferSource},
                                   {"copy", Copy},
                                   {"digest", Digest},
                                   {"secretKey", SecretKey},
                                   {"generateSecret", GenerateSecret},
                                   {"secretBytes", SecretBytes},
                                   {"secretLength", SecretLength},
                                   {"importSecret", ImportSecret},
                                   {"exportSecret", ExportSecret},
                                   {"hmac", Hmac},
                                   {"equal", Equal},
                                   {"aes", Aes},
                                   {"hkdf", Hkdf},
                                   {"pbkdf2", Pbkdf2},
                                   {"generateRsa", GenerateRsa},
                                   {"generatePair", GeneratePair},
                                   {"sign", Sign},
                                   {"verify", Verify},
                                   {"oaep", Oaep},
                                   {"agree", Agree},
                                   {"importDer", ImportDer},
                                   {"exportDer", ExportDer},
                                   {"importRaw", ImportRaw},
                                   {"exportRaw", ExportRaw},
                                   {"importParts", ImportParts},
                                   {"exportParts", ExportParts},
                                   {"modulus", Modulus}};

// crypto(): the natives above, as the properties of an object without a prototype. Called once.
void Crypto(const Info& info) {
  info.GetReturnValue().Set(MakeNatives(info.GetIsolate()->GetCurrentContext(), kLazyNatives));
}

constexpr Native kNatives[] = {{"crypto", Crypto}};

}  // namespace

std::span<const Native> CryptoNatives() { return kNatives; }

}  // namespace warder::cell
