// What a new version of an integration would newly be allowed to do. Where two declarations cannot be compared, the new
// one widens: whoever reviews has to look.
#include <algorithm>
#include <functional>
#include <utility>

#include "engine/manifest/model.h"
#include "engine/manifest/words.h"
#include "warder/manifest.h"

namespace warder::manifest {
namespace {

using Kind = Change::Kind;

class Comparison {
 public:
  void Run(const Manifest& before, const Manifest& after);
  std::vector<Change> Take() { return std::move(changes_); }

 private:
  void Add(Kind kind, std::string text) { changes_.push_back({kind, std::move(text)}); }

  // By key: `gone` and `added` for what one of them lacks, `both` for what both have.
  template <typename T, typename One, typename Both>
  static void Match(const std::vector<T>& before, const std::vector<T>& after, One gone, One added, Both both) {
    const auto in = [](const std::vector<T>& list, const std::string& key) {
      return std::find_if(list.begin(), list.end(), [&](const T& each) { return each.key == key; });
    };
    for (const T& each : after) {
      if (const auto found = in(before, each.key); found != before.end()) {
        both(*found, each);
      } else {
        added(each);
      }
    }
    for (const T& each : before) {
      if (in(after, each.key) == after.end()) gone(each);
    }
  }

  // Entries of a set, each of which allows something.
  void Sets(const std::vector<std::string>& before, const std::vector<std::string>& after, const std::string& whose,
            const std::string& verb, const std::string& noun);
  void Connections(const Connection& before, const Connection& after);
  void Changed(const std::string& whose, const char* what, const std::string& before, const std::string& after);
  void Triggers(const std::string& whose, const Trigger& before, const Trigger& after);
  void Retries(const std::string& whose, const std::optional<Retry>& before, const std::optional<Retry>& after);
  void Flows(const Flow& before, const Flow& after);
  void Configuration(const Input& before, const Input& after);

