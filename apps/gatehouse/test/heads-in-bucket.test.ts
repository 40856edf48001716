import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Head, headSignerOf, isSigned } from "@gatehouse/audit/head";
import { AwsClient } from "aws4fetch";
import S3rver from "s3rver";
import { expect, test } from "vitest";
import { publishTo } from "../src/audit/publish-heads.ts";
import { readConfig } from "../src/config.ts";

/** What it takes for its owner's keys. */
const KEYS = { AWS_ACCESS_KEY_ID: "S3RVER", AWS_SECRET_ACCESS_KEY: "S3RVER" };

async function startBucket() {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-s3-"));
  const server = new S3rver({
    port: 0,
    address: "127.0.0.1",
    silent: true,
    directory,
    configureBuckets: [{ name: "heads", configs: [] }],
  });
  const { port } = (await server.run()) as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const client = new AwsClient({
    accessKeyId: "S3RVER",
    secretAccessKey: "S3RVER",
    service: "s3",
    region: "eu-central-1",
  });
  return {
    place: new URL(`s3://heads/acme?region=eu-central-1&endpoint=${origin}`),
    async objects(): Promise<{ key: string; text: string }[]> {
      const list = await (await client.fetch(`${origin}/heads`)).text();
      const keys = [...list.matchAll(/<Key>([^<]+)/g)].map(([, key]) => key!);
      return Promise.all(
        keys.map(async (key) => ({ key, text: await (await client.fetch(`${origin}/heads/${key}`)).text() })),
      );
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await rm(directory, { recursive: true });
    },
  };
}

const signer = headSignerOf({ derive: () => Buffer.alloc(32, 7).toString("base64url") });

const head = (seq: number): Head =>
  signer.sign({ kind: "head", org: "0198", seq, hash: "0".repeat(64), at: "2026-11-21T12:00:00.000Z" });

test("heads are put into a bucket, each time under another name, and are what was signed", async () => {
  await using bucket = await startBucket();
  Object.assign(process.env, KEYS);
  const publish = publishTo(bucket.place);
  await publish([head(1), head(2)]);
  await publish([head(3)]);
  const objects = await bucket.objects();
  expect(objects.map(({ key }) => key)).toEqual([
    expect.stringMatching(/^acme\/2026-11-21\/12-00-00\.000Z-[0-9a-f-]{36}\.jsonl$/),
    expect.stringMatching(/^acme\/2026-11-21\//),
  ]);
  const heads = objects.flatMap(({ text }) => text.trim().split("\n")).map((line): Head => JSON.parse(line));
  expect(heads.map(({ seq }) => seq).sort()).toEqual([1, 2, 3]);
  expect(heads.every(isSigned)).toBe(true);
});

test("a bucket that does not take them is named", async () => {
  await using bucket = await startBucket();
  Object.assign(process.env, KEYS);
  const missing = new URL(bucket.place.href.replace("//heads/", "//nowhere/"));
  await expect(publishTo(missing)([head(1)])).rejects.toThrow("cannot be written to s3://nowhere/acme");
});

test("a place that is neither a file nor a bucket with its region is refused at the start", () => {
  const read = (place: string) => readConfig({ GATEHOUSE_AUDIT_HEADS: place }).auditHeads?.href;
  for (const place of [
    "https://x.example/",
    "s3://heads",
    "s3:///x?region=a",
    "s3://heads?region=a&endpoint=file:///x",
    "heads",
  ]) {
    expect(() => read(place)).toThrow("GATEHOUSE_AUDIT_HEADS must be file:///path, or s3://bucket/prefix");
  }
  for (const place of [
    "file:///var/heads",
    "s3://heads?region=a",
    "s3://heads/x?region=a&endpoint=https://minio.example",
  ]) {
    expect(read(place)).toBe(place);
  }
});
