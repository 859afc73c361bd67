#include "engine/audit/receipt_contents.h"

#include <boost/json.hpp>
#include <string>

#include "engine/base/strict_json.h"

namespace warder::audit {
namespace {

namespace json = boost::json;

enum class Kind { kText, kNumber, kBool, kList, kObject, kTextOrNull, kBoolOrNull, kListOrNull, kObjectOrNull };

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
    {"/usage/peakMemoryBytes", Kind::kNumber},
    {"/usage/heapPeakBytes", Kind::kNumber},
    {"/usage/arrayBufferPeakBytes", Kind::kNumber},
    {"/usage/calls", Kind::kNumber},
    {"/usage/requestBytes", Kind::kNumber},
    {"/usage/responseBytes", Kind::kNumber},
    {"/usage/logBytes", Kind::kNumber},
    {"/usage/outputBytes", Kind::kNumber},
    {"/teardown/dead", Kind::kBoolOrNull},
    {"/teardown/reaped", Kind::kBoolOrNull},
    {"/teardown/zygoteLost", Kind::kBool},
    {"/teardown/cgroup", Kind::kText},
    {"/teardown/descriptors/made", Kind::kNumber},
    {"/teardown/descriptors/returned", Kind::kNumber},
    {"/teardown/processes/made", Kind::kNumber},
    {"/teardown/processes/ended", Kind::kNumber},
    {"/teardown/engine", Kind::kObjectOrNull},
};

constexpr Member kLayerMembers[] = {{"/layer", Kind::kText}, {"/state", Kind::kText}, {"/detail", Kind::kText}};
constexpr Member kStepMembers[] = {{"/step", Kind::kText}, {"/us", Kind::kNumber}};
constexpr Member kCallMembers[] = {
    {"/call", Kind::kNumber},          {"/method", Kind::kTextOrNull},     {"/origin", Kind::kTextOrNull},
    {"/redirects", Kind::kList},       {"/connection", Kind::kTextOrNull}, {"/attempts", Kind::kNumber},
    {"/outcome", Kind::kText},         {"/status", Kind::kNumber},         {"/requestBytes", Kind::kNumber},
    {"/responseBytes", Kind::kNumber}, {"/startedUs", Kind::kNumber},      {"/durationUs", Kind::kNumber}};
constexpr Member kLimitMembers[] = {{"/name", Kind::kText}, {"/value", Kind::kNumber}, {"/peak", Kind::kNumber}};
constexpr Member kBaselineMembers[] = {{"/baseline", Kind::kNumber}, {"/now", Kind::kNumber}};

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
    case Kind::kBoolOrNull:
      return value.is_bool() || value.is_null();
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

// What is null or another type was judged as a member; here only what is in it.
template <typename Members>
Result<void> CheckItems(const json::value& receipt, const char* list, const Members& members) {
  const json::array* const items = receipt.at_pointer(list).if_array();
  if (items == nullptr) return {};
  for (const json::value& item : *items) {
    if (auto checked = CheckMembers(item, members, std::string(list) + "/…"); !checked) return checked;
  }
  return {};
}

Result<void> CheckTexts(const json::value& receipt, const char* list) {
  for (const json::value& item : receipt.at_pointer(list).get_array()) {
    if (!item.is_string()) return InvalidInput("its " + std::string(list) + " holds something other than texts");
  }
  return {};
}

template <typename Members>
Result<void> CheckObject(const json::value& receipt, const char* object, const Members& members) {
  const json::value& value = receipt.at_pointer(object);
  return value.is_null() ? Result<void>() : CheckMembers(value, members, object);
}

// Null: nothing was compared.
Result<void> CheckEngine(const json::value& engine) {
  if (engine.is_null()) return {};
  const json::object& members = engine.get_object();
  const json::value* const descriptors = members.if_contains("descriptors");
  if (descriptors == nullptr) return InvalidInput("it has no /teardown/engine/descriptors");
  if (auto checked = CheckMembers(*descriptors, kBaselineMembers, "/teardown/engine/descriptors"); !checked) {
    return checked;
  }
  // Receipts of versions that did not count processes have none.
  const json::value* const processes = members.if_contains("processes");
  if (processes == nullptr || processes->is_null()) return {};
  return CheckMembers(*processes, kBaselineMembers, "/teardown/engine/processes");
}

Result<void> CheckRedirects(const json::value& receipt) {
  for (const json::value& call : receipt.at("calls").get_array()) {
    if (auto checked = CheckTexts(call, "/redirects"); !checked) return checked;
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
  for (const char* list : {"/policy/origins", "/policy/permitDegraded"}) {
    if (auto checked = CheckTexts(*value, list); !checked) return checked;
  }
  for (const auto& limit : value->at("limits").get_object()) {
    if (!limit.value().is_string()) return InvalidInput("its /limits hold something other than texts");
  }
  if (auto checked = CheckItems(*value, "/setup", kStepMembers); !checked) return checked;
  if (auto checked = CheckItems(*value, "/posture", kLayerMembers); !checked) return checked;
  if (auto checked = CheckItems(*value, "/calls", kCallMembers); !checked) return checked;
  if (auto checked = CheckRedirects(*value); !checked) return checked;
  if (auto checked = CheckObject(*value, "/verdict/limit", kLimitMembers); !checked) return checked;
  return CheckEngine(value->at("teardown").at("engine"));
}

}  // namespace warder::audit
