// JSON from JSON, by a template: for mappings that are configuration, not code.
//
//     { "id": "$.order.id", "items": { "$each": "$.order.lines", "$as": { "sku": "$.sku", "count": "$.quantity" } } }
//
// A text that begins with "$." is looked up in the value, "$" is the value itself, everything else stands for itself.
import { action, component } from "warder";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };

const isObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

/** What is at "$.lines[0].sku". Only what the value itself has: "$.constructor" is nowhere. */
function lookUp(value: Json, path: string): Json | undefined {
  let found: Json | undefined = value;
  for (const [, name, index] of path.slice(1).matchAll(/\.([^.[\]]+)|\[(\d+)\]/g)) {
    if (name !== undefined) found = isObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
    else found = Array.isArray(found) ? found[Number(index)] : undefined;
  }
  return found;
}

const PATH = /^\$(?:\.[^.[\]]+|\[\d+\])*$/;

function pathOf(text: Json | undefined, form: string): string {
  if (typeof text === "string" && PATH.test(text)) return text;
  throw new TypeError(`${form} takes a path such as "$.order.lines[0].sku", but got ${JSON.stringify(text)}`);
}

/** What a template can say beside paths. Each is an object with this name in it. */
const FORMS: Record<string, (template: JsonObject, value: Json) => Json | undefined> = {
  $each({ $each, $as = "$" }, value) {
    const list = lookUp(value, pathOf($each, "$each"));
    return Array.isArray(list) ? list.map((item) => shape($as, item) ?? null) : [];
  },
  $first({ $first }, value) {
    if (!Array.isArray($first)) throw new TypeError(`$first takes a list, but got ${JSON.stringify($first)}`);
    for (const each of $first) {
      const found = shape(each, value);
      if (found !== undefined && found !== null) return found;
    }
    return undefined;
  },
  $join({ $join, $with = "" }, value) {
    const texts = shape($join!, value);
    if (!Array.isArray(texts)) throw new TypeError(`$join takes a list, but got ${JSON.stringify(texts)}`);
    return texts.filter((text) => text !== null).map(String).join(`${$with}`);
  },
  $choose({ $choose, $of, $otherwise = null }, value) {
    const key = lookUp(value, pathOf($choose, "$choose"));
    return isObject($of) && Object.hasOwn($of, `${key}`) ? $of[`${key}`] : shape($otherwise, value);
  },
  $literal: ({ $literal }) => $literal,
};

function shape(template: Json, value: Json): Json | undefined {
  if (typeof template === "string") return template === "$" || /^\$[.[]/.test(template) ? lookUp(value, pathOf(template, "a template")) : template;
  if (Array.isArray(template)) return template.map((each) => shape(each, value) ?? null);
  if (!isObject(template)) return template;
  const form = Object.keys(template).find((name) => Object.hasOwn(FORMS, name));
  if (form !== undefined) return FORMS[form]!(template, value);
  // As own properties, also where a name is "__proto__".
  return Object.fromEntries(Object.entries(template).flatMap(([name, each]) => {
    const made = shape(each, value);
    return made === undefined ? [] : [[name, made]];
  }));
}

/** RFC 7396: null takes away, an object goes deeper, everything else replaces. */
function merge(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, each] of Object.entries(patch)) {
    if (each === null) result.delete(name);
    else result.set(name, merge(result.get(name), each));
  }
  return Object.fromEntries(result);
}

const value = { type: "any", required: true } as const;

export const jsonTransform = component({
  key: "json-transform", label: "JSON transform",
  actions: {
    map: action({
      label: "Map JSON by a template", idempotent: true, inputs: { value, template: { type: "any", required: true } },
      perform: (context, { value, template }): { data: any } => ({ data: shape(template, value) ?? null }),
    }),
    merge: action({
      label: "Merge JSON", description: "JSON Merge Patch, RFC 7396", idempotent: true, inputs: { value, patch: { type: "any", required: true } },
      perform: (context, { value, patch }): { data: any } => ({ data: merge(value, patch) }),
    }),
  },
});
