// GitHub's REST API: repositories, issues, files, commit statuses.
import { action, apiKey, component, type Connection, type Context } from "warder";
import { api, inJson, patiently } from "../shared/api";
import { path, segments, withQuery } from "../shared/path";

export interface Issue {
  number: number;
  title: string;
  body: string | null;
  state: "open" | "closed";
  html_url: string;
  user: { login: string };
  labels: { name: string; color: string }[];
  created_at: string;
  updated_at: string;
}

const call = api({
  name: "GitHub",
  headers: { accept: "application/vnd.github+json", "x-github-api-version": "2022-11-28" },
  why: inJson(({ message, errors = [] }) => [message, ...errors.map((each: any) => each.message ?? `${each.field}: ${each.code}`)].join("; ")),
  isBusy: ({ status, headers }) => status === 403 && (headers.get("x-ratelimit-remaining") === "0" || headers.has("retry-after")),
});

/** `<https://api.github.com/…&page=2>; rel="next"`. The connection goes to its own origin, wherever this leads. */
const nextPage = ({ headers }: Response) => /<([^>]+)>;\s*rel="next"/.exec(headers.get("link") ?? "")?.[1];

/** Every item of a listing, whose pages hold a list, or an object in which `itemsOf` finds it. */
async function listAll<Item>(context: Context, connection: Connection, first: string, maximum: number, itemsOf: (page: any) => Item[] = (page) => page) {
  const items: Item[] = [];
  for await (const item of context.paginate<Item, string>(async ({ cursor }) => {
    const response = await call(context, connection, cursor ?? first);
    return { items: itemsOf(await response.json()), next: nextPage(response) };
  })) {
    if (items.push(item) >= maximum) break;
  }
  return items;
}

const repository = {
  connection: { type: "connection", required: true },
  owner: { type: "string", required: true },
  repo: { type: "string", required: true },
} as const;
const issue = { ...repository, number: { type: "number", integer: true, required: true } } as const;
const maximum = { type: "number", integer: true, minimum: 1, default: 1_000 } as const;
const pageSize = { type: "number", integer: true, minimum: 1, maximum: 100, default: 100 } as const;

export const github = component({
  key: "github", label: "GitHub",
  connections: {
    token: apiKey({
      label: "Access token", description: "A fine-grained personal access token, or an installation's",
      header: "authorization", prefix: "Bearer ", origins: ["https://api.github.com"], methods: ["GET", "POST", "PUT", "PATCH"],
    }),
  },
  actions: {
    getRepository: action({
      label: "Get a repository", idempotent: true, retry: patiently, inputs: repository,
      perform: async (context, { connection, owner, repo }) => ({ data: await (await call(context, connection, path`/repos/${owner}/${repo}`)).json() }),
    }),
    listIssues: action({
      label: "List issues", idempotent: true, retry: patiently,
      inputs: { ...repository, state: { type: "string", choices: ["open", "closed", "all"] }, since: { type: "string", description: "Updated since: 2026-01-31T00:00:00Z" }, maximum, pageSize },
      perform: async (context, { connection, owner, repo, state, since, maximum, pageSize }) => ({
        data: await listAll<Issue>(context, connection, withQuery(path`/repos/${owner}/${repo}/issues`, { state, since, per_page: pageSize }), maximum),
      }),
    }),
    searchIssues: action({
      label: "Search issues", idempotent: true, retry: patiently,
      inputs: { connection: repository.connection, query: { type: "string", required: true, description: "repo:acme/app is:open label:bug" }, maximum, pageSize },
      perform: async (context, { connection, query, maximum, pageSize }) => ({
        data: await listAll<Issue>(context, connection, withQuery("/search/issues", { q: query, per_page: pageSize }), maximum, (page) => page.items),
      }),
    }),
    createIssue: action({
      label: "Create an issue",
      inputs: { ...repository, title: { type: "string", required: true }, body: { type: "string" }, labels: { type: "list", items: { type: "string" } } },
      perform: async (context, { connection, owner, repo, ...json }): Promise<{ data: Issue }> => ({
        data: await (await call(context, connection, path`/repos/${owner}/${repo}/issues`, { method: "POST", json })).json(),
      }),
    }),
    addLabels: action({
      label: "Add labels to an issue", idempotent: true, retry: patiently,
      inputs: { ...issue, labels: { type: "list", items: { type: "string" }, required: true } },
      perform: async (context, { connection, owner, repo, number, labels }): Promise<{ data: Issue["labels"] }> => ({
        data: await (await call(context, connection, path`/repos/${owner}/${repo}/issues/${number}/labels`, { method: "POST", json: { labels } })).json(),
      }),
    }),
    readFile: action({
      label: "Read a file", idempotent: true, retry: patiently,
      inputs: { ...repository, file: { type: "string", required: true, description: "docs/README.md" }, ref: { type: "string", description: "A branch, tag or commit" } },
      perform: async (context, { connection, owner, repo, file, ref }) => {
        const headers = { accept: "application/vnd.github.raw+json" };
        const response = await call(context, connection, path`/repos/${owner}/${repo}/contents/` + segments(file), { query: { ref }, headers });
        return { data: await response.text() };
      },
    }),
    writeFile: action({
      label: "Write a file", description: "Makes a commit. A file that is there already is replaced only where its sha is given",
      inputs: {
        ...repository, file: { type: "string", required: true }, text: { type: "string", required: true }, message: { type: "string", required: true },
        branch: { type: "string" }, sha: { type: "string" },
      },
      perform: async (context, { connection, owner, repo, file, text, ...rest }): Promise<{ data: { sha: string; commit: string } }> => {
        const content = btoa(String.fromCharCode(...new TextEncoder().encode(text)));
        const response = await call(context, connection, path`/repos/${owner}/${repo}/contents/` + segments(file), { method: "PUT", json: { ...rest, content } });
        const written = await response.json();
        return { data: { sha: written.content.sha, commit: written.commit.sha } };
      },
    }),
    setStatus: action({
      label: "Set a commit's status", idempotent: true, retry: patiently,
      inputs: {
        ...repository, sha: { type: "string", required: true }, state: { type: "string", choices: ["error", "failure", "pending", "success"], required: true },
        context: { type: "string", default: "default" }, description: { type: "string" }, target_url: { type: "string" },
      },
      perform: async (context, { connection, owner, repo, sha, ...json }) => {
        await call(context, connection, path`/repos/${owner}/${repo}/statuses/${sha}`, { method: "POST", json });
      },
    }),
  },
});
