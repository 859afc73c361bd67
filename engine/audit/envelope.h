// The envelope of a receipt: a DSSE envelope (github.com/secure-systems-lab/dsse, version 1) with one Ed25519
// signature.
//
//   {"payloadType":"application/vnd.warder.receipt.v1+json","payload":BASE64,"signatures":[{"keyid":HEX,"sig":BASE64}]}
//
// The signature is over the bytes of the payload and its type, so JSON never has to be brought into a canonical form.
// Any DSSE implementation reads what Seal writes. Open reads no more than that: one signature, these members and no
// others, standard padded base64, so that the payload has one spelling; the white space around the members is free.
#pragma once

#include <string>
#include <string_view>

#include "engine/audit/keys.h"

namespace warder::audit {

inline constexpr std::string_view kReceiptType = "application/vnd.warder.receipt.v1+json";

// DSSE's pre-authentication encoding: what is signed.
std::string Pae(std::string_view type, std::string_view payload);

// Signs `payload`; one line without its end.
std::string Seal(std::string_view payload, const SigningKey& key);

// What an envelope says, before anything of it is believed.
struct Envelope {
  std::string payload;
  std::string key_id;
  std::string signature;

  bool SignedBy(const PublicKey& key) const;
};
// The error says why it is not the envelope of a receipt.
Result<Envelope> Open(std::string_view text);

}  // namespace warder::audit
