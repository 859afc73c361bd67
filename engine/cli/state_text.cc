#include "engine/cli/state_text.h"

#include <boost/json.hpp>

#include "engine/cli/json_text.h"

namespace warder::cli {

namespace json = boost::json;

std::string StateLines(const std::vector<StateRecord>& records) {
  std::string text;
  for (const StateRecord& record : records) {
    text += StateScopeName(record.key.scope);
    if (!record.key.flow.empty()) text += " " + record.key.flow;
    text += " " + json::serialize(json::string(record.key.key));
    text += record.deleted ? " is deleted\n" : " = " + record.value_json + "\n";
  }
  return text;
}

std::string StateDocument(const std::vector<StateItem>& before, const std::vector<StateRecord>& records,
                          StateScope scope, const std::string& flow) {
  std::map<std::string, std::string> values;
  const auto is_of = [&](const StateKey& key) { return key.scope == scope && (flow.empty() || key.flow == flow); };
  for (const StateItem& item : before) {
    if (item.key.scope == scope && item.value_json) values[item.key.key] = *item.value_json;
  }
  for (const StateRecord& record : records) {
    if (!is_of(record.key)) continue;
    if (record.deleted) {
      values.erase(record.key.key);
    } else {
      values[record.key.key] = record.value_json;
    }
  }
  JsonObject object;
  for (const auto& [key, value] : values) object.AddDocument(key, value);
  return object.Text();
}

std::string StateArray(const std::vector<StateRecord>& records) {
  std::vector<std::string> documents;
  for (const StateRecord& record : records) {
    documents.push_back(
        JsonObject()
            .Add("scope", json::string(StateScopeName(record.key.scope)))
            .Add("flow", record.key.flow.empty() ? json::value(nullptr) : json::value(json::string(record.key.flow)))
            .Add("key", json::string(record.key.key))
            .Add("deleted", record.deleted)
            .Add("bytes", record.bytes)
            .AddDocument("value", record.value_json)
            .Text());
  }
  return JsonArray(documents);
}

}  // namespace warder::cli
