// The requests of the fuzz: what a script asks for, what the upstream answers, and what has to come of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/broker/broker.h"
#include "tests/wire/credentials.h"
#include "tests/wire/rules.h"

namespace warder::wire {

// A request as it has to arrive: all of it but the headers that the broker adds on its own.
struct Expected {
  Verdict verdict = Verdict::kMust;
  std::string origin;  // "host:port"
  std::string method;
  std::string target;
  Headers headers;  // the script's and its credential's, in order
  bool has_body = false;
  std::optional<std::uint64_t> declared;
  std::string body;
};

// What the upstream sends back.
struct Answer {
  int status = 200;
  std::string location;
};

struct Case {
  std::uint64_t index = 0;
  std::shared_ptr<const Hand> hand;
  broker::HttpRequest request;
  std::vector<std::string> pieces;  // of the body
  bool ends = true;                 // the script says that the last piece is the last
  bool at_once = true;              // the pieces, or one in each turn of the loop
  bool partial = false;             // the beginning of a request that is never whole may arrive
  std::vector<Answer> answers;      // to the first requests; those behind get a plain 200
  std::vector<Expected> hops;       // the request, and what its redirects make of it

  // The text that says in each of its requests whose it is.
  std::string Name() const { return NameOf(index); }
  static std::string NameOf(std::uint64_t index) { return "case-" + std::to_string(index) + "-"; }
};

// Everything about the case follows from `seed` and `index`, but for the texts of placeholders.
Case MakeCase(std::uint64_t seed, std::uint64_t index, const std::shared_ptr<const Hand>& hand, const Origins& origins);

// `request` as it would be if nobody looked at it: the script's bytes as they are. For the positive control.
std::string Unchecked(const Case& one);

}  // namespace warder::wire
