// warder policy show, warder policy check: egress policies as files (docs/policy.md).
#include "engine/cli/policy_file_command.h"

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/cli/input_file.h"
#include "engine/cli/json_text.h"
#include "engine/cli/text.h"
#include "warder/engine.h"
#include "warder/policy.h"

namespace warder::cli {
namespace {

namespace json = boost::json;

constexpr const char* kShowExamples =
    "Examples:\n"
    "  warder policy show acme.policy\n"
    "  warder policy show acme.policy --json | jq -r .sha256\n\n"
    "Exit codes: 0 well-formed, 2 not.";

constexpr const char* kCheckExamples =
    "Examples:\n"
    "  warder policy check acme.policy --request 'GET https://api.acme.test/v1/orders/42'\n"
    "  warder policy check acme.policy --request 'POST https://api.acme.test/v1/orders' --header 'x-acme-tag: 1' "
    "--json\n\n"
    "Exit codes: 0 allowed, 4 denied, 2 the policy is not well-formed, or the request is no method and URL.";

struct CheckOptions {
  std::string file;
  std::string request;
  std::vector<std::string> headers;
  bool json = false;
};

std::string ReadPolicy(const std::string& file) { return ReadSmallFile("policy", file, policy::kMaxBytes); }

// Messages of the engine speak of lines; this names the file that they are in.
template <typename Function>
auto OfFile(const std::string& file, Function function) {
  try {
    return function();
  } catch (const EngineError& error) {
    throw EngineError(error.status(), file + ": " + error.what());
  }
}

policy::Request ReadRequest(const CheckOptions& options) {
  const std::size_t blank = options.request.find(' ');
  if (blank == std::string::npos || blank == 0 || blank + 1 == options.request.size()) {
    throw EngineError(Status::kInvalid,
                      "the request '" + options.request +
                          "' is not a method, a blank and a URL, as in 'GET https://api.acme.test/v1'");
  }
  policy::Request request{options.request.substr(0, blank), options.request.substr(blank + 1), {}};
  for (const std::string& header : options.headers) {
    const std::size_t colon = header.find(':');
    if (colon == std::string::npos || colon == 0) {
      throw EngineError(Status::kInvalid,
                        "the header '" + header + "' is not a name, a colon and a value, as in 'accept: */*'");
    }
    const std::size_t value = header.find_first_not_of(" \t", colon + 1);
    request.headers.emplace_back(header.substr(0, colon), value == std::string::npos ? "" : header.substr(value));
  }
  return request;
}

std::string AnswerJson(const policy::Answer& answer) {
  return JsonObject()
      .Add("allowed", answer.allowed)
      .Add("line", answer.line == 0 ? json::value(nullptr) : json::value(answer.line))
      .Add("rule", answer.rule.empty() ? json::value(nullptr) : json::value(json::string(answer.rule)))
      .Add("explanation", json::string(answer.explanation))
      .Text();
}

int Check(const CheckOptions& options, Environment& environment) {
  const std::string text = ReadPolicy(options.file);
  const policy::Request request = ReadRequest(options);
  const policy::Answer answer = OfFile(options.file, [&] { return policy::Check(text, request); });
  Output& out = environment.out;
  if (options.json) {
    out.Write(AnswerJson(answer) + "\n");
  } else {
    out.Write(out.Paint(answer.allowed ? Ink::kGreen : Ink::kRed, answer.allowed ? "allowed" : "denied") + ": " +
              Printable(answer.explanation) + "\n");
  }
  return static_cast<int>(answer.allowed ? Status::kSucceeded : Status::kViolation);
}

Action DeclareShow(CLI::App& app) {
  const auto file = std::make_shared<std::string>();
  const auto as_json = std::make_shared<bool>(false);
  app.footer(kShowExamples);
  app.add_option("policy", *file, "The policy to read")->required()->type_name("FILE");
  app.add_flag("--json", *as_json, "Print one object: sha256, text");
  return [file, as_json](Environment& environment) {
    const std::string text = ReadPolicy(*file);
    const policy::Canonical canonical = OfFile(*file, [&] { return policy::Read(text); });
    environment.out.Write(*as_json ? JsonObject()
                                             .Add("sha256", json::string(canonical.sha256))
                                             .Add("text", json::string(canonical.text))
                                             .Text() +
                                         "\n"
                                   : "# sha256 " + canonical.sha256 + "\n" + canonical.text);
    return static_cast<int>(Status::kSucceeded);
  };
}

Action DeclareCheck(CLI::App& app) {
  const auto options = std::make_shared<CheckOptions>();
  app.footer(kCheckExamples);
  app.add_option("policy", options->file, "The policy to ask")->required()->type_name("FILE");
  app.add_option("--request", options->request, "What a script would ask for: method and URL")
      ->required()
      ->type_name("'METHOD URL'");
  app.add_option("--header", options->headers, "A header of the request; can be repeated")->type_name("'NAME: VALUE'");
  app.add_flag("--json", options->json, "Print one object: allowed, line, rule, explanation");
  return [options](Environment& environment) { return Check(*options, environment); };
}

}  // namespace

std::vector<std::pair<CLI::App*, Action>> DeclarePolicyFileCommands(CLI::App& app) {
  CLI::App* const show = app.add_subcommand("show", "Print an egress policy in its canonical form, and its hash");
  CLI::App* const check = app.add_subcommand("check", "Say what an egress policy says about a request, and which line");
  return {{show, DeclareShow(*show)}, {check, DeclareCheck(*check)}};
}

}  // namespace warder::cli
