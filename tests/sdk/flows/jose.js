import { SignJWT, createRemoteJWKSet, decodeProtectedHeader, errors, exportJWK, generateKeyPair, jwtVerify } from "jose";
import { check, sdk } from "./sdk.js";

export default sdk(async ({ event, origin, token }) => {
  // A token of the server's, with its published key.
  const keys = createRemoteJWKSet(new URL(`${origin}/keys`), { headers: { authorization: `Bearer ${token}` } });
  const { payload } = await jwtVerify(event.jwt, keys, { issuer: "acme", audience: "orders" });
  const forged = await jwtVerify(event.forged, keys).catch((error) => error);
  check(forged instanceof errors.JWSSignatureVerificationFailed, "a forged token is refused", `${forged}`);

  // Tokens of our own.
  const secret = new TextEncoder().encode("a secret of the test, long enough");
  const symmetric = await new SignJWT({ order: 42 }).setProtectedHeader({ alg: "HS256" }).setExpirationTime("2h").sign(secret);
  const read = await jwtVerify(symmetric, secret);
  const pair = await generateKeyPair("ES256", { extractable: true });
  const signed = await new SignJWT({ order: 43 }).setProtectedHeader({ alg: "ES256", kid: "k" }).sign(pair.privateKey);
  const { payload: own } = await jwtVerify(signed, pair.publicKey);
  const { kty, crv } = await exportJWK(pair.publicKey);
  return { subject: payload.sub, orders: [read.payload.order, own.order], header: decodeProtectedHeader(signed), kty, crv };
});