  std::vector<Change> changes_;
};

std::string Grant(const Connection& connection) {
  std::string text = "a connection " + connection.key + " (" + connection.kind + ") to " + Joined(connection.origins) +
                     " with " + MethodsOf(connection);
  return connection.scopes.empty() ? text : text + " and the scopes " + Joined(connection.scopes);
}

void Comparison::Sets(const std::vector<std::string>& before, const std::vector<std::string>& after,
                      const std::string& whose, const std::string& verb, const std::string& noun) {
  const std::string also = whose + " may also " + verb + " " + noun;
  const std::string no_longer = whose + " may no longer " + verb + " " + noun;
  for (const std::string& each : after) {
    if (std::find(before.begin(), before.end(), each) == before.end()) Add(Kind::kWidens, also + each);
  }
  for (const std::string& each : before) {
    if (std::find(after.begin(), after.end(), each) == after.end()) Add(Kind::kNarrows, no_longer + each);
  }
}

void Comparison::Changed(const std::string& whose, const char* what, const std::string& before,
                         const std::string& after) {
  if (before == after) return;
  const auto shown = [](const std::string& text) { return text.empty() ? std::string("nothing") : OneLine(text); };
  Add(Kind::kWidens, whose + " " + what + " " + shown(after) + " instead of " + shown(before));
}

void Comparison::Connections(const Connection& before, const Connection& after) {
  const std::string whose = "the connection " + after.key;
  Changed(whose, "is of the kind", before.kind, after.kind);
  Sets(before.origins, after.origins, whose, "reach", "");
  // The first origin is what a script's paths are relative to.
  if (before.origins.front() != after.origins.front() &&
      std::find(after.origins.begin(), after.origins.end(), before.origins.front()) != after.origins.end() &&
      std::find(before.origins.begin(), before.origins.end(), after.origins.front()) != before.origins.end()) {
    Add(Kind::kOther, whose + " is relative to " + after.origins.front() + " instead of " + before.origins.front());
  }
  if (before.methods && !after.methods) Add(Kind::kWidens, whose + " may also use any method");
  if (!before.methods && after.methods) Add(Kind::kNarrows, whose + " may no longer use but " + MethodsOf(after));
  if (before.methods && after.methods) Sets(*before.methods, *after.methods, whose, "use", "the method ");
  Sets(before.scopes, after.scopes, whose, "ask for", "the scope ");
  Changed(whose, "uses the grant", before.grant, after.grant);
  Changed(whose, "authorizes at", before.authorize_url, after.authorize_url);
  Changed(whose, "gets tokens from", before.token_url, after.token_url);
  Changed(whose, "revokes at", before.revoke_url, after.revoke_url);
  Changed(whose, "sends the key in the header", before.header, after.header);
  Changed(whose, "sends the key in the query parameter", before.query, after.query);
  Changed(whose, "sends before the key", before.prefix, after.prefix);
  Sets(before.fields, after.fields, whose, "ask for", "the field ");
}

// Narrower only where it is the same with a longer interval, or a check that was not there.
void Comparison::Triggers(const std::string& whose, const Trigger& before, const Trigger& after) {
  const std::string was = DescribeTrigger(before);
  const std::string is = DescribeTrigger(after);
  if (was == is) return;
  const bool slower = before.kind == after.kind && before.cron == after.cron && after.every_ms > before.every_ms;
  const bool by_hand = after.kind == "manual";
  Trigger unchecked = after;
  unchecked.scheme = before.scheme;
  unchecked.secret = before.secret;
  unchecked.header.clear();
  unchecked.prefix.clear();
  const bool checked = before.kind == "webhook" && before.scheme == "none" && DescribeTrigger(unchecked) == was;
  Add(slower || by_hand || checked ? Kind::kNarrows : Kind::kWidens,
      whose + " is started by " + is + " instead of " + was);
}

void Comparison::Retries(const std::string& whose, const std::optional<Retry>& before,
                         const std::optional<Retry>& after) {
  const std::uint64_t was = before ? before->attempts : 1;
  const std::uint64_t is = after ? after->attempts : 1;
  if (is != was) {
    Add(is > was ? Kind::kWidens : Kind::kNarrows,
        whose + " is tried up to " + std::to_string(is) + " times instead of " + std::to_string(was));
  }
  if (before && after && after->delay_ms != before->delay_ms) {
    Add(Kind::kOther,
        whose + " is tried again after " + Duration(after->delay_ms) + " instead of " + Duration(before->delay_ms));
  }
}

void Comparison::Flows(const Flow& before, const Flow& after) {
  const std::string whose = "the flow " + after.key;
  Triggers(whose, before.trigger, after.trigger);
  Retries(whose, before.retry, after.retry);
  if (before.profile != after.profile) {
    const bool asks = after.profile == CellProfile::kJit;
    Add(asks ? Kind::kWidens : Kind::kNarrows, whose + (asks ? " asks for jit" : " no longer asks for jit"));
  }
  for (const LimitSpec& spec : LimitTable()) {
    const std::uint64_t was = before.limits.*(spec.value);
    const std::uint64_t is = after.limits.*(spec.value);
    if (was == is) continue;
    Add(is > was ? Kind::kWidens : Kind::kNarrows, whose + " has the limit " + std::string(spec.name) + " of " +
                                                       FormatLimit(spec.unit, is) + " instead of " +
                                                       FormatLimit(spec.unit, was));
  }
}

void Comparison::Configuration(const Input& before, const Input& after) {
  const std::string whose = "the configuration " + after.key;
  if (after.type == "connection" && (before.type != "connection" || before.connection != after.connection)) {
    Add(Kind::kWidens, whose + " takes the connection " + after.connection + " instead of " +
                           (before.type == "connection" ? before.connection : before.type));
  } else if (before.type != after.type) {
    Add(Kind::kOther, whose + " is of the type " + after.type + " instead of " + before.type);
  }
  if (after.required && !before.required) Add(Kind::kOther, whose + " is required");
}

void Comparison::Run(const Manifest& before, const Manifest& after) {
  std::vector<Connection> connections_before;
  std::vector<Connection> connections_after;
  std::vector<Action> actions_before;
  std::vector<Action> actions_after;
  for (const Component& each : before.components) {
    connections_before.insert(connections_before.end(), each.connections.begin(), each.connections.end());
    actions_before.insert(actions_before.end(), each.actions.begin(), each.actions.end());
  }
  for (const Component& each : after.components) {
    connections_after.insert(connections_after.end(), each.connections.begin(), each.connections.end());
    actions_after.insert(actions_after.end(), each.actions.begin(), each.actions.end());
  }
  using OfConnection = std::function<void(const Connection&)>;
  using OfFlow = std::function<void(const Flow&)>;
  using OfAction = std::function<void(const Action&)>;
  using OfInput = std::function<void(const Input&)>;
  Match<Connection, OfConnection>(
      connections_before, connections_after,
      [&](const Connection& gone) { Add(Kind::kNarrows, "it no longer has " + Grant(gone)); },
      [&](const Connection& added) { Add(Kind::kWidens, "it has " + Grant(added)); },
      [&](const Connection& was, const Connection& is) { Connections(was, is); });
  Match<Flow, OfFlow>(
      before.flows, after.flows,
      [&](const Flow& gone) { Add(Kind::kNarrows, "it no longer has the flow " + gone.key); },
      [&](const Flow& added) {
        Add(Kind::kWidens, "it has a flow " + added.key + ", started by " + DescribeTrigger(added.trigger));
        Flow plain;
        plain.key = added.key;
        plain.trigger = added.trigger;
        Flows(plain, added);
      },
      [&](const Flow& was, const Flow& is) { Flows(was, is); });
  Match<Input, OfInput>(
      before.config, after.config,
      [&](const Input& gone) {
        Add(gone.type == "connection" ? Kind::kNarrows : Kind::kOther, "the configuration no longer has " + gone.key);
      },
      [&](const Input& added) {
        const bool connection = added.type == "connection";
        Add(connection ? Kind::kWidens : Kind::kOther,
            "the configuration has " + added.key + (connection ? ", the connection " + added.connection : ""));
      },
      [&](const Input& was, const Input& is) { Configuration(was, is); });
  Match<Action, OfAction>(
      actions_before, actions_after,
      [&](const Action& gone) { Add(Kind::kOther, "it no longer has the action " + gone.key); },
      [&](const Action& added) { Add(Kind::kOther, "it has an action " + added.key); },
      [&](const Action& was, const Action& is) {
        Retries("the action " + is.key, was.retry, is.retry);
        if (was.idempotent != is.idempotent) {
          Add(Kind::kOther, "the action " + is.key + (is.idempotent ? " is idempotent" : " is no longer idempotent"));
        }
      });
  if (before.name != after.name)
    Add(Kind::kOther, "it is called " + OneLine(after.name) + " instead of " + OneLine(before.name));
}

}  // namespace

std::vector<Change> Compare(std::string_view old_json, std::string_view new_json) {
  Comparison comparison;
  comparison.Run(Read(old_json), Read(new_json));
  std::vector<Change> changes = comparison.Take();
  std::stable_sort(changes.begin(), changes.end(), [](const Change& a, const Change& b) { return a.kind < b.kind; });
  return changes;
}

}  // namespace warder::manifest
