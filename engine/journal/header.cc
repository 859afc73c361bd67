#include "engine/journal/header.h"

#include <array>
#include <boost/json.hpp>

#include "engine/base/strict_json.h"

namespace warder::journal {
namespace {

namespace json = boost::json;

struct Member {
  const char* name;
  std::string Header::*value;
};

constexpr std::array kMembers = {
    Member{"warder", &Header::warder}, Member{"v8", &Header::v8},         Member{"image", &Header::image},
    Member{"bundle", &Header::bundle}, Member{"policy", &Header::policy}, Member{"execution", &Header::execution},
    Member{"tenant", &Header::tenant}, Member{"flow", &Header::flow},     Member{"recorded", &Header::recorded},
};

constexpr std::array kStatuses = {Status::kSucceeded, Status::kFailed,        Status::kInvalid,   Status::kLimit,
                                  Status::kViolation, Status::kUnenforceable, Status::kCancelled, Status::kFault};

Error Wrong(const char* record, const std::string& why) {
  return InvalidInput(std::string("its ") + record + " " + why);
}

bool IsHash(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The object, if it has as many members as it should; then each that is asked for is the only one. `optional` does not
// count.
Result<json::object> ObjectOf(const char* record, std::string_view text, std::size_t members,
                              std::string_view optional = {}) {
  auto value = ParseStrict(text);
  if (!value) return Wrong(record, "cannot be read: " + value.error().message);
  auto* object = value->if_object();
  if (object == nullptr) return Wrong(record, "is not a JSON object");
  if (object->contains(json::string_view(optional.data(), optional.size()))) ++members;
  if (object->size() != members) {
    return Wrong(record, "has " + std::to_string(object->size()) + " members instead of " + std::to_string(members));
  }
  return std::move(*object);
}

Result<std::string> TextOf(const char* record, const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) {
    return Wrong(record, std::string("has no text \"") + name + "\"");
  }
  return std::string(value->get_string());
}

}  // namespace

std::string HeaderText(const Header& header) {
  json::object object;
  for (const Member& member : kMembers) object[member.name] = header.*member.value;
  json::object limits;
  for (const LimitSpec& spec : LimitTable()) limits[spec.name] = header.limits.*(spec.value);
  object["limits"] = std::move(limits);
  if (header.profile != CellProfile::kJitless) object["profile"] = CellProfileName(header.profile);
  return json::serialize(object);
}

std::string EndingText(const Ending& ending) {
  return json::serialize(json::object{{"status", StatusName(ending.status)},
                                      {"reason", ending.reason},
                                      {"by", ending.by == EndedBy::kCell ? "cell" : "engine"}});
}

Result<Header> ReadHeader(std::string_view text) {
  constexpr const char* kRecord = "header";
  constexpr const char* kProfile = "profile";  // only of an execution with the jit grant
  const auto object = ObjectOf(kRecord, text, kMembers.size() + 1, kProfile);
  if (!object) return object.error();
  Header header;
  for (const Member& member : kMembers) {
    auto value = TextOf(kRecord, *object, member.name);
    if (!value) return value.error();
    header.*member.value = std::move(*value);
  }
  if (!IsHash(header.bundle)) {
    return Wrong(kRecord, "has a \"bundle\" that is no hash but " + Shown(json::value(header.bundle)));
  }
  if (const json::value* profile = object->if_contains(kProfile)) {
    if (*profile != CellProfileName(CellProfile::kJit)) {
      return Wrong(kRecord, "has the \"profile\" " + Shown(*profile) + ", and only jit is ever named");
    }
    header.profile = CellProfile::kJit;
  }
  const json::value* limits = object->if_contains("limits");
  if (limits == nullptr || !limits->is_object() || limits->get_object().size() != LimitTable().size()) {
    return Wrong(kRecord, "has no \"limits\" with every limit of `warder policy`");
  }
  try {
    header.limits = ParseLimits(json::serialize(*limits));
  } catch (const EngineError& error) {
    return Wrong(kRecord, "has wrong \"limits\": " + std::string(error.what()));
  }
  return header;
}

Result<Ending> ReadEnding(std::string_view text) {
  constexpr const char* kRecord = "last record";
  const auto object = ObjectOf(kRecord, text, 3);
  if (!object) return object.error();
  const auto status = TextOf(kRecord, *object, "status");
  if (!status) return status.error();
  auto reason = TextOf(kRecord, *object, "reason");
  if (!reason) return reason.error();
  const auto by = TextOf(kRecord, *object, "by");
  if (!by) return by.error();
  if (*by != "cell" && *by != "engine") return Wrong(kRecord, "has a \"by\" that is neither cell nor engine");
  for (const Status each : kStatuses) {
    if (*status == StatusName(each)) {
      return Ending{each, std::move(*reason), *by == "cell" ? EndedBy::kCell : EndedBy::kEngine};
    }
  }
  return Wrong(kRecord, "has the \"status\" " + Shown(json::value(*status)) + ", which does not exist");
}

}  // namespace warder::journal
