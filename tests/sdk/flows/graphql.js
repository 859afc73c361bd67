import { ClientError, GraphQLClient, gql } from "graphql-request";
import { check, checkUnseen, sdk } from "./sdk.js";

export default sdk(async ({ origin, token }) => {
  const client = new GraphQLClient(`${origin}/graphql`, { headers: { authorization: `Bearer ${token}` } });
  const query = gql`query ($id: ID!) { order(id: $id) { total } }`;
  const { data, headers } = await client.rawRequest(query, { id: "42" });
  checkUnseen(headers.get("x-echo"));
  const failed = await client.request(query, { id: "absent" }).catch((error) => error);
  check(failed instanceof ClientError && failed.response.errors[0].message === "no such order", "errors are graphql-request's", `${failed}`);
  return data;
});
