// The kinds of connections that a component declares: what credential it takes, and where that may be sent.
import { startsWith, test } from "../primordials.js";
import { requestHref } from "../url_text.js";
import { isObject, objectOf, optionalText, textOf } from "./checks.js";
import { choiceOf, listOf, namesOf, optionalMethods } from "./fields.js";
import { declared, problem, show, thing } from "./problems.js";

const { urlOrigin } = host;

/** @typedef {import("./problems.js").Thing} Thing */

const COMMON = ["label", "description", "origins", "methods"];
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+$/;  // RFC 6749, section 3.3
const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;

/** @param {unknown} text @returns {string | undefined} */
function hrefOf(text) {
  try {
    return typeof text === "string" ? requestHref(text) : undefined;
  } catch {
    return undefined;
  }
}

const isWeb = (href) => startsWith(href, "https://") || startsWith(href, "http://");

function originProblem(text) {
  const href = hrefOf(text);
  if (href !== undefined && isWeb(href) && urlOrigin(href) === text) return undefined;
  return 'must be an origin such as "https://api.acme.test"';
}

/** @param {Thing} of @param {Record<string, unknown>} definition */
function common(of, { label, description, origins, methods }) {
  return {
    label: optionalText(of, "label", label),
    description: optionalText(of, "description", description),
    origins: listOf(of, "origins", origins, "origin", originProblem),
    methods: optionalMethods(of, "methods", methods),
  };
}

/** @param {Thing} of @param {string} field @param {unknown} value @param {boolean} required */
function urlOf(of, field, value, required) {
  if (value === undefined && !required) return undefined;
  const href = hrefOf(value);
  if (href !== undefined && isWeb(href)) return value;
  const what = 'a URL such as "https://id.acme.test/authorize"';
  problem(of, field, value === undefined ? `is missing: it must be ${what}` : `must be ${what}, but is ${show(value)}`);
  return "";
}

const begin = (definition, known) => {
  const of = thing("connection");
  return [of, objectOf(of, "", definition, [...COMMON, ...known])];
};

/** An OAuth 2.0 connection: the platform obtains and renews its tokens. */
export function oauth2(definition) {
  const [of, given] = begin(definition, ["grant", "authorizeUrl", "tokenUrl", "revokeUrl", "scopes"]);
  const { grant = "authorization-code" } = given;
  choiceOf(of, "grant", grant, ["authorization-code", "client-credentials", "device", "jwt-bearer"]);
  return declared(of, {
    kind: "oauth2",
    ...common(of, given),
    grant,
    authorizeUrl: urlOf(of, "authorizeUrl", given.authorizeUrl, grant === "authorization-code" || grant === "device"),
    tokenUrl: urlOf(of, "tokenUrl", given.tokenUrl, true),
    revokeUrl: urlOf(of, "revokeUrl", given.revokeUrl, false),
    scopes: given.scopes === undefined ? [] : listOf(of, "scopes", given.scopes, "scope", (each) =>
      (typeof each === "string" && test(SCOPE, each) !== null ? undefined : "must be a scope without blanks and quotes")),
  });
}

/** A key that is sent in a header or a query parameter. */
export function apiKey(definition) {
  const [of, given] = begin(definition, ["header", "query", "prefix"]);
  const { header, query } = given;
  if (header === undefined && query === undefined) {
    problem(of, "header or query", 'must be given: where the key is sent, such as header: "x-api-key"');
  } else if (header !== undefined && query !== undefined) {
    problem(of, "header or query", `must stand alone, but are ${show(header)} and ${show(query)}: leave one of them out`);
  } else if (header !== undefined && (typeof header !== "string" || test(HEADER, header) === null)) {
    problem(of, "header", `must be the name of a header, but is ${show(header)}`);
  } else if (query !== undefined) {
    textOf(of, "query", query);
  }
  return declared(of, { kind: "apiKey", ...common(of, given), header, query, prefix: optionalText(of, "prefix", given.prefix) });
}

/** A user name and a password (RFC 7617). */
export function basic(definition) {
  const [of, given] = begin(definition, []);
  return declared(of, { kind: "basic", ...common(of, given) });
}

/** Any other credential: fields, of which the policy says where they are put. */
export function custom(definition) {
  const [of, given] = begin(definition, ["fields"]);
  const fields = [];
  if (!isObject(given.fields)) {
    problem(of, "fields", `must be an object such as { token: { label: "Token" } }, but is ${show(given.fields)}`);
  } else {
    const names = namesOf(of, "fields", given.fields);
    if (names.length === 0) problem(of, "fields", "must have at least one field of the credential, but is {}");
    for (let i = 0; i < names.length; ++i) {
      const { label, description } = objectOf(of, `fields.${names[i]}`, given.fields[names[i]], ["label", "description"]);
      fields[i] = {
        key: names[i],
        label: optionalText(of, `fields.${names[i]}.label`, label),
        description: optionalText(of, `fields.${names[i]}.description`, description),
      };
    }
  }
  return declared(of, { kind: "custom", ...common(of, given), fields });
}
