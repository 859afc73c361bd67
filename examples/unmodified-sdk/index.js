// GitHub's own SDK, @octokit/rest, as npm has it: how old the open issues of a repository are.
//
// The SDK wants a token, and gets a placeholder. It sends that in its authorization header, where the broker puts the
// token in its place, because the policy says so; anywhere else it would be refused. Everything else of the SDK works as
// it does elsewhere: pages, retries, errors.
//
//   npm ci --prefix examples/unmodified-sdk && npm ci --prefix components/sdk/bundle
//   node components/sdk/bundle/cli.js examples/unmodified-sdk/index.js --out examples/unmodified-sdk/dist/index.js
//   warder connect github --policy examples/unmodified-sdk/unmodified-sdk.policy
//   warder run examples/unmodified-sdk/dist/index.js --event event.json --connect github
//
// Event: { "owner": "acme", "repo": "app" }
import { Octokit } from "@octokit/rest";
import { apiKey, component, flow, integration } from "warder";

const github = component({
  key: "github",
  label: "GitHub",
  connections: {
    token: apiKey({ header: "authorization", prefix: "token ", origins: ["https://api.github.com"], methods: ["GET"] }),
  },
});

export default integration({
  name: "Age of issues",
  version: "1.0.0",
  components: [github],
  config: { github: { type: "connection", connection: "github.token", required: true } },
  flows: [
    flow({
      name: "How old are the open issues",
      key: "age-of-issues",
      inputs: { owner: { type: "string", required: true }, repo: { type: "string", required: true } },
      run: async (context, { owner, repo }) => {
        const { fields, origin } = context.config.github;
        const octokit = new Octokit({ auth: fields.token, baseUrl: origin });
        const issues = await octokit.paginate(octokit.rest.issues.listForRepo, { owner, repo, state: "open", per_page: 100 });
        const days = issues.map(({ created_at }) => Math.floor((Date.now() - Date.parse(created_at)) / 86_400_000));
        return { data: { open: issues.length, oldest: Math.max(0, ...days) } };
      },
    }),
  ],
});
