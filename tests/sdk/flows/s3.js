import { GetObjectCommand, ListObjectsV2Command, NoSuchKey, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { check, sdk } from "./sdk.js";

// The broker signs: the SDK is given a signer that does not, and the connection to send with.
export default sdk(async ({ context, origin }) => {
  const { s3 } = context.connections;
  const client = new S3Client({
    region: "eu-central-1",
    endpoint: origin,
    forcePathStyle: true,
    credentials: { accessKeyId: "none", secretAccessKey: "none" },
    signer: { sign: async (request) => request },
    requestHandler: { customFetch: s3.fetch },
    maxAttempts: 1,
  });
  const Bucket = "orders";
  const put = await client.send(new PutObjectCommand({ Bucket, Key: "2026/42 ä.json", Body: '{"id":42}', ContentType: "application/json" }));
  const got = await client.send(new GetObjectCommand({ Bucket, Key: "2026/42 ä.json" }));
  const body = await got.Body.transformToString();
  const list = await client.send(new ListObjectsV2Command({ Bucket, Prefix: "2026/" }));
  const missing = await client.send(new GetObjectCommand({ Bucket, Key: "absent" })).catch((error) => error);
  check(missing instanceof NoSuchKey, "a missing key is the SDK's error", `${missing}`);
  return { etag: put.ETag, body, keys: list.Contents.map(({ Key }) => Key) };
});
