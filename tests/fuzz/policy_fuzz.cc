// libFuzzer: policies and what they are asked. An input is a policy; behind its first NUL byte, if there is one, a
// method, a blank and a URL.
//
// What is checked beyond "does not crash": what was read is written as a text that is read as the same policy and
// written in the same way; an error names a place; a decision that cites a line cites one that there is, and what no
// rule allows is denied.
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>

#include "engine/broker/policy/decide.h"

namespace {

using namespace warder::broker;  // NOLINT(google-build-using-namespace): what this program is about

void Require(bool holds, const char* what, std::string_view text) {
  if (holds) return;
  std::cerr << what << ":\n" << text << "\n";
  std::abort();
}

void Ask(const Policy& policy, std::string_view request) {
  const std::string_view method = request.substr(0, request.find(' '));
  const auto url = CanonicalizeUrl(request.substr(std::min(method.size() + 1, request.size())));
  if (!url) return;
  const HeaderList headers = {{"X-Acme-Tag", "1"}, {"accept", "*/*"}};
  const Decision decision = Decide(policy, method, *url, headers);
  Require(!decision.allowed || (policy.Names(url->origin) && decision.line > 0), "allowed without a rule", request);
  Require(!decision.subject.empty() && !decision.reason.empty(), "no explanation", request);
  Require(decision.allowed == Decide(policy, method, *url, headers).allowed, "undecided", request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::string_view text = input.substr(0, input.find('\0'));
  const auto policy = ParsePolicy(text);
  if (!policy) {
    Require(!policy.error().message.empty(), "no message", text);
    return 0;
  }
  const std::string printed = PrintPolicy(*policy);
  const auto again = ParsePolicy(printed);
  Require(again.has_value(), "cannot be read back", printed);
  Require(*again == *policy, "read back as another", printed);
  Require(PrintPolicy(*again) == printed, "written in two ways", printed);
  if (text.size() < input.size()) Ask(*policy, input.substr(text.size() + 1));
  return 0;
}
