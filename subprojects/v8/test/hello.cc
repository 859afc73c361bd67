// Uses every library a cell may link, so that running it proves that the headers match them.
#include <ada.h>
#include <brotli/decode.h>
#include <libplatform/libplatform.h>
#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <openssl/sha.h>
#include <simdutf.h>
#include <unicode/uversion.h>
#include <v8.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

namespace {

class CountingAllocator : public v8::ArrayBuffer::Allocator {
 public:
  void* Allocate(size_t length) override { return AllocateUninitialized(length); }
  void* AllocateUninitialized(size_t length) override {
    ++count;
    return std::calloc(1, length == 0 ? 1 : length);
  }
  void Free(void* data, size_t) override { std::free(data); }
  int count = 0;
};

std::string Evaluate(const char* source) {
  CountingAllocator allocator;
  v8::Isolate::CreateParams parameters;
  parameters.array_buffer_allocator = &allocator;
  v8::Isolate* isolate = v8::Isolate::New(parameters);
  std::string result;
  {
    v8::Isolate::Scope isolate_scope(isolate);
    v8::HandleScope handles(isolate);
    v8::Local<v8::Context> context = v8::Context::New(isolate);
    v8::Context::Scope context_scope(context);
    v8::Local<v8::String> code = v8::String::NewFromUtf8(isolate, source).ToLocalChecked();
    v8::Local<v8::Value> value = v8::Script::Compile(context, code).ToLocalChecked()->Run(context).ToLocalChecked();
    result = *v8::String::Utf8Value(isolate, value);
  }
  isolate->Dispose();
  return result;
}

}  // namespace

int main() {
  v8::V8::SetFlagsFromString("--jitless --single-threaded");
  std::unique_ptr<v8::Platform> platform = v8::platform::NewSingleThreadedDefaultPlatform();
  v8::V8::InitializePlatform(platform.get());
  v8::V8::Initialize();

  std::printf("v8 %s: 1+1 = %s, %s, %s\n", v8::V8::GetVersion(), Evaluate("1+1").c_str(),
              Evaluate("new Uint8Array(new ArrayBuffer(3)).length").c_str(),
              Evaluate("new Intl.NumberFormat('de').format(1234.5)").c_str());

  auto url = ada::parse<ada::url_aggregator>("https://EXAMPLE.test/a/../b");
  std::printf("ada %s: %s\n", ADA_VERSION, std::string(url->get_href()).c_str());

  std::printf("simdutf %s: %d\n", SIMDUTF_VERSION, simdutf::validate_utf8("gr\xc3\xbc\xc3\x9f", 6));

  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>("abc"), 3, digest);
  std::printf("openssl %s, headers %s: %02x%02x\n", OpenSSL_version(OPENSSL_VERSION_STRING), OPENSSL_VERSION_STR,
              digest[0], digest[1]);

  std::printf("zlib %s %s, zstd %s, brotli %x, icu %s\n", ZLIB_VERSION, zlibVersion(), ZSTD_versionString(),
              BrotliDecoderVersion(), U_ICU_VERSION);

  v8::V8::Dispose();
  v8::V8::DisposePlatform();
  return std::strcmp(ZLIB_VERSION, zlibVersion()) == 0 &&
                 std::strcmp(OpenSSL_version(OPENSSL_VERSION_STRING), OPENSSL_VERSION_STR) == 0
             ? 0
             : 1;
}
