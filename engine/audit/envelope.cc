#include "engine/audit/envelope.h"

#include <boost/json.hpp>
#include <optional>
#include <span>

#include "engine/base/base64.h"
#include "engine/base/strict_json.h"

namespace warder::audit {
namespace {

namespace json = boost::json;

json::string String(std::string_view text) { return json::string(text.data(), text.size()); }

// The object in `value`, if it has exactly these members.
const json::object* ObjectWith(const json::value* value, std::initializer_list<const char*> names) {
  if (value == nullptr || !value->is_object() || value->get_object().size() != names.size()) return nullptr;
  for (const char* name : names) {
    if (!value->get_object().contains(name)) return nullptr;
  }
  return &value->get_object();
}

std::optional<std::string> StringIn(const json::object& object, const char* name) {
  const json::value& value = object.at(name);
  if (!value.is_string()) return std::nullopt;
  return std::string(value.get_string().data(), value.get_string().size());
}

std::optional<std::string> BytesIn(const json::object& object, const char* name) {
  const auto text = StringIn(object, name);
  return text ? FromBase64(*text) : std::nullopt;
}

}  // namespace

std::string Pae(std::string_view type, std::string_view payload) {
  std::string text = "DSSEv1 ";
  text.append(std::to_string(type.size())).append(" ").append(type);
  text.append(" ").append(std::to_string(payload.size())).append(" ").append(payload);
  return text;
}

std::string Seal(std::string_view payload, const SigningKey& key) {
  const json::object signature{{"keyid", key.public_key().id()},
                               {"sig", Base64Of(key.Sign(Pae(kReceiptType, payload)))}};
  return json::serialize(json::object{
      {"payloadType", String(kReceiptType)}, {"payload", Base64Of(payload)}, {"signatures", json::array{signature}}});
}

bool Envelope::SignedBy(const PublicKey& key) const { return key.Verify(Pae(kReceiptType, payload), signature); }

Result<Envelope> Open(std::string_view text) {
  const auto value = ParseStrict(text);
  if (!value) return value.error();
  const json::object* const object = ObjectWith(&*value, {"payloadType", "payload", "signatures"});
  if (object == nullptr) return InvalidInput("it is not an envelope of payloadType, payload and signatures");
  if (StringIn(*object, "payloadType") != std::string(kReceiptType)) {
    return InvalidInput("its payloadType is not " + std::string(kReceiptType));
  }
  const json::array* const signatures = object->at("signatures").if_array();
  const json::object* const signature =
      signatures != nullptr && signatures->size() == 1 ? ObjectWith(&signatures->front(), {"keyid", "sig"}) : nullptr;
  if (signature == nullptr) return InvalidInput("it does not have one signature with keyid and sig");
  const auto payload = BytesIn(*object, "payload");
  const auto bytes = BytesIn(*signature, "sig");
  const auto key_id = StringIn(*signature, "keyid");
  if (!payload || !bytes || !key_id) return InvalidInput("its payload, sig or keyid is not what it should be");
  return Envelope{*payload, *key_id, *bytes};
}

}  // namespace warder::audit
