// All ready components in one integration, with a flow for each action: what their fixtures run. `warder describe` of its
// bundle lists what each of them asks for.
import { flow, integration, type Component } from "warder";
import { csv } from "./csv/csv";
import { github } from "./github/github";
import { googleSheets } from "./google-sheets/google-sheets";
import { http } from "./http/http";
import { hubspot } from "./hubspot/hubspot";
import { jsonTransform } from "./json-transform/json-transform";
import { openai } from "./openai/openai";
import { s3 } from "./s3/s3";
import { slack } from "./slack/slack";
import { stripe } from "./stripe/stripe";

const components = [csv, github, googleSheets, http, hubspot, jsonTransform, openai, s3({ region: "eu-central-1" }), slack, stripe];

/** "github-create-issue": the action with the event as its params, and the connection of its component's name. */
const flowsOf = ({ key, actions }: Component) => Object.entries(actions).map(([name, action]) => flow({
  name: `${key} ${name}`,
  key: `${key}-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
  run: (context, event) => {
    const connection = context.connections[key];
    return context.step(name, action, connection ? { ...event, connection } : event);
  },
}));

export default integration({ name: "Ready components", version: "1.0.0", components, flows: components.flatMap(flowsOf) });
