// Fixtures of what GitHub's API really answered: the recordings of npm's @octokit/fixtures (MIT), which are not kept here.
//
//   node recorded.mjs >recorded.fixture.json
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const scenario = (name) => require(`@octokit/fixtures/scenarios/api.github.com/${name}/normalized-fixture.json`);

// What a server says of the message, not of its content, is not for a script.
const sent = (headers) => Object.entries(headers).filter(([name]) => !/^(?:connection|content-length|transfer-encoding)$/.test(name));

/** What the action is tested with beside the recording: an event for the flow, and what comes of the answers. */
const fixture = (name, flow, params, calls, expect, repo = name) => ({
  name: `recorded: ${name}, ${flow}`,
  bundle: "../dist/all.js",
  flow: `github-${flow}`,
  event: { ...(repo && { owner: "octokit-fixture-org", repo }), ...params },
  connections: { github: { origin: "https://api.github.com", fields: ["token"] } },
  calls: calls.map(({ method, path, body, status, headers, response }) => ({
    request: {
      method: method.toUpperCase(), url: `https://api.github.com${path}`, connection: "github",
      headers: { "x-github-api-version": "2022-11-28", authorization: null },
      ...(body !== "" && { body }),
    },
    reply: { status, headers: Object.fromEntries(sent(headers).map(([name, value]) => [name, `${value}`])), body: response },
  })),
  expect,
});
const output = (data) => ({ output: data });

const [created, labelled] = scenario("add-labels-to-issue");
const pages = scenario("paginate-issues");
const [found] = scenario("search-issues").map((call) => ({ ...call, path: `${call.path}&per_page=100` }));  // the one thing that is ours
const [repository] = scenario("get-repository");
const [, content] = scenario("get-content");
const [written] = scenario("create-file");
const [failure, success] = scenario("create-status");
const sha = "0".repeat(39) + "1";
const issues = pages.flatMap(({ response }) => response);

process.stdout.write(JSON.stringify([
  fixture("get-repository", "get-repository", {}, [repository], output(repository.response), "hello-world"),
  fixture("add-labels-to-issue", "create-issue", { title: "Issue without a label" }, [created], output(created.response)),
  fixture("add-labels-to-issue", "add-labels", { number: 1, labels: ["Foo", "bAr", "baZ"] }, [labelled], output(labelled.response)),
  fixture("paginate-issues", "list-issues", { pageSize: 3 }, pages, output(issues)),
  fixture("paginate-issues, the first five", "list-issues", { pageSize: 3, maximum: 5 }, pages.slice(0, 2), output(issues.slice(0, 5)), "paginate-issues"),
  fixture("search-issues", "search-issues", { query: "sesame repo:octokit-fixture-org/search-issues" }, [found], output(found.response.items), null),
  fixture("get-content", "read-file", { file: "README.md" }, [content], output("# hello-world"), "hello-world"),
  fixture("create-file", "write-file", { file: "test.txt", text: "Test content", message: "create test.txt" }, [written],
    output({ sha: "3f3f005b29247e51a4f4d6b8ce07b67646cd6074", commit: written.response.commit.sha })),
  fixture("create-status", "set-status", { sha, ...failure.body }, [failure], output(null)),
  fixture("create-status, another", "set-status", { sha, ...success.body }, [success], output(null), "create-status"),
], null, 1));
