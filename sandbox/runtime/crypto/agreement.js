// What ECDH and X25519 share: deriving bits from a private key and somebody's public key.
import { natives } from "./natives.js";
import { orFail, require_ } from "./errors.js";
import { required } from "./idl.js";
import { slotsOf } from "./key.js";
import { requireType } from "./pair.js";

/** EcdhKeyDeriveParams. @param {object} source */
export const agreementParams = (source) => ({ __proto__: null, public: required(source, "public", slotsOf) });

/** @param {any} params @param {import("./key.js").Slots} slots @param {number | null} length in bits */
export const deriveAgreed = ({ public: peer }, slots, length) => {
  requireType(slots, "private", "derive bits");
  requireType(peer, "public", "be the other party's");
  require_(
    peer.algorithm === slots.algorithm && peer.curve === slots.curve, "InvalidAccessError",
    "The other party's key is of another algorithm or curve",
  );
  // Cut where no script can watch: deriveKey makes a key of it.
  return orFail(
    natives.agree(slots.handle, peer.handle, length ?? undefined), "OperationError", "The keys do not agree on so much",
  );
};
