// What an execution of Warder's is measured beside: each way to run the same workload behind one interface.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/streambuf.hpp>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "warder/engine.h"

namespace warder::bench {

struct Sample {
  double wall_ms = 0;  // from the request until its result is known
  double cpu_ms = 0;   // all processor time that was used on its behalf, where that can be told of one
};

// One way to run the workload.
class Subject {
 public:
  Subject() = default;
  Subject(const Subject&) = delete;
  Subject& operator=(const Subject&) = delete;
  virtual ~Subject() = default;
  // Once. `url` is called; empty: the workload is the trivial one. Throws std::runtime_error where the answer is not
  // the expected one.
  virtual Sample Run(const std::string& url) = 0;
  // Whether it can call somebody.
  virtual bool Calls() const { return true; }
  // Of all runs so far, where a single one cannot tell.
  virtual std::optional<double> TotalCpu() { return std::nullopt; }
};

// A child with pipes at its standard input and output.
class Child {
 public:
  explicit Child(std::vector<std::string> words);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  pid_t pid() const { return pid_; }
  void Write(const std::string& line) const;
  std::string ReadLine();
  std::string ReadAll();
  // Processor time of it and of what it has waited for.
  double End(int signal = 0);

 private:
  bool ReadSome();

  pid_t pid_ = -1;
  int to_ = -1;
  int from_ = -1;
  std::string read_;
};

// One connection to a server on loopback.
class HttpClient {
 public:
  explicit HttpClient(std::uint16_t port);
  // The body of the answer.
  std::string Get(const std::string& header_lines);

 private:
  boost::asio::io_context loop_;
  boost::asio::ip::tcp::socket socket_{loop_};
  boost::asio::streambuf buffer_;
};

// One isolate, used again for each request, without a jail; over loopback.
class Workerd final : public Subject {
 public:
  // `modules`: where peers.sh has installed the npm packages.
  explicit Workerd(const std::filesystem::path& modules);
  Sample Run(const std::string& url) override;
  std::uint16_t port() const { return port_; }

 private:
  Child child_;
  const std::uint16_t port_;
  HttpClient client_;
};

std::unique_ptr<Subject> MakeWarder(const EngineOptions& options);
// New isolates of one process, without a jail.
std::unique_ptr<Subject> MakeIsolatedVm(const std::filesystem::path& modules);
// A process per run. `answers` false: it only starts and ends.
std::unique_ptr<Subject> MakeProcess(std::vector<std::string> words, bool answers);

// The trivial workload as an execution.
ExecutionRequest TrivialRequest();

// Throws std::runtime_error where `answer` is not what is to be said to `url`.
void Require(const std::string& answer, const std::string& url);

}  // namespace warder::bench
