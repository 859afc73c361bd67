#include "engine/base/strict_json.h"

#include <openssl/crypto.h>

#include <array>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <new>
#include <set>
#include <string>
#include <vector>

#include "engine/base/text.h"
#include "engine/execution/json_events.h"

namespace warder {
namespace {

constexpr std::size_t kMaxShownBytes = 80;

// Boost keeps the last of several members with one name, so the names are counted before it builds anything. Stops at
// the second of two.
class NameCheck : public JsonEvents {
 public:
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
  bool on_key(View part, std::size_t, Code& code) {
    name_.append(part.data(), part.size());
    const bool first = objects_.back().insert(name_).second;
    name_.clear();
    if (!first) code = boost::json::error::exception;
    return first;
  }

 private:
  std::vector<std::set<std::string>> objects_;
  std::string name_;
};

class WipingResource final : public boost::json::memory_resource {
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    return ::operator new(bytes, static_cast<std::align_val_t>(alignment));
  }
  void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
    OPENSSL_cleanse(memory, bytes);
    ::operator delete(memory, static_cast<std::align_val_t>(alignment));
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

// Where the parser builds what it does not know the size of yet.
struct Scratch {
  Scratch() = default;
  ~Scratch() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  Scratch(Scratch&&) = delete;
  Scratch& operator=(Scratch&&) = delete;

  std::array<unsigned char, 4096> bytes{};
};

}  // namespace

std::string Shown(const boost::json::value& value) {
  std::string text = boost::json::serialize(value);
  if (const double* number = value.if_double()) {
    std::array<char, 32> digits{};  // the shortest spelling; Boost writes 1.5 as 1.5E0
    const auto written = std::to_chars(digits.data(), digits.data() + digits.size(), *number);
    text.assign(digits.data(), written.ptr);
  }
  return Truncate(text, kMaxShownBytes);
}

boost::json::storage_ptr WipingStorage() { return boost::json::make_shared_resource<WipingResource>(); }

Result<boost::json::value> ParseStrict(std::string_view text, const boost::json::storage_ptr& storage,
                                       std::size_t depth) {
  if (std::string why; !IsJson(text, &why, depth)) return InvalidInput("it is not JSON: " + why);
  boost::json::parse_options options;
  options.max_depth = depth;
  boost::json::error_code error;
  boost::json::basic_parser<NameCheck> check(options);
  const std::size_t taken = check.write_some(false, text.data(), text.size(), error);
  if (error) {
    return InvalidInput("an object in it has the same name twice, at " + PlaceIn(text, taken) + "; leave one of them");
  }
  Scratch scratch;
  boost::json::parser parser(storage, options, scratch.bytes.data(), scratch.bytes.size());
  parser.reset(storage);
  parser.write(text.data(), text.size(), error);
  if (error) return InvalidInput("it is not JSON: " + error.message());
  return parser.release();
}

}  // namespace warder
