import { hash } from "node:crypto";
import { defaultProvider } from "@aws-sdk/credential-provider-node";
import { AwsClient } from "aws4fetch";

const TIMEOUT_MS = 10_000;
const RETRIES = 2;
const credentialsOf = defaultProvider();

/**
 * Puts one object into an S3-compatible bucket: `s3://bucket/prefix?region=…`, with `&endpoint=https://…` where that is not
 * AWS. Who may write is asked of AWS's credential chain. The checksum is what buckets with Object Lock want.
 */
export async function putObject(place: URL, name: string, body: string): Promise<void> {
  const region = place.searchParams.get("region")!;
  const client = new AwsClient({ ...(await credentialsOf()), service: "s3", region, retries: RETRIES });
  const answer = await client.fetch(addressOf(place, region, name), {
    method: "PUT",
    headers: {
      "content-type": "application/jsonl",
      "x-amz-content-sha256": hash("sha256", body, "hex"),
      "x-amz-checksum-sha256": hash("sha256", body, "base64"),
    },
    body,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (!answer.ok) throw new Error(`${answer.status} ${(await answer.text()).slice(0, 500)}`);
}

function addressOf({ host: bucket, pathname, searchParams }: URL, region: string, name: string): URL {
  const path = `${pathname.replace(/\/$/, "")}/${name}`;
  const endpoint = searchParams.get("endpoint");
  if (endpoint) return new URL(`/${bucket}${path}`, endpoint);
  return new URL(path, `https://${bucket}.s3.${region}.amazonaws.com`);
}
