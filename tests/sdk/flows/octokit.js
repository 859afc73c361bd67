import { Octokit } from "@octokit/rest";
import { check, checkUnseen, sdk } from "./sdk.js";

export default sdk(async ({ origin, token }) => {
  const octokit = new Octokit({ auth: token, baseUrl: origin });
  const { data, headers } = await octokit.rest.issues.create({ owner: "acme", repo: "orders", title: "Late", labels: ["bug"] });
  checkUnseen(headers["x-echo"]);
  const numbers = [];
  for await (const { data: page } of octokit.paginate.iterator(octokit.rest.issues.listForRepo, { owner: "acme", repo: "orders" })) {
    for (const issue of page) numbers.push(issue.number);
  }
  const missing = await octokit.rest.repos.get({ owner: "acme", repo: "absent" }).catch((error) => error);
  check(missing.status === 404 && missing.name === "HttpError", "a 404 is octokit's error", `${missing}`);
  return { number: data.number, title: data.title, numbers };
});
