#include "engine/cli/json_text.h"

#include <boost/json.hpp>

#include "engine/cli/text.h"

namespace warder::cli {

JsonObject& JsonObject::Add(std::string_view key, const boost::json::value& value) {
  return AddDocument(key, boost::json::serialize(value));
}

JsonObject& JsonObject::AddDocument(std::string_view key, std::string_view document) {
  if (!members_.empty()) members_ += ',';
  members_ += boost::json::serialize(boost::json::string_view(key.data(), key.size()));
  members_ += ':';
  members_ += document.empty() ? "null" : document;
  return *this;
}

std::string JsonObject::Text() const { return SafeJson("{" + members_ + "}"); }

std::string JsonArray(const std::vector<std::string>& documents) {
  std::string text = "[";
  for (const std::string& document : documents) {
    if (text.size() > 1) text += ',';
    text += document;
  }
  return text + "]";
}

}  // namespace warder::cli
