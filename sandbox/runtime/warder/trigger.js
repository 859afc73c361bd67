// Triggers: what starts a flow. The engine's ingress acts on them; a cell never sees one again.
import { apply, test } from "../primordials.js";
import { objectOf, optionalText, textOf } from "./checks.js";
import { choiceOf, durationOf, flagOf, optionalMethods } from "./fields.js";
import { declared, problem, show, thing } from "./problems.js";

const SCHEMES = ["none", "standard-webhooks", "github", "stripe", "slack", "shopify", "hmac"];
const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
const MINUTE = 60_000;

function verification(of, verify) {
  if (verify === undefined) {
    problem(of, "verify", 'is missing: it must be an object such as { scheme: "standard-webhooks", secret: "signingSecret" }, or { scheme: "none" }');
    return undefined;
  }
  const given = objectOf(of, "verify", verify, ["scheme", "secret", "header", "algorithm", "encoding", "prefix"]);
  const { scheme, secret, header, algorithm, encoding } = given;
  choiceOf(of, "verify.scheme", scheme, SCHEMES);
  if (scheme !== "none") textOf(of, "verify.secret", secret);
  if (scheme !== "hmac") {
    const own = ["header", "algorithm", "encoding", "prefix"];
    for (let i = 0; i < own.length; ++i) {
      if (given[own[i]] !== undefined) {
        problem(of, `verify.${own[i]}`, `must be left out: only the scheme "hmac" takes it, but it is ${show(given[own[i]])}`);
      }
    }
    return { scheme, secret: scheme === "none" ? undefined : secret };
  }
  if (typeof header !== "string" || test(HEADER, header) === null) {
    problem(of, "verify.header", `must be the name of the header that carries the signature, but is ${show(header)}`);
  }
  return {
    scheme, secret, header,
    algorithm: choiceOf(of, "verify.algorithm", algorithm ?? "sha256", ["sha1", "sha256", "sha512"]),
    encoding: choiceOf(of, "verify.encoding", encoding ?? "hex", ["hex", "base64"]),
    prefix: optionalText(of, "verify.prefix", given.prefix),
  };
}

/** A request from outside starts the flow; its signature is verified before any cell is made. */
export function webhook(definition) {
  const of = thing("trigger");
  of.name = "webhook";
  const given = objectOf(of, "", definition, ["verify", "methods", "respond"]);
  return declared(of, {
    kind: "webhook",
    verify: verification(of, given.verify),
    methods: optionalMethods(of, "methods", given.methods) ?? ["POST"],
    respond: flagOf(of, "respond", given.respond, false),
  });
}

const FIELDS = [["minute", 0, 59], ["hour", 0, 23], ["day", 1, 31], ["month", 1, 12], ["weekday", 0, 7]];
const PART = /^(?:\*|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/;

/** crontab(5): five fields of numbers, ranges, steps and lists. Says what is wrong. */
function cronProblem(text) {
  const fields = apply(String.prototype.split, text, [" "]);
  if (fields.length !== 5) {
    return `must be five fields (minute hour day month weekday) between single blanks, but is ${show(text)}`;
  }
  for (let i = 0; i < 5; ++i) {
    const [name, least, most] = FIELDS[i];
    const parts = apply(String.prototype.split, fields[i], [","]);
    for (let j = 0; j < parts.length; ++j) {
      const found = test(PART, parts[j]);
      const from = Number(found?.[1] ?? least), to = Number(found?.[2] ?? from), step = Number(found?.[3] ?? 1);
      if (found === null || from < least || to > most || to < from || step < 1) {
        return `must have a ${name} of ${least} to ${most}, a range, "*" or a step such as "*/5", but has ${show(parts[j])}`;
      }
    }
  }
  return undefined;
}

function isTimezone(value) {
  try {
    return typeof value === "string" && new Intl.DateTimeFormat("en-US", { timeZone: value }) !== undefined;
  } catch {
    return false;
  }
}

const every = (of, value) => durationOf(of, "every", value, MINUTE);

/** The clock starts the flow: at the times of a crontab line, or in intervals. */
export function schedule(definition) {
  const of = thing("trigger");
  of.name = "schedule";
  const given = objectOf(of, "", definition, ["cron", "every", "timezone"]);
  const { cron, timezone } = given;
  if (cron === undefined && given.every === undefined) {
    problem(of, "cron or every", 'must be given, such as cron: "*/15 * * * *" or every: "15m"');
  } else if (cron !== undefined && given.every !== undefined) {
    problem(of, "cron or every", `must stand alone, but are ${show(cron)} and ${show(given.every)}: leave one of them out`);
  } else if (cron !== undefined) {
    const why = textOf(of, "cron", cron) === "" ? undefined : cronProblem(cron);
    if (why !== undefined) problem(of, "cron", why);
  }
  if (timezone !== undefined && cron === undefined) problem(of, "timezone", "must be left out: only cron takes it");
  else if (timezone !== undefined && !isTimezone(timezone)) {
    problem(of, "timezone", `must be a time zone such as "Europe/Berlin", but is ${show(timezone)}`);
  }
  return declared(of, {
    kind: "schedule",
    cron,
    timezone: cron === undefined ? undefined : (timezone ?? "UTC"),
    every: given.every === undefined ? undefined : every(of, given.every),
  });
}

/** The flow looks for what is new, in intervals. */
export function poll(definition) {
  const of = thing("trigger");
  of.name = "poll";
  const given = objectOf(of, "", definition, ["every"]);
  return declared(of, { kind: "poll", every: every(of, given.every) });
}

/** Somebody asks for it. */
export function manual(definition) {
  const of = thing("trigger");
  of.name = "manual";
  objectOf(of, "", definition, []);
  return declared(of, { kind: "manual" });
}
