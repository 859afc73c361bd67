// warder connection: what a tenant's connections are, may do and did; refreshing and taking them away.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "engine/cli/command.h"
#include "engine/cli/json_text.h"
#include "engine/cli/table.h"
#include "engine/cli/text.h"
#include "engine/cli/vault_options.h"
#include "warder/engine.h"

namespace warder::cli {
namespace {

namespace json = boost::json;

constexpr const char* kExamples =
    "  warder connection list --tenant customer-7\n"
    "  warder connection review --days 30\n"
    "  warder connection refresh acme\n"
    "  warder connection remove acme\n"
    "  warder connection revocations";

constexpr unsigned kReviewDays = 90;

struct Options {
  std::string name;
  std::string tenant;
  VaultPlace place;
  unsigned days = kReviewDays;
  bool json = false;
};
using Shared = std::shared_ptr<Options>;

// "2026-11-21 20:59:06 UTC"
std::string TimeText(std::chrono::sys_seconds time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d UTC", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()));
  return text.data();
}

std::string TimeText(const std::optional<std::chrono::sys_seconds>& time) { return time ? TimeText(*time) : "-"; }

json::value TimeJson(const std::optional<std::chrono::sys_seconds>& time) {
  return time ? json::value(time->time_since_epoch().count()) : json::value(nullptr);
}

Ink InkOf(const std::string& state) {
  if (state == "active") return Ink::kGreen;
  return state == "ended" ? Ink::kDim : Ink::kRed;
}

JsonObject StatusJson(const ConnectionStatus& status) {
  JsonObject object;
  object.Add("name", json::string(status.name))
      .Add("kind", json::string(status.kind))
      .Add("state", json::string(status.state))
      .Add("reason", json::string(status.reason))
      .Add("policySha256", json::string(status.policy_sha256))
      .Add("issuer", status.issuer.empty() ? json::value(nullptr) : json::value(json::string(status.issuer)))
      .Add("created", TimeJson(status.created))
      .Add("credentialSince", TimeJson(status.credential_since))
      .Add("accessExpires", TimeJson(status.access_expires))
      .Add("ends", TimeJson(status.ends))
      .Add("lastUsed", TimeJson(status.last_used));
  return object;
}

template <typename Names>
json::array NamesJson(const Names& names) {
  json::array array;
  for (const std::string& name : names) array.emplace_back(name);
  return array;
}

std::shared_ptr<Vault> Open(const Options& options, Environment& environment) {
  return OpenVaultFor(options.tenant, options.place, environment);
}

int List(const Options& options, Environment& environment) {
  const auto vault = Open(options, environment);
  const auto all = vault->Connections(options.tenant);
  if (const auto pending = vault->PendingRevocations(options.tenant); !pending.empty()) {
    environment.err.Write(environment.err.Paint(Ink::kYellow, "warder: ") + CountText(pending.size(), "credential") +
                          " taken away, and not revoked at the authorization server yet; see warder connection "
                          "revocations\n");
  }
  if (options.json) {
    std::vector<std::string> documents;
    for (const auto& each : all) documents.push_back(StatusJson(each).Text());
    environment.out.Write(JsonArray(documents) + "\n");
    return 0;
  }
  Table table({"NAME", "KIND", "STATE", "TOKEN UNTIL", "LAST USED", "REMARK"});
  for (const auto& each : all) {
    table.Add({Printable(each.name),
               each.kind,
               {InkOf(each.state), each.state},
               TimeText(each.access_expires),
               TimeText(each.last_used),
               Printable(each.reason)});
  }
  environment.out.Write(all.empty() ? "no connections\n" : table.Text(environment.out));
  return 0;
}

std::string ReviewText(const ConnectionReview& review, unsigned days, const Output& out) {
  const ConnectionStatus& status = review.status;
  std::string text = out.Paint(Ink::kBold, Printable(status.name)) + "  " + status.kind + "  " +
                     out.Paint(InkOf(status.state), status.state) + "\n";
  text += "  credential since " + TimeText(status.credential_since) + ", last used " + TimeText(status.last_used) +
          ", " + CountText(review.executions, "execution") + " in " + CountText(days, "day") + "\n";
  for (const std::string& origin : review.origins) {
    const auto calls = review.calls.find(origin);
    text += "  may call " + Printable(origin) + ": " +
            CountText(calls == review.calls.end() ? 0 : calls->second, "call") + "\n";
  }
  for (const std::string& scope : review.scopes) {
    text +=
        "  scope " + Printable(scope) + ": " + (review.used_scopes.contains(scope) ? "used" : "not seen in use") + "\n";
  }
  for (const std::string& remark : review.remarks) {
    text += "  " + out.Paint(Ink::kYellow, "!") + " " + Printable(remark) + "\n";
  }
  return text;
}

int Review(const Options& options, Environment& environment) {
  const auto all = Open(options, environment)->Review(options.tenant, options.days);
  std::vector<std::string> documents;
  std::string text;
  for (const auto& each : all) {
    json::object calls;
    for (const auto& [origin, count] : each.calls) calls[origin] = count;
    documents.push_back(StatusJson(each.status)
                            .Add("executions", each.executions)
                            .Add("origins", NamesJson(each.origins))
                            .Add("calls", calls)
                            .Add("scopes", NamesJson(each.scopes))
                            .Add("usedScopes", NamesJson(each.used_scopes))
                            .Add("remarks", NamesJson(each.remarks))
                            .Text());
    text += (text.empty() ? "" : "\n") + ReviewText(each, options.days, environment.out);
  }
  environment.out.Write(options.json ? JsonArray(documents) + "\n" : text.empty() ? "no connections\n" : text);
  return 0;
}

int Refresh(const Options& options, Environment& environment) {
  Open(options, environment)->Refresh(options.tenant, options.name);
  environment.err.Write("refreshed " + Printable(options.name) + "\n");
  return 0;
}

int Remove(const Options& options, Environment& environment) {
  const DisconnectResult result = Open(options, environment)->Disconnect(options.tenant, options.name);
  using AtServer = DisconnectResult::AtServer;
  environment.err.Write(
      "removed " + Printable(options.name) +
      (result.at_server == AtServer::kRevoked ? ", and revoked at the authorization server\n" : "\n"));
  if (result.at_server != AtServer::kFailed) return 0;
  WarnUnrevoked(result, environment.err);
  return static_cast<int>(Status::kFailed);
}

int Revocations(const Options& options, Environment& environment) {
  const auto left = Open(options, environment)->RevokePending(options.tenant);
  std::vector<std::string> documents;
  Table table({"WAS OF", "AUTHORIZATION SERVER", "SINCE", "TRIES", "WHY NOT YET"});
  for (const auto& each : left) {
    documents.push_back(JsonObject()
                            .Add("connection", json::string(each.connection))
                            .Add("issuer", json::string(each.issuer))
                            .Add("since", TimeJson(each.since))
                            .Add("tries", each.tries)
                            .Add("why", json::string(each.why))
                            .Text());
    table.Add({Printable(each.connection), Printable(each.issuer), TimeText(each.since), std::to_string(each.tries),
               Printable(each.why)});
  }
  environment.out.Write(options.json   ? JsonArray(documents) + "\n"
                        : left.empty() ? "nothing is to be revoked\n"
                                       : table.Text(environment.out));
  return static_cast<int>(left.empty() ? Status::kSucceeded : Status::kFailed);
}

// Declares one command below `app`.
CLI::App* Declare(CLI::App& app, const char* name, const char* summary, const Shared& options, bool named) {
  CLI::App* const command = app.add_subcommand(name, summary);
  if (named) command->add_option("name", options->name, "The connection")->required()->type_name("NAME");
  AddTenantOption(*command, &options->tenant);
  AddVaultOptions(*command, &options->place);
  return command;
}

Action Declare(CLI::App& app) {
  const auto options = std::make_shared<Options>();
  app.require_subcommand(1);
  using Act = int (*)(const Options&, Environment&);
  std::vector<std::pair<CLI::App*, Act>> commands;
  CLI::App* const list = Declare(app, "list", "The connections of a tenant, and how they are", options, false);
  list->add_flag("--json", options->json, "Print an array of objects; times in seconds since 1970");
  commands.emplace_back(list, List);
  CLI::App* const review =
      Declare(app, "review", "What each connection may do beside what it did; ends what is over", options, false);
  review->add_option("--days", options->days, "How far back (default: 90)")->type_name("N");
  review->add_flag("--json", options->json, "Print an array of objects; times in seconds since 1970");
  commands.emplace_back(review, Review);
  commands.emplace_back(Declare(app, "refresh", "Get another access token now", options, true), Refresh);
  commands.emplace_back(
      Declare(app, "remove", "Take it away: from running executions, the vault, the authorization server", options,
              true),
      Remove);
  CLI::App* const revocations =
      Declare(app, "revocations", "Tell authorization servers of credentials that were taken away; what is left",
              options, false);
  revocations->add_flag("--json", options->json, "Print an array of objects; times in seconds since 1970");
  commands.emplace_back(revocations, Revocations);
  return [options, commands](Environment& environment) {
    for (const auto& [command, act] : commands) {
      if (command->parsed()) return act(*options, environment);
    }
    return static_cast<int>(Status::kInvalid);
  };
}

}  // namespace

Command ConnectionCommand() {
  return {"connection", "List, review, refresh and remove connections", kExamples, Declare};
}

}  // namespace warder::cli
