#include "engine/source_map/source_map.h"

#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <utility>

#include "engine/execution/json_events.h"
#include "sandbox/base/treacherous.h"
#include "sandbox/base/utf8.h"

namespace warder::source_map {
namespace {

constexpr std::size_t kMaxDepth = 16;

std::string Joined(std::string_view root, std::string_view source) {
  std::string path(root);
  if (!path.empty() && path.back() != '/') path += '/';
  return path.append(source);
}

// Takes from the JSON what is needed, member by member, so that what else is in it costs no memory.
class Reader : public JsonEvents {
 public:
  std::string mappings;
  std::string root;
  std::vector<std::string> sources;

  // What is wrong; empty where nothing is.
  const std::string& problem() const { return problem_; }
  void CheckComplete() {
    if (!object_) return Fail("it is no object");
    if (!has_version_) return Fail("its version is not 3");
    if ((seen_ & kMappings) == 0) return Fail("it has no mappings");
    if ((seen_ & kSources) == 0) return Fail("it has no list of sources");
  }

  bool on_object_begin(Code& code) {
    if (depth_ == 0) object_ = true;
    return Where() == Part::kIgnored ? Open() : Mistyped(code);
  }
  bool on_object_end(std::size_t, Code&) { return Close(); }
  bool on_array_begin(Code& code) {
    if (Where() == Part::kIgnored) return Open();
    if (Where() != Part::kMember || member_ != kSources) return Mistyped(code);
    in_sources_ = true;
    return Open();
  }
  bool on_array_end(std::size_t, Code&) { return Close(); }
  bool on_key_part(View part, std::size_t, Code&) {
    if (depth_ == 1 && key_.size() <= kMaxKeyBytes) key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(View part, std::size_t total, Code& code) {
    on_key_part(part, total, code);
    if (depth_ != 1) return true;
    member_ = MemberOf(std::exchange(key_, {}));
    if (member_ == kSections) return Stop("it is an index map, which is not supported", code);
    if ((seen_ & member_) != 0) return Stop("it has the same member twice", code);
    seen_ |= member_;
    return true;
  }
  bool on_string_part(View part, std::size_t total, Code& code) {
    std::string* const target = Target();
    if (target == nullptr) return Where() == Part::kIgnored || Mistyped(code);
    if (target != &mappings && total > kMaxSourceBytes) {
      return Stop("the name of a source is longer than " + std::to_string(kMaxSourceBytes) + " bytes", code);
    }
    target->append(part.data(), part.size());
    return true;
  }
  bool on_string(View part, std::size_t total, Code& code) {
    if (!on_string_part(part, total, code)) return false;
    return Where() != Part::kSource || AddSource(std::exchange(source_, {}), code);
  }
  bool on_int64(std::int64_t number, View, Code& code) { return OnNumber(number == 3, code); }
  bool on_uint64(std::uint64_t number, View, Code& code) { return OnNumber(number == 3, code); }
  bool on_double(double number, View, Code& code) { return OnNumber(number == 3, code); }
  bool on_bool(bool, Code& code) { return Where() == Part::kIgnored || Mistyped(code); }
  bool on_null(Code& code) {
    if (Where() == Part::kSource) return AddSource({}, code);  // one without a name
    return Where() == Part::kIgnored || member_ == kRoot || Mistyped(code);
  }

 private:
  enum Member : unsigned { kOther = 0, kVersion = 1, kMappings = 2, kSources = 4, kRoot = 8, kSections = 16 };
  enum class Part { kIgnored, kMember, kSource };
  static constexpr std::size_t kMaxKeyBytes = 16;

  static Member MemberOf(std::string_view key) {
    if (key == "version") return kVersion;
    if (key == "mappings") return kMappings;
    if (key == "sources") return kSources;
    if (key == "sourceRoot") return kRoot;
    if (key == "sections") return kSections;
    return kOther;
  }
  // What the value that begins or ends here is.
  Part Where() const {
    if (in_sources_ && depth_ == 2) return Part::kSource;
    return depth_ == 1 && member_ != kOther ? Part::kMember : Part::kIgnored;
  }
  // Where a string that begins here goes; null where none belongs.
  std::string* Target() {
    if (Where() == Part::kSource) return &source_;
    if (Where() == Part::kIgnored) return nullptr;
    return member_ == kMappings ? &mappings : member_ == kRoot ? &root : nullptr;
  }
  bool Open() {
    ++depth_;
    return true;
  }
  bool Close() {
    if (--depth_ == 1) in_sources_ = false;
    return true;
  }
  bool OnNumber(bool is_three, Code& code) {
    if (Where() == Part::kIgnored) return true;
    if (Where() != Part::kMember || member_ != kVersion) return Mistyped(code);
    has_version_ = is_three;
    return true;
  }
  bool AddSource(std::string name, Code& code) {
    if (sources.size() == kMaxSources) {
      return Stop("it has more than " + std::to_string(kMaxSources) + " sources", code);
    }
    sources.push_back(std::move(name));
    return true;
  }
  bool Mistyped(Code& code) { return Stop("its members are not of the types that they must have", code); }
  bool Stop(std::string problem, Code& code) {
    Fail(std::move(problem));
    code = boost::json::error::syntax;  // any: `problem_` is what is told
    return false;
  }
  void Fail(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  std::string problem_;
  std::string key_;
  std::string source_;  // that is being read
  Member member_ = kOther;
  unsigned seen_ = 0;
  int depth_ = 0;
  bool object_ = false;
  bool in_sources_ = false;
  bool has_version_ = false;
};

}  // namespace

Result<SourceMap> SourceMap::Parse(std::string_view json) {
  if (json.size() > kMaxMapBytes) {
    return InvalidInput("it is larger than " + std::to_string(kMaxMapBytes >> 20U) + " MB");
  }
  boost::json::parse_options options;
  options.max_depth = kMaxDepth;
  boost::json::basic_parser<Reader> parser(options);
  boost::json::error_code error;
  const std::size_t taken = parser.write_some(false, json.data(), json.size(), error);
  Reader& read = parser.handler();
  if (!read.problem().empty()) return InvalidInput(read.problem());
  if (!error && taken < json.size()) error = boost::json::error::extra_data;
  if (error) return InvalidInput("it is not JSON: " + error.message());
  read.CheckComplete();
  if (!read.problem().empty()) return InvalidInput(read.problem());

  auto mappings = Mappings::Decode(read.mappings, read.sources.size());
  if (!mappings) return mappings.error();
  std::vector<std::string> paths;
  for (std::string& each : read.sources) {
    paths.push_back(each.empty() ? std::string() : SafeName(Joined(read.root, each)));
    each = ShownSource(read.root, each);
  }
  return SourceMap(std::move(*mappings), std::move(read.sources), std::move(paths));
}

std::optional<SourceMap::Place> SourceMap::Find(Position generated) const {
  const auto original = mappings_.Find(generated);
  if (!original || sources_[original->source].empty()) return std::nullopt;
  return Place{sources_[original->source], original->position};
}

std::string SafeName(std::string_view name) {
  std::string shown;
  for (std::size_t at = 0; at < name.size();) {
    const Character character = FirstCharacter(name.substr(at));
    if (character.valid && !IsTreacherous(character.code)) {
      shown.append(name.substr(at, character.bytes));
    } else {
      shown.push_back('?');
    }
    at += character.bytes;
  }
  return shown;
}

std::string ShownSource(std::string_view root, std::string_view source) {
  const std::string path = Joined(root, source);
  // Only what leads nowhere is taken out: the name of a file is the bundler's, relative to where it put the bundle.
  std::string_view rest = path;
  while (rest.starts_with("./") || rest.starts_with("../")) rest.remove_prefix(rest.find('/') + 1);

  std::string shown = SafeName(rest);
  if (shown.size() <= kMaxShownSourceBytes) return shown;
  std::size_t from = shown.size() - kMaxShownSourceBytes;
  while ((static_cast<unsigned char>(shown[from]) & 0xC0U) == 0x80U) ++from;
  return "…" + shown.substr(from);
}

}  // namespace warder::source_map
