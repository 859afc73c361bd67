// What components of HTTP APIs have in common: a call through a connection, and what becomes of a refusal.
import type { Connection, Context, Retry } from "warder";
import { withQuery, type Query } from "./path";

export interface Call {
  method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  query?: Query;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  json?: unknown;
  body?: BodyInit;
}

export interface Api {
  /** As errors name it. */
  name: string;
  /** Sent with each request. */
  headers?: Record<string, string>;
  /** What the text of an error says of it. */
  why: (text: string) => unknown;
  /** Which other answers than 429 say that there were too many requests. */
  isBusy?: (response: Response) => boolean;
}

/** For what may be done twice: an API that is busy, down or out of reach is asked again. */
export const patiently = { maxAttempts: 4, delay: "1s" } as const satisfies Retry;

const CODES: Record<number, string> = {
  400: "invalid", 401: "unauthorized", 403: "forbidden", 404: "not-found", 409: "conflict", 412: "conflict", 422: "invalid", 429: "rate-limited",
};

/** Milliseconds, where a retry-after header says seconds; its other form, a date, is taken for an unknown time. */
function retryAfter({ headers }: Response): number | undefined {
  const seconds = /^\d{1,5}$/.exec(headers.get("retry-after") ?? "");
  return seconds ? Number(seconds[0]) * 1_000 : undefined;
}

/**
 * The error that a response stands for. A retry helps where the API says when, is busy or is at fault itself (5xx);
 * a request that it refuses it will refuse again.
 */
export function refusal(context: Context, name: string, response: Response, why: string, isBusy = response.status === 429): Error {
  const { status } = response;
  const isDown = status >= 500;
  const code = isBusy ? "rate-limited" : isDown ? "unavailable" : CODES[status] ?? "refused";
  return context.error(code, `${name} answered ${status}${why && `: ${why}`}`, { retry: isBusy || isDown ? retryAfter(response) ?? true : false });
}

/** At most 500 characters of what an error says of itself: they end up in logs. */
async function reason(response: Response, why: Api["why"]): Promise<string> {
  const text = await response.text();
  try {
    const said = why(text);
    return typeof said === "string" ? said.slice(0, 500) : "";
  } catch {
    return text.slice(0, 500);  // a proxy's page, for instance
  }
}

/** `why` of an API whose errors are JSON. */
export const inJson = (find: (body: any) => unknown): Api["why"] => (text) => find(JSON.parse(text));

/** Makes `call(context, connection, path, { … })`: a request through a connection, and an error for what is no success. */
export const api = ({ name, headers: always, why, isBusy }: Api) =>
  async (context: Context, connection: Connection, path: string, { method = "GET", query, headers, json, body }: Call = {}): Promise<Response> => {
    const all: Record<string, string> = { ...always, ...headers };
    if (json !== undefined) all["content-type"] = "application/json";
    const response = await connection.fetch(withQuery(path, query), {
      method, headers: all, body: json === undefined ? body ?? null : JSON.stringify(json),
    });
    if (response.ok) return response;
    throw refusal(context, name, response, await reason(response, why), isBusy?.(response) || response.status === 429);
  };
