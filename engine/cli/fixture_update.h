// `warder test --update`: what came becomes what is expected, change by change as a person agrees to.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/cli/batch.h"
#include "engine/cli/command.h"
#include "engine/cli/fixture.h"
#include "engine/cli/fixture_verdict.h"

namespace warder::cli {

class FixtureUpdate {
 public:
  // Asks on `environment.err` and reads answers from `environment.in`, unless `agreed` says that all of it is wanted.
  // The end of the input is a no.
  FixtureUpdate(Environment& environment, bool agreed) : environment_(environment), agreed_(agreed) {}

  // `text` is what the fixtures of the file were read from.
  void Keep(const std::string& file, std::string text) { texts_[file] = std::move(text); }

  // Shows what would change. True: it was agreed to, and the file says so now. Throws EngineError(kInvalid) where it
  // cannot be written or is not what was read any more.
  bool Offer(const Fixture& fixture, const Finished& finished, const std::vector<Mismatch>& mismatches);

 private:
  void Show(const Fixture& fixture, const std::vector<Mismatch>& mismatches);
  bool IsAgreed();
  // The next line of the input; empty at its end.
  std::string Answer();
  void Rewrite(const std::string& file, const std::string& text);

  Environment& environment_;
  bool agreed_;
  bool refused_ = false;  // all the rest
  std::map<std::string, std::string> texts_;
};

}  // namespace warder::cli
