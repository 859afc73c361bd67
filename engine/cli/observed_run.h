// What came of a fixture, as its check is given it: JSON that is the same whenever the same happens, so without times
// that were measured and without usage.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "engine/cli/batch.h"
#include "warder/replay.h"

namespace warder::cli {

// The requests of a scripted execution that were expected. Touched by the engine's thread alone until the execution is
// over.
class SeenCalls {
 public:
  struct Seen {
    std::size_t expected;  // the number of the script's call that it is, from 0
    ScriptedRequest request;
  };

  // `script`, such that `seen` keeps what is made of its calls.
  static std::shared_ptr<const Script> Watch(const Script& script, const std::shared_ptr<SeenCalls>& seen);

  const std::vector<Seen>& calls() const { return calls_; }
  // There was more than is kept.
  bool too_many_bytes() const { return too_many_bytes_; }

 private:
  void Keep(std::size_t expected, const ScriptedRequest& request);

  std::vector<Seen> calls_;
  std::size_t bytes_ = 0;
  bool too_many_bytes_ = false;
};

// `run` of docs/authoring.md. `script` is what answered it, `flow` the key that was asked for.
std::string ObservedRun(const Finished& finished, const SeenCalls& seen, const Script& script, const std::string& flow);

}  // namespace warder::cli
