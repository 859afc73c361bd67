// context.respond: the synchronous answer to a webhook. The engine has the last word on what of it is sent.
import { entries, isInteger, stringify, toLowerCase, test } from "../primordials.js";
import { isObject } from "./checks.js";
import { show } from "./problems.js";

const { respond: send } = host;

const TOKEN = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const VALUE = /^[\x20-\x7e\t]*$/;
const OWNED = /^(?:connection|content-length|host|keep-alive|proxy-.*|set-cookie|te|trailer|transfer-encoding|upgrade)$/;
const MAX_BODY = 256 * 1024, MAX_HEADERS = 32;

let answered = false;

function headersOf(headers, body) {
  const list = [];
  let typed = false;
  const all = entries(headers);
  if (all.length > MAX_HEADERS) {
    throw new TypeError(`a response has at most ${MAX_HEADERS} headers, but this one has ${all.length}`);
  }
  for (let i = 0; i < all.length; ++i) {
    const name = toLowerCase(all[i][0]), value = all[i][1];
    if (test(TOKEN, name) === null || test(OWNED, name) !== null) {
      throw new TypeError(`the header ${show(all[i][0])} of the response cannot be set: it is not a header's name, or belongs to the connection`);
    }
    if (typeof value !== "string" || value.length > 4096 || test(VALUE, value) === null) {
      throw new TypeError(`the header "${name}" of the response must be a text of ASCII without line breaks, but is ${show(value)}`);
    }
    typed ||= name === "content-type";
    list.push(name, value);
  }
  if (!typed && body !== undefined) {
    list.push("content-type", typeof body === "string" ? "text/plain; charset=utf-8" : "application/json");
  }
  return list;
}

/** @param {{ status?: number, headers?: Record<string, string>, body?: unknown }} response a body that is no text goes as JSON */
export function respond(response) {
  if (!isObject(response)) {
    throw new TypeError(`respond takes an object { status, headers, body }, but got ${show(response)}`);
  }
  const { status = 200, headers = {}, body } = response;
  if (!isInteger(status) || status < 200 || status > 599) {
    throw new TypeError(`the status of the response must be a number from 200 to 599, but is ${show(status)}`);
  }
  if (!isObject(headers)) {
    throw new TypeError(`the headers of the response must be an object, but are ${show(headers)}`);
  }
  if (answered) throw new TypeError("respond can be called once: this execution has responded");
  const list = headersOf(headers, body);
  const text = body === undefined ? "" : typeof body === "string" ? body : stringify(body);
  if (text === undefined) throw new TypeError(`the body of the response must be a text or JSON, but is ${show(body)}`);
  if (text.length > MAX_BODY) {
    throw new TypeError(`the body of the response must have at most ${MAX_BODY} characters, but has ${text.length}`);
  }
  send(status, list, text);
  answered = true;
}
