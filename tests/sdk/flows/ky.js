import ky, { HTTPError } from "ky";
import { check, checkUnseen, sdk } from "./sdk.js";

export default sdk(async ({ origin, token }) => {
  const api = ky.create({ prefixUrl: origin, headers: { authorization: `Bearer ${token}` }, retry: { limit: 2, delay: () => 1 } });
  const response = await api.post("v1/orders", { json: { id: 42 }, searchParams: { expand: "lines" } });
  checkUnseen(response.headers.get("x-echo"));
  const failed = await api.get("v1/absent").json().catch((error) => error);
  check(failed instanceof HTTPError && failed.response.status === 404, "a 404 is ky's error", `${failed}`);
  const again = await api.get("v1/busy").json();
  return { order: await response.json(), again };
});
