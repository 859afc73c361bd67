#include "engine/coverage/precise_coverage.h"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <map>
#include <string>
#include <utility>

#include "engine/coverage/utf16.h"
#include "engine/execution/json_events.h"

namespace warder::coverage {
namespace {

// How deep a value of each kind stands.
enum Depth : int { kScripts = 1, kScript, kFunctions, kFunction, kRanges, kRange };

// [{url, functions: [{ranges: [{startOffset, endOffset, count}]}]}]; members beside these are plain values.
class Reader : public JsonEvents {
 public:
  explicit Reader(const Bundle& bundle) {
    for (const Bundle::File& file : bundle.files()) sources_.emplace(file.name, file.source);
  }

  std::vector<ModuleCoverage> modules;
  const std::string& problem() const { return problem_; }

  bool on_array_begin(Code& code) {
    const bool fits =
        depth_ == 0 || (depth_ == kScript && key_ == "functions") || (depth_ == kFunction && key_ == "ranges");
    if (!fits) return Stop("it is not built as it must be", code);
    if (depth_ == kScript && !named_) return Stop("a script has functions before it has a name", code);
    ++depth_;
    return true;
  }
  bool on_array_end(std::size_t, Code&) { return Close(); }
  bool on_object_begin(Code& code) {
    if (depth_ != kScripts && depth_ != kFunctions && depth_ != kRanges) {
      return Stop("it is not built as it must be", code);
    }
    if (depth_ == kScripts) named_ = false;
    if (depth_ == kRanges) range_ = {};
    if (depth_ == kRanges) seen_ = 0;
    ++depth_;
    return true;
  }
  bool on_object_end(std::size_t, Code& code) {
    if (depth_ == kRange && !AddRange(code)) return false;
    return Close();
  }
  bool on_key_part(View part, std::size_t, Code&) {
    if (partial_.size() <= kMaxKeyBytes) partial_.append(part.data(), part.size());
    return true;
  }
  bool on_key(View part, std::size_t total, Code& code) {
    on_key_part(part, total, code);
    key_ = std::exchange(partial_, {});
    return true;
  }
  bool on_string_part(View part, std::size_t total, Code& code) {
    if (depth_ != kScript || key_ != "url") return Plain(code);
    if (total > kMaxNameBytes) return Stop("it names a script that is not of the bundle", code);
    name_.append(part.data(), part.size());
    return true;
  }
  bool on_string(View part, std::size_t total, Code& code) {
    if (!on_string_part(part, total, code)) return false;
    return depth_ != kScript || key_ != "url" || Begin(std::exchange(name_, {}), code);
  }
  bool on_int64(std::int64_t number, View, Code& code) {
    if (number < 0) return Stop("it has a number below zero", code);
    return on_uint64(static_cast<std::uint64_t>(number), {}, code);
  }
  bool on_uint64(std::uint64_t number, View, Code& code) {
    if (depth_ != kRange) return Plain(code);
    if (key_ == "startOffset") return Take(&range_.begin, number, 1, code);
    if (key_ == "endOffset") return Take(&range_.end, number, 2, code);
    if (key_ == "count") {
      range_.count = number;
      seen_ |= 4U;
    }
    return true;
  }
  bool on_double(double, View, Code& code) { return Stop("it has a number that is none of bytes or runs", code); }
  bool on_bool(bool, Code& code) { return Plain(code); }
  bool on_null(Code& code) { return Plain(code); }

 private:
  static constexpr std::size_t kMaxKeyBytes = 16;
  static constexpr std::size_t kMaxNameBytes = 4'096;
  static constexpr std::uint64_t kMaxCount = std::uint64_t{1} << 53U;

  // A value that is not looked at.
  bool Plain(Code& code) {
    const bool member = depth_ == kScript || depth_ == kFunction || depth_ == kRange;
    return member || Stop("it is not built as it must be", code);
  }
  bool Close() {
    --depth_;
    return true;
  }
  bool Begin(std::string name, Code& code) {
    const auto source = sources_.find(name);
    if (named_ || source == sources_.end()) return Stop("it names a script that is not of the bundle", code);
    if (std::any_of(modules.begin(), modules.end(), [&](const ModuleCoverage& each) { return each.module == name; })) {
      return Stop("it names a script twice", code);
    }
    named_ = true;
    length_ = Utf16Length(source->second);
    modules.push_back({std::move(name), {}});
    return true;
  }
  bool Take(std::uint32_t* place, std::uint64_t number, unsigned bit, Code& code) {
    if (number > length_) return Stop("it has a range beyond the end of its script", code);
    *place = static_cast<std::uint32_t>(number);
    seen_ |= bit;
    return true;
  }
  bool AddRange(Code& code) {
    if (seen_ != 7U || range_.begin > range_.end || range_.count > kMaxCount) {
      return Stop("it has a range that is none", code);
    }
    if (++ranges_ > kMaxCoveredRanges) {
      return Stop("it has more than " + std::to_string(kMaxCoveredRanges) + " ranges", code);
    }
    modules.back().ranges.push_back(range_);
    return true;
  }
  bool Stop(std::string problem, Code& code) {
    problem_ = std::move(problem);
    code = boost::json::error::syntax;  // any: `problem_` is what is told
    return false;
  }

  std::map<std::string, std::string_view, std::less<>> sources_;
  std::string problem_;
  std::string partial_;
  std::string key_;
  std::string name_;
  int depth_ = 0;
  bool named_ = false;        // the script that is being read
  std::uint32_t length_ = 0;  // of it
  CoveredRange range_;
  unsigned seen_ = 0;  // members of range_
  std::size_t ranges_ = 0;
};

}  // namespace

Result<std::vector<ModuleCoverage>> ReadPreciseCoverage(std::string_view json, const Bundle& bundle) {
  boost::json::parse_options options;
  options.max_depth = kRange;
  boost::json::basic_parser<Reader> parser(options, bundle);
  boost::json::error_code error;
  const std::size_t taken = parser.write_some(false, json.data(), json.size(), error);
  Reader& read = parser.handler();
  if (!read.problem().empty()) return InvalidInput(read.problem());
  if (!error && taken < json.size()) error = boost::json::error::extra_data;
  if (error) return InvalidInput("it is not JSON: " + error.message());
  return std::move(read.modules);
}

}  // namespace warder::coverage
