import Stripe from "stripe";
import { check, checkUnseen, sdk } from "./sdk.js";

export default sdk(async ({ event, origin, token }) => {
  const { hostname, port } = new URL(origin);
  const stripe = new Stripe(token, { host: hostname, port, protocol: "http", maxNetworkRetries: 0 });
  const customer = await stripe.customers.create({ email: "a@acme.test", metadata: { order: "42" } });
  checkUnseen(customer.description);
  const declined = await stripe.customers.retrieve("cus_declined").catch((error) => error);
  check(declined instanceof Stripe.errors.StripeInvalidRequestError, "an error of the API is stripe's", `${declined}`);

  // A webhook: the platform's secret for it is no credential of a call, so the flow may have it.
  const { payload, signature, secret, forged } = event.webhook;
  const cryptoProvider = Stripe.createSubtleCryptoProvider();
  const received = await stripe.webhooks.constructEventAsync(payload, signature, secret, 300, cryptoProvider);
  const refused = await stripe.webhooks.constructEventAsync(payload, forged, secret, 300, cryptoProvider).catch((error) => error);
  check(refused.type === "StripeSignatureVerificationError", "a forged signature is refused", `${refused}`);
  return { id: customer.id, order: customer.metadata.order, webhook: received.type };
});
