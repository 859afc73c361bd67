// What of a bundle has run: V8's own counts, as lines of the author's files.
//
//   auto engine = Engine::Open({.development = true});
//   auto outcome = engine->Start({.bundle = bundle, .script = script, .coverage = true}).Wait();
//   LineCoverage lines;
//   if (outcome.coverage) lines.Add("my-integration/", *bundle, *outcome.coverage);
//
// A line is counted as c8 counts it: as often as the innermost stretch that holds the whole line was run. So a line of
// which only a part was never run has run. Where a module has a source map, lines are those of the files that it was
// made from, without those in node_modules: such a line has run as often as what it became, where that is in several
// places as often as the one that ran most.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "warder/engine.h"

namespace warder {

// All that ran of several executions. Not thread-safe.
class LineCoverage {
 public:
  LineCoverage();
  ~LineCoverage();
  LineCoverage(const LineCoverage&) = delete;
  LineCoverage& operator=(const LineCoverage&) = delete;

  // Of an execution of `bundle`, which is at `path`. Modules of it that were never loaded have not run.
  void Add(const std::string& path, const std::shared_ptr<const Bundle>& bundle,
           const std::vector<ModuleCoverage>& coverage);

  struct File {
    std::string path;                              // in the bundle, or as its source map has it, from where `path` is
    std::map<std::uint32_t, std::uint64_t> lines;  // how often each line has run; counted from 1
    std::size_t covered = 0;                       // lines that have run
  };
  // Sorted by path.
  std::vector<File> Files() const;
  // Of all lines of all files that have run, in percent; 100 where there are none.
  double Percent() const;
  // Why a source map is not used, one sentence each.
  const std::vector<std::string>& problems() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace warder
