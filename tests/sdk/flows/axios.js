import axios from "axios";
import { check, checkUnseen, sdk } from "./sdk.js";

export default sdk(async ({ origin, token }) => {
  const api = axios.create({ baseURL: origin, headers: { authorization: `Bearer ${token}` } });
  const { data, headers } = await api.post("/v1/orders", { id: 42 }, { params: { expand: ["lines", "tax"] } });
  checkUnseen(headers["x-echo"]);
  const failed = await api.get("/v1/absent").catch((error) => error);
  check(axios.isAxiosError(failed) && failed.response.status === 404, "a 404 is axios's error", `${failed}`);
  const aborted = await api.get("/v1/slow", { signal: AbortSignal.timeout(50) }).catch((error) => error);
  check(axios.isCancel(aborted), "an abort is axios's cancellation", `${aborted}`);
  return data;
});
