// A new GitHub issue becomes a card on the team's board, with what the company directory knows about its author.
//
// Event:  GitHub's `issues` webhook payload.
// Config: { "directory": ORIGIN, "board": ORIGIN }, the two HTTP APIs it calls.
import { flow, integration } from "warder";
import { cardFor } from "./card.js";

async function findPerson(directory, login) {
  const response = await fetch(`${directory}/users/${encodeURIComponent(login)}`);
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`the directory answered ${response.status} for ${login}`);
  return response.json();
}

async function postCard(board, card) {
  const response = await fetch(`${board}/cards`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(card),
  });
  if (!response.ok) throw new Error(`the board answered ${response.status}: ${await response.text()}`);
  return response.json();
}

export default integration({
  name: "Issue cards",
  version: "1.0.0",
  flows: [
    flow({
      name: "Make a card for a new issue",
      key: "issue-card",
      run: async (context, event) => {
        if (event.action !== "opened") {
          context.log.info("not a new issue, nothing to do", { action: event.action });
          return { data: null };
        }
        const { directory, board } = context.config;
        context.log.info("issue opened", { issue: event.issue.html_url, author: event.issue.user.login });

        const person = await findPerson(directory, event.issue.user.login);
        if (person === null) context.log.warn("the author is not in the directory", { login: event.issue.user.login });

        const card = await postCard(board, cardFor(event.issue, event.repository, person));
        context.log.info("card posted", { card: card.id });
        return { data: { card: card.id, url: card.url, assignedTo: card.team } };
      },
    }),
  ],
});
