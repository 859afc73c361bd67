// JSON on standard output: one document on one line, safe to show on a terminal.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace warder::cli {

// An object with its members in the order they are added. Documents from elsewhere go in as text, unparsed, so that
// their numbers stay what they are.
class JsonObject {
 public:
  JsonObject& Add(std::string_view key, const boost::json::value& value);
  // `document` is one JSON document; an empty one stands as null.
  JsonObject& AddDocument(std::string_view key, std::string_view document);
  // With escapes for what a terminal would interpret (SafeJson).
  std::string Text() const;

 private:
  std::string members_;
};

// An array of documents.
std::string JsonArray(const std::vector<std::string>& documents);

}  // namespace warder::cli
