// A pattern from texts.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/broker/scrub/scrub_pattern.h"

namespace warder::broker::testing {

inline Result<std::shared_ptr<const ScrubPattern>> Compile(std::span<const std::string> texts) {
  std::vector<Secret> secrets;
  std::vector<const Secret*> pointers;
  secrets.reserve(texts.size());
  for (const std::string& text : texts) pointers.push_back(&secrets.emplace_back(text));
  return ScrubPattern::Compile(pointers);
}

}  // namespace warder::broker::testing
