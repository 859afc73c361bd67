// Asks an OpenID provider who has authorized this connection, with a token that the flow never has.
//
// The platform obtains the token, renews it before it expires and revokes it when the connection is removed. The flow
// names a path. What it is granted is in oauth.policy: one path, one method, one scope.
//
//   warder connect account --policy examples/oauth/oauth.policy --oauth --issuer https://id.acme.test --client-id CLIENT \
//     --scope openid --scope offline_access
//   warder run examples/oauth --connect account
//   warder connection refresh account
//   warder connection remove account
import { action, component, flow, integration, oauth2 } from "warder";

const acme = component({
  key: "acme",
  label: "Acme",
  connections: {
    account: oauth2({
      label: "Account",
      authorizeUrl: "https://id.acme.test/auth",
      tokenUrl: "https://id.acme.test/token",
      revokeUrl: "https://id.acme.test/token/revocation",
      scopes: ["openid", "offline_access"],
      origins: ["https://id.acme.test"],
      methods: ["GET"],
    }),
  },
  actions: {
    whoAmI: action({
      label: "Who has authorized this",
      idempotent: true,
      retry: { maxAttempts: 3, delay: "1s" },
      inputs: { connection: { type: "connection", required: true } },
      perform: async (context, { connection }) => {
        const response = await connection.fetch("/me");
        // A token that has expired is renewed before it is sent. One that is refused all the same was taken back.
        if (response.status === 401) throw context.error("unauthorized", "the account has to be connected again", { retry: false });
        if (!response.ok) throw context.error("unavailable", `Acme answered ${response.status}`);
        return { data: await response.json() };
      },
    }),
  },
});

export default integration({
  name: "Who am I",
  version: "1.0.0",
  components: [acme],
  config: { account: { type: "connection", connection: "acme.account", required: true } },
  flows: [
    flow({
      name: "Who am I",
      key: "who-am-i",
      run: async (context) => {
        const { data: person } = await context.step("ask", acme.actions.whoAmI, { connection: context.config.account });
        return { data: { subject: person.sub } };
      },
    }),
  ],
});
