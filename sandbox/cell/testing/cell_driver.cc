// cell_driver: runs one flow in a cell without a jail, for development. Fetches fail; timers fire at once.
//
// usage: cell_driver SNAPSHOT FILE... [--event JSON] [--heap BYTES] [--ask-after-log] [--times N]
//        cell_driver SNAPSHOT --on-3
//   FILE is index.js, or a module by its path from here. --ask-after-log sends SIGUSR1 at the first log.
//   --on-3: is a cell itself, and whoever has the other end of its descriptor 3 is the engine (tests/replay/play.mjs).
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>

#include "sandbox/cell/testing/test_cell.h"

namespace {

using Clock = std::chrono::steady_clock;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

struct Options {
  std::vector<std::string> files;
  std::string event = "null";
  std::uint64_t heap = 64 << 20;
  bool ask = false;
  bool is_cell = false;
  int times = 1;
};

int RunOnce(warder::cell::CellProgram& program, const Options& options) {
  const auto begin = Clock::now();
  warder::cell::TestCell cell(program);
  cell.start.set_heap_bytes(options.heap);
  cell.start.set_entry(options.files[0].substr(options.files[0].rfind('/') + 1));
  for (const auto& file : options.files) {
    cell.AddInput(warder::proto::Input::MODULE, file.substr(file.rfind('/') + 1), ReadFile(file));
  }
  cell.AddInput(warder::proto::Input::EVENT, "", options.event);
  cell.SendStart();
  for (;;) {
    const auto frame = options.ask ? cell.Receive() : cell.RunToEnd();
    if (!frame) break;
    if (frame->has_log() && options.ask) ::kill(cell.pid(), SIGUSR1);
    if (frame->has_http_request()) {
      warder::proto::ToCell failed;
      failed.mutable_call_failed()->set_call(frame->http_request().call());
      failed.mutable_call_failed()->set_message("there is no network here");
      cell.Send(failed);
      continue;
    }
    if (options.times == 1) {
      for (const auto& step : frame->ready().steps()) std::cout << step.name() << " " << step.nanoseconds() << " ns\n";
      for (const auto& log : cell.logs)
        std::cout << "log " << log.level() << ": " << log.message() << " " << log.fields_json() << "\n";
      cell.logs.clear();
      if (frame->has_result()) {
        const auto& result = frame->result();
        std::cout << "succeeded " << result.succeeded() << " " << cell.output << "\n";
        std::cout << result.thrown().name() << ": " << result.thrown().message() << "\n"
                  << result.thrown().stack() << "\nceiling " << result.thrown().ceiling() << "\n"
                  << result.rejected().message() << "\n";
        std::cout << "heap " << result.usage().heap_peak_bytes() << " buffers "
                  << result.usage().array_buffer_peak_bytes() << " refused "
                  << result.usage().array_buffer_refused_bytes() << "\n";
      } else if (frame->has_stopped()) {
        std::cout << "stopped " << frame->stopped().reason() << " " << frame->stopped().detail() << "\n"
                  << frame->stopped().stack() << "\nheap " << frame->stopped().usage().heap_peak_bytes() << "\n";
      }
    }
  }
  const int status = cell.Wait();
  if (options.times == 1) {
    std::cout << "exit " << status << ", " << std::chrono::duration<double, std::milli>(Clock::now() - begin).count()
              << " ms\n";
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--event")
      options.event = argv[++i];
    else if (word == "--heap")
      options.heap = std::stoull(argv[++i]);
    else if (word == "--ask-after-log")
      options.ask = true;
    else if (word == "--times")
      options.times = std::stoi(argv[++i]);
    else if (word == "--on-3")
      options.is_cell = true;
    else
      options.files.push_back(word);
  }
  warder::cell::CellProgram program(argv[1], warder::zygote::CellProfile::kJitless);
  if (options.is_cell) warder::cell::BeCell(program);
  const auto begin = Clock::now();
  int status = 0;
  for (int i = 0; i < options.times; ++i) status = RunOnce(program, options);
  if (options.times > 1) {
    std::cout << std::chrono::duration<double, std::milli>(Clock::now() - begin).count() / options.times
              << " ms each\n";
  }
  return status;
}
