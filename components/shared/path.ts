/**
 * A path with values in it, each of them one segment or a part of one, whatever it holds:
 *
 *     path`/repos/${owner}/${repo}/issues`
 *
 * Escaping alone does not do that. A value of ".." would still climb, and an empty one would ask for the listing above.
 */
export function path(texts: TemplateStringsArray, ...values: (string | number)[]): string {
  return texts.reduce((before, text, i) => before + segment(values[i - 1]!) + text);
}

function segment(value: string | number): string {
  const text = `${value}`;
  if (text === "" || text === "." || text === "..") throw new TypeError(`a part of a path cannot be ${JSON.stringify(text)}`);
  return encodeURIComponent(text);
}

/** A path of several segments, such as a file's, with its slashes. */
export const segments = (text: string) => text.split("/").map(segment).join("/");

export type Query = Record<string, string | number | boolean | undefined>;

/** The path with a query. What is undefined is left out. */
export function withQuery(path: string, query: Query = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const text = given.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(`${value}`)}`).join("&");
  return text === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${text}`;
}
