// warder policy: the tables that the code enforces; below it, commands for policy files.
#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "engine/cli/command.h"
#include "engine/cli/json_text.h"
#include "engine/cli/policy_file_command.h"
#include "engine/cli/table.h"
#include "warder/engine.h"

namespace warder::cli {
namespace {

namespace json = boost::json;

constexpr const char* kExamples =
    "  warder policy\n"
    "  warder policy --json | jq '.limits[] | {name, default, maximum}'\n"
    "  warder policy --markdown\n"
    "  warder policy show acme.policy\n"
    "  warder policy check acme.policy --request 'GET https://api.acme.test/v1/orders/42'";

json::array RowsJson(const std::vector<PolicyText::Row>& rows) {
  json::array array;
  for (const auto& row : rows) {
    array.push_back({{"name", row.name}, {"rule", row.rule}, {"answer", row.answer}, {"reason", row.reason}});
  }
  return array;
}

json::string String(std::string_view text) { return json::string(text.data(), text.size()); }

const char* UnitName(LimitUnit unit) {
  switch (unit) {
    case LimitUnit::kMilliseconds:
      return "milliseconds";
    case LimitUnit::kBytes:
      return "bytes";
    case LimitUnit::kCount:
      break;
  }
  return "count";
}

json::array LimitsJson() {
  json::array array;
  const Limits defaults;
  for (const LimitSpec& spec : LimitTable()) {
    array.push_back({{"name", String(spec.name)},
                     {"unit", UnitName(spec.unit)},
                     {"default", defaults.*spec.value},
                     {"minimum", spec.minimum},
                     {"maximum", spec.maximum},
                     {"bounds", String(spec.bounds)}});
  }
  return array;
}

std::string RowsText(const std::vector<PolicyText::Row>& rows, const char* heading, const Output& output) {
  Table table({heading, "rule", "answer", "reason"});
  for (const auto& row : rows) table.Add({{Ink::kBlue, row.name}, row.rule, row.answer, row.reason});
  return table.Text(output);
}

std::string ProfilesText(const std::vector<PolicyText::Row>& rows, const Output& output) {
  Table table({"profile", "system calls", "executable memory", "who has it"});
  for (const auto& row : rows) table.Add({{Ink::kBlue, row.name}, row.rule, row.answer, row.reason});
  return table.Text(output);
}

std::string LimitsText(const Output& output) {
  Table table({"limit", "default", "minimum", "maximum", "bounds"});
  const Limits defaults;
  for (const LimitSpec& spec : LimitTable()) {
    table.Add({{Ink::kBlue, std::string(spec.name)},
               FormatLimit(spec.unit, defaults.*spec.value),
               FormatLimit(spec.unit, spec.minimum),
               FormatLimit(spec.unit, spec.maximum),
               std::string(spec.bounds)});
  }
  return table.Text(output);
}

std::string RowsMarkdown(const std::string& heading, const std::vector<PolicyText::Row>& rows) {
  std::string text = heading + "\n|---|---|---|---|\n";
  for (const auto& row : rows) {
    text += "| `" + row.name + "` | " + row.rule + " | " + row.answer + " | " + row.reason + " |\n";
  }
  return text;
}

// What SECURITY.md says about system calls, and what each profile has of them.
std::string Markdown(const PolicyText& policy) {
  return RowsMarkdown("| system call | arguments | answer | why |", policy.syscalls) + "\n" +
         RowsMarkdown("| profile | system calls | executable memory | who has it |", policy.profiles);
}

Action Declare(CLI::App& app) {
  const auto as_json = std::make_shared<bool>(false);
  const auto as_markdown = std::make_shared<bool>(false);
  auto* json_flag = app.add_flag("--json", *as_json, "Print one object: syscalls, profiles, limits, headers");
  app.add_flag("--markdown", *as_markdown, "Print the tables of system calls and profiles as SECURITY.md has them")
      ->excludes(json_flag);
  return [as_json, as_markdown, files = DeclarePolicyFileCommands(app)](Environment& environment) {
    for (const auto& [command, action] : files) {
      if (command->parsed()) return action(environment);
    }
    const PolicyText policy = DescribePolicy();
    Output& out = environment.out;
    if (*as_json) {
      out.Write(JsonObject()
                    .Add("syscalls", RowsJson(policy.syscalls))
                    .Add("profiles", RowsJson(policy.profiles))
                    .Add("limits", LimitsJson())
                    .Add("headers", RowsJson(policy.headers))
                    .Text() +
                "\n");
    } else if (*as_markdown) {
      out.Write(Markdown(policy));
    } else {
      out.Write(RowsText(policy.syscalls, "system call", out) + "\n" + ProfilesText(policy.profiles, out) + "\n" +
                LimitsText(out) + "\n" + RowsText(policy.headers, "request header", out));
    }
    return static_cast<int>(Status::kSucceeded);
  };
}

}  // namespace

Command PolicyCommand() {
  return {"policy", "Print system calls, limits and refused headers; show and check policy files", kExamples, Declare};
}

}  // namespace warder::cli
