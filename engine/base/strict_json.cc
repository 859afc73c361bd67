#include "engine/base/strict_json.h"

#include <openssl/crypto.h>

#include <array>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>
#include <new>
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

class WipingResource final : public boost::json::memory_resource {
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    return ::operator new(bytes, std::align_val_t(alignment));
  }
  void do_deallocate(void* memory, std::size_t bytes, std::size_t alignment) override {
    OPENSSL_cleanse(memory, bytes);
    ::operator delete(memory, std::align_val_t(alignment));
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

boost::json::storage_ptr WipingStorage() { return boost::json::make_shared_resource<WipingResource>(); }

Result<boost::json::value> ParseStrict(std::string_view text, const boost::json::storage_ptr& storage,
                                       std::size_t depth) {
  boost::json::parse_options options;
  options.max_depth = depth;
  boost::json::error_code error;
  boost::json::basic_parser<NameCheck> check(options);
  const std::size_t taken = check.write_some(false, text.data(), text.size(), error);
  if (!error && taken < text.size()) error = boost::json::error::extra_data;
  if (error) return InvalidInput("it is not JSON: " + error.message() + " at byte " + std::to_string(taken));
  if (check.handler().repeated()) return InvalidInput("an object in it has the same name twice");
  Scratch scratch;
  boost::json::parser parser(storage, options, scratch.bytes.data(), scratch.bytes.size());
  parser.reset(storage);
  parser.write(text.data(), text.size(), error);
  if (error) return InvalidInput("it is not JSON: " + error.message());
  return parser.release();
}

}  // namespace warder
