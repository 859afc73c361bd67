// A certified OpenID provider (npm oidc-provider) as an authorization server on loopback: PKCE required, refresh tokens
// that rotate and whose reuse ends the grant, the device flow, client credentials, JWT bearer assertions (RFC 7523, which
// it leaves to whoever runs it), revocation, issuers in answers.
//
//   node server.mjs CONFIG        CONFIG: JSON, {"publicKey": JWK of the clients "signed" and "robot", and of the assertions of "robot"}
//
// Writes its issuer in one line to descriptor 3 when it listens, and ends when its standard input does. Whoever comes is logged in as
// "anna", who consents to everything; GET /approve?user_code=… is her approval of a device.
import { writeSync } from "node:fs";
import { createServer } from "node:http";

import { importJWK, jwtVerify } from "jose";
import Provider, { errors } from "oidc-provider";

const { publicKey } = JSON.parse(process.argv[2]);
const device = "urn:ietf:params:oauth:grant-type:device_code";
const bearer = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const server = createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;

const configuration = {
  clients: [
    {
      client_id: "terminal",
      application_type: "native",
      token_endpoint_auth_method: "none",
      grant_types: ["authorization_code", "refresh_token", device],
      response_types: ["code"],
      redirect_uris: ["http://127.0.0.1/callback"],
    },
    {
      client_id: "service:1",
      client_secret: "s:e c%r+e&t=/~",
      token_endpoint_auth_method: "client_secret_basic",
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
      scope: "api:read api:write",
    },
    {
      client_id: "poster",
      client_secret: "another secret & more",
      token_endpoint_auth_method: "client_secret_post",
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
      scope: "api:read",
    },
    {
      client_id: "signed",
      token_endpoint_auth_method: "private_key_jwt",
      token_endpoint_auth_signing_alg: "ES256",
      grant_types: ["client_credentials"],
      response_types: [],
      redirect_uris: [],
      scope: "api:read",
      jwks: { keys: [publicKey] },
    },
    {
      client_id: "robot",
      token_endpoint_auth_method: "private_key_jwt",
      token_endpoint_auth_signing_alg: "ES256",
      grant_types: [bearer],
      response_types: [],
      redirect_uris: [],
      jwks: { keys: [publicKey] },
    },
    {
      client_id: "platform",
      client_secret: "the secret of a platform",
      token_endpoint_auth_method: "client_secret_basic",
      grant_types: ["authorization_code", "refresh_token"],
      response_types: ["code"],
      redirect_uris: ["https://platform.test/callback"],
    },
  ],
  scopes: ["openid", "offline_access", "api:read", "api:write"],
  clientAuthMethods: ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"],
  pkce: { methods: ["S256"], required: () => true },
  rotateRefreshToken: true,
  issueRefreshToken: async (ctx, client) => client.grantTypeAllowed("refresh_token"),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    deviceFlow: { enabled: true },
    revocation: { enabled: true },
  },
  interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
  findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
  cookies: { keys: ["only of a test"] },
  ttl: { AccessToken: 600, AuthorizationCode: 60, ClientCredentials: 600, DeviceCode: 600, Grant: 3600 },
};

const provider = new Provider(issuer, configuration);

async function grantTo(clientId, scope) {
  const grant = new provider.Grant({ accountId: "anna", clientId });
  grant.addOIDCScope(scope);
  return grant.save();
}

// The robot may act for anna, with an assertion that is for this server and used once.
const assertions = new Set();
const key = await importJWK(publicKey, "ES256");
async function acceptAssertion(ctx, next) {
  const { client, params } = ctx.oidc;
  const expected = { issuer: "robot@acme.test", subject: "anna", audience: issuer, requiredClaims: ["exp", "iat", "jti"] };
  const verified = await jwtVerify(params.assertion, key, expected).catch(() => {
    throw new errors.InvalidGrant("the assertion is not valid");
  });
  const { jti, scope = params.scope } = verified.payload;
  if (assertions.has(jti)) throw new errors.InvalidGrant("the assertion was used before");
  assertions.add(jti);
  const grantId = await grantTo(client.clientId, scope);
  const token = new provider.AccessToken({ accountId: "anna", client, grantId, gty: "jwt_bearer", scope });
  ctx.body = { access_token: await token.save(), expires_in: token.expiration, scope, token_type: token.tokenType };
  await next();
}
provider.registerGrantType(bearer, acceptAssertion, ["assertion", "scope"]);

// What the pages of a real server would ask anna, one interaction behind the other.
async function interact(request, response) {
  const { prompt, params } = await provider.interactionDetails(request, response);
  const result =
    prompt.name === "login"
      ? { login: { accountId: "anna" } }
      : { consent: { grantId: await grantTo(params.client_id, params.scope) } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
}

async function approve(request, response) {
  const code = new URL(request.url, issuer).searchParams.get("user_code").replaceAll("-", "");
  const pending = await provider.DeviceCode.findByUserCode(code, { ignoreExpiration: false });
  pending.accountId = "anna";
  pending.grantId = await grantTo(pending.clientId, pending.params.scope);
  pending.scope = pending.params.scope;
  await pending.save();
  response.end("approved");
}

const answer = provider.callback();
server.on("request", (request, response) => {
  const handle = request.url.startsWith("/interaction/") ? interact : request.url.startsWith("/approve?") ? approve : answer;
  Promise.resolve(handle(request, response)).catch((error) => {
    console.error(error);
    response.writeHead(500).end();
  });
});

process.stdin.on("end", () => process.exit()).resume();
writeSync(3, `${issuer}\n`);
