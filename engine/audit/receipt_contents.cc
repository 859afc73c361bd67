#include "engine/audit/receipt_contents.h"

#include <boost/json.hpp>
#include <string>

#include "engine/audit/strict_json.h"

namespace warder::audit {
namespace {

namespace json = boost::json;

enum class Kind { kText, kNumber, kBool, kList, kObject, kTextOrNull, kListOrNull, kObjectOrNull };

struct Member {
  const char* pointer;  // RFC 6901
  Kind kind;
};

constexpr Member kMembers[] = {
    {"/execution", Kind::kText},
    {"/tenant", Kind::kText},
    {"/code/sha256", Kind::kText},
    {"/code/entry", Kind::kText},
    {"/code/flow", Kind::kText},
    {"/policy/sha256", Kind::kText},
    {"/policy/origins", Kind::kList},
    {"/policy/permitDegraded", Kind::kList},
    {"/versions/warder", Kind::kText},
    {"/versions/v8", Kind::kText},
    {"/versions/image", Kind::kText},
    {"/versions/kernel", Kind::kText},
    {"/times/requested", Kind::kText},
    {"/times/started", Kind::kTextOrNull},
    {"/times/ended", Kind::kText},
    {"/times/over", Kind::kText},
    {"/limits", Kind::kObject},
    {"/setup", Kind::kList},
    {"/posture", Kind::kListOrNull},
    {"/calls", Kind::kList},
    {"/callsOmitted", Kind::kNumber},
    {"/verdict/status", Kind::kText},
    {"/verdict/reason", Kind::kText},
    {"/verdict/limit", Kind::kObjectOrNull},
    {"/verdict/violation", Kind::kTextOrNull},
    {"/usage/wallUs", Kind::kNumber},
    {"/usage/cpuUs", Kind::kNumber},
    {"/usage/peakRssBytes", Kind::kNumber},
    {"/usage/calls", Kind::kNumber},
    {"/teardown/dead", Kind::kBool},
    {"/teardown/reaped", Kind::kBool},
    {"/teardown/zygoteLost", Kind::kBool},
    {"/teardown/cgroup", Kind::kText},
    {"/teardown/descriptors/made", Kind::kNumber},
    {"/teardown/descriptors/returned", Kind::kNumber},
    {"/teardown/processes/made", Kind::kNumber},
    {"/teardown/processes/ended", Kind::kNumber},
    {"/teardown/engine", Kind::kObjectOrNull},
};

constexpr Member kLayerMembers[] = {{"/layer", Kind::kText}, {"/state", Kind::kText}, {"/detail", Kind::kText}};
constexpr Member kCallMembers[] = {{"/call", Kind::kNumber},         {"/method", Kind::kText},
                                   {"/origin", Kind::kText},         {"/outcome", Kind::kText},
                                   {"/status", Kind::kNumber},       {"/requestBytes", Kind::kNumber},
                                   {"/responseBytes", Kind::kNumber}};

bool Is(const json::value& value, Kind kind) {
  switch (kind) {
    case Kind::kText:
      return value.is_string();
    case Kind::kNumber:
      return value.is_number();
    case Kind::kBool:
      return value.is_bool();
    case Kind::kList:
      return value.is_array();
    case Kind::kObject:
      return value.is_object();
    case Kind::kTextOrNull:
      return value.is_string() || value.is_null();
    case Kind::kListOrNull:
      return value.is_array() || value.is_null();
    case Kind::kObjectOrNull:
      return value.is_object() || value.is_null();
  }
  return false;
}

template <typename Members>
Result<void> CheckMembers(const json::value& value, const Members& members, const std::string& where) {
  for (const Member& member : members) {
    boost::system::error_code missing;
    const json::value* const found = value.find_pointer(member.pointer, missing);
    if (found == nullptr || !Is(*found, member.kind)) {
      return InvalidInput("it has no " + where + member.pointer + " of the right type");
    }
  }
  return {};
}

}  // namespace

Result<void> CheckReceiptContents(std::string_view receipt) {
  const auto value = ParseStrict(receipt);
  if (!value) return value.error();
  const json::value* const version = value->is_object() ? value->get_object().if_contains("version") : nullptr;
  if (version == nullptr || !version->is_int64() || version->get_int64() != kReceiptVersion) {
    return InvalidInput("its version is not " + std::to_string(kReceiptVersion));
  }
  if (auto checked = CheckMembers(*value, kMembers, ""); !checked) return checked;
  if (const json::array* const layers = value->at("posture").if_array(); layers != nullptr) {
    for (const json::value& layer : *layers) {
      if (auto checked = CheckMembers(layer, kLayerMembers, "/posture/…"); !checked) return checked;
    }
  }
  for (const json::value& call : value->at("calls").get_array()) {
    if (auto checked = CheckMembers(call, kCallMembers, "/calls/…"); !checked) return checked;
  }
  return {};
}

}  // namespace warder::audit
