// V8 of the cell's image as Node runs it, with nothing around it: its default flags, four threads beside the main one.
//
//   v8_alone FILE [V8-FLAG...]   runs work() of a script of tests/bench/cpu; prints [result, wall ms, processor ms]
#include <libplatform/libplatform.h>
#include <sys/resource.h>
#include <unistd.h>
#include <v8.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>

namespace {

double ProcessorMilliseconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto of = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return of(usage.ru_utime) + of(usage.ru_stime);
}

std::string Run(v8::Isolate* isolate, const std::string& source) {
  const v8::Isolate::Scope entered(isolate);
  const v8::HandleScope scope(isolate);
  const auto context = v8::Context::New(isolate);
  const v8::Context::Scope context_entered(context);
  const auto text = v8::String::NewFromUtf8(isolate, (source + "\nJSON.stringify(work());").c_str()).ToLocalChecked();
  const auto result = v8::Script::Compile(context, text).ToLocalChecked()->Run(context).ToLocalChecked();
  return *v8::String::Utf8Value(isolate, result);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  std::ifstream file(argv[1]);
  const std::string source(std::istreambuf_iterator<char>(file), {});
  v8::V8::SetFlagsFromCommandLine(&argc, argv, true);
  constexpr int kThreads = 4;
  const auto platform = v8::platform::NewDefaultPlatform(kThreads);
  v8::V8::InitializePlatform(platform.get());
  v8::V8::Initialize();
  const std::unique_ptr<v8::ArrayBuffer::Allocator> buffers(v8::ArrayBuffer::Allocator::NewDefaultAllocator());
  v8::Isolate::CreateParams parameters;
  parameters.array_buffer_allocator = buffers.get();
  v8::Isolate* const isolate = v8::Isolate::New(parameters);
  const auto begun = std::chrono::steady_clock::now();
  const double before = ProcessorMilliseconds();
  const std::string result = Run(isolate, source);
  const std::chrono::duration<double, std::milli> wall = std::chrono::steady_clock::now() - begun;
  std::printf("[%s,%.3f,%.3f]\n", result.c_str(), wall.count(), ProcessorMilliseconds() - before);
  std::fflush(stdout);
  _exit(0);
}
