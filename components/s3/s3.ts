// Amazon S3 and what speaks its protocol. The broker signs requests (inject aws-sigv4 in the policy): no key is here.
import { action, component, custom } from "warder";
import { api, patiently } from "../shared/api";
import { path, segments } from "../shared/path";

export interface StoredObject { key: string; size: number; modified: string; etag: string; }

const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const decode = (xml: string) => xml.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (all, hex, decimal, name) =>
  name === undefined ? String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)) : ENTITIES[name] ?? all);

/** The texts of all elements of this name: S3's listings have no attributes and nest nothing in itself. */
const elements = (xml: string, name: string) => [...xml.matchAll(new RegExp(`<${name}>([^]*?)</${name}>`, "g"))].map(([, text]) => text!);
const text = (xml: string, name: string) => decode(elements(xml, name)[0] ?? "");

const call = api({ name: "S3", why: (xml) => `${text(xml, "Code")}: ${text(xml, "Message")}` });

const bucket = { connection: { type: "connection", required: true }, bucket: { type: "string", required: true } } as const;
const object = { ...bucket, key: { type: "string", required: true } } as const;
const place = (bucket: string, key: string) => path`/${bucket}/` + segments(key);

/** For one region, as buckets are; or for another server that speaks S3's protocol. */
export const s3 = ({ region, origin = `https://s3.${region}.amazonaws.com` }: { region: string; origin?: string }) => component({
  key: "s3", label: "Amazon S3",
  connections: {
    key: custom({
      label: "Access key", fields: { id: { label: "Access key id" }, secret: { label: "Secret access key" } },
      origins: [origin], methods: ["GET", "HEAD", "PUT", "DELETE"],
    }),
  },
  actions: {
    getObject: action({
      label: "Get an object", description: "As text. `openObject` is for what is large or no text", idempotent: true, retry: patiently, inputs: object,
      perform: async (context, { connection, bucket, key }) => ({ data: await (await call(context, connection, place(bucket, key))).text() }),
    }),
    openObject: action({
      label: "Open an object", description: "As a stream, which can be the body of another request", idempotent: true, retry: patiently, inputs: object,
      perform: async (context, { connection, bucket, key }) => {
        const { body, headers } = await call(context, connection, place(bucket, key));
        return { data: { body, size: Number(headers.get("content-length")), type: headers.get("content-type") } };
      },
    }),
    putObject: action({
      label: "Put an object", idempotent: true, retry: patiently,
      inputs: { ...object, text: { type: "string", required: true }, type: { type: "string", default: "text/plain; charset=utf-8" } },
      perform: async (context, { connection, bucket, key, text, type }) => {
        const response = await call(context, connection, place(bucket, key), { method: "PUT", body: text, headers: { "content-type": type } });
        return { data: { etag: response.headers.get("etag") } };
      },
    }),
    deleteObject: action({
      label: "Delete an object", idempotent: true, retry: patiently, inputs: object,
      perform: async (context, { connection, bucket, key }) => {
        await call(context, connection, place(bucket, key), { method: "DELETE" });
      },
    }),
    listObjects: action({
      label: "List objects", idempotent: true, retry: patiently, inputs: { ...bucket, prefix: { type: "string" } },
      perform: async (context, { connection, bucket, prefix }) => {
        const objects: StoredObject[] = [];
        for await (const each of context.paginate<StoredObject, string>(async ({ cursor }) => {
          const query = { "list-type": 2, prefix, "continuation-token": cursor };
          const xml = await (await call(context, connection, path`/${bucket}`, { query })).text();
          const items = elements(xml, "Contents").map((each) => ({
            key: text(each, "Key"), size: Number(text(each, "Size")), modified: text(each, "LastModified"), etag: text(each, "ETag"),
          }));
          return { items, next: text(xml, "NextContinuationToken") };
        })) objects.push(each);
        return { data: objects };
      },
    }),
  },
});
