const teamOfLabel = new Map([
  ["bug", "maintenance"],
  ["enhancement", "product"],
  ["question", "support"],
]);

// What the board shows for `issue`. `person` is the author's entry in the directory, or null.
export function cardFor(issue, repository, person) {
  const labels = issue.labels.map((label) => label.name);
  return {
    title: `${repository.full_name}#${issue.number}: ${issue.title}`,
    text: issue.body ?? "",
    link: issue.html_url,
    labels,
    team: labels.map((label) => teamOfLabel.get(label)).find(Boolean) ?? "triage",
    reporter: person
      ? { name: person.name, company: person.company, timezone: person.timezone }
      : { name: issue.user.login, company: null, timezone: null },
    openedAt: issue.created_at,
  };
}
