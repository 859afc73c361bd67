#include "engine/base/strict_json.h"

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <set>
#include <string>
#include <vector>

#include "engine/execution/json_events.h"

namespace warder {
namespace {

// Boost keeps the last of several members with one name, so the names are counted before it builds anything.
class NameCheck : public JsonEvents {
 public:
  bool repeated() const { return repeated_; }

  bool on_object_begin(Code&) {
    objects_.emplace_back();
    return true;
  }
  bool on_object_end(std::size_t, Code&) {
    objects_.pop_back();
    return true;
  }
  bool on_key_part(View part, std::size_t, Code&) {
    name_.append(part.data(), part.size());
    return true;
  }
  bool on_key(View part, std::size_t, Code&) {
    name_.append(part.data(), part.size());
    if (!objects_.back().insert(name_).second) repeated_ = true;
    name_.clear();
    return true;
  }

 private:
  std::vector<std::set<std::string>> objects_;
  std::string name_;
  bool repeated_ = false;
};

}  // namespace

Result<boost::json::value> ParseStrict(std::string_view text) {
  boost::json::parse_options options;
  options.max_depth = kMaxStrictDepth;
  boost::json::error_code error;
  boost::json::basic_parser<NameCheck> check(options);
  const std::size_t taken = check.write_some(false, text.data(), text.size(), error);
  if (!error && taken < text.size()) error = boost::json::error::extra_data;
  if (error) return InvalidInput("it is not JSON: " + error.message() + " at byte " + std::to_string(taken));
  if (check.handler().repeated()) return InvalidInput("an object in it has the same name twice");
  boost::json::value value = boost::json::parse({text.data(), text.size()}, error, {}, options);
  if (error) return InvalidInput("it is not JSON: " + error.message());
  return value;
}

}  // namespace warder
