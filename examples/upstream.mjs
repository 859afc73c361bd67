// The two HTTP APIs that examples/issue-card calls, on loopback: a company directory and a card board.
//
//   node examples/upstream.mjs
//
// Prints one JSON line, {"directory": ORIGIN, "board": ORIGIN}, when both are ready. Ends when its standard input does, so
// that it never outlives who started it.
import { createServer } from "node:http";

const maximumBodyBytes = 64 * 1024;

const people = new Map(
  [
    {
      login: "Codertocat",
      name: "Cody Catlin",
      company: "Hello World Ltd",
      email: "cody@hello-world.example",
      timezone: "America/Chicago",
      since: "2019-03-04",
    },
    {
      login: "octocat",
      name: "Mona Lisa Octocat",
      company: "Octo Works",
      email: "mona@octo-works.example",
      timezone: "America/Los_Angeles",
      since: "2011-01-25",
    },
  ].map((person) => [person.login.toLowerCase(), person]),
);

const cards = new Map();

function reply(response, status, value) {
  const body = JSON.stringify(value);
  response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  response.end(body);
}

async function readJson(request) {
  const pieces = [];
  let bytes = 0;
  for await (const piece of request) {
    bytes += piece.length;
    if (bytes > maximumBodyBytes) return { status: 413, error: `a card has at most ${maximumBodyBytes} bytes` };
    pieces.push(piece);
  }
  try {
    return { value: JSON.parse(Buffer.concat(pieces).toString("utf8")) };
  } catch {
    return { status: 400, error: "the body is not JSON" };
  }
}

function serveDirectory(request, response) {
  const path = /^\/users\/([^/?]+)$/.exec(request.url);
  if (request.method !== "GET" || !path) return reply(response, 404, { error: "try GET /users/LOGIN" });
  const person = people.get(decodeURIComponent(path[1]).toLowerCase());
  return person ? reply(response, 200, person) : reply(response, 404, { error: "no such user" });
}

async function serveBoard(request, response) {
  const path = /^\/cards(?:\/(\d+))?$/.exec(request.url);
  if (!path) return reply(response, 404, { error: "try POST /cards or GET /cards/ID" });
  if (request.method === "GET") {
    if (path[1] === undefined) return reply(response, 200, [...cards.values()]);
    const card = cards.get(Number(path[1]));
    return card ? reply(response, 200, card) : reply(response, 404, { error: "no such card" });
  }
  if (request.method !== "POST" || path[1] !== undefined) return reply(response, 405, { error: "not here" });

  const { value, status, error } = await readJson(request);
  if (error) return reply(response, status, { error });
  if (typeof value?.title !== "string" || value.title === "") {
    return reply(response, 422, { error: "a card needs a title" });
  }
  const id = cards.size + 1;
  const card = { id, url: `http://${request.headers.host}/cards/${id}`, ...value };
  cards.set(id, card);
  return reply(response, 201, card);
}

function listen(handler) {
  const server = createServer(async (request, response) => {
    try {
      await handler(request, response);
    } catch (error) {
      process.stderr.write(`upstream: ${request.method} ${request.url}: ${error.message}\n`);
      if (!response.headersSent) reply(response, 500, { error: "internal error" });
    }
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`));
  });
}

const directory = await listen(serveDirectory);
const board = await listen(serveBoard);
process.stdout.write(`${JSON.stringify({ directory, board })}\n`);

const end = () => process.exit(0);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, end);
process.stdin.on("end", end).on("error", end).resume();
