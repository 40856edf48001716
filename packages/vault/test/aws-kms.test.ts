import { startKms } from "@gatehouse/testing/kms";
import { keysFrom, keysInMemory } from "@gatehouse/testing/vault";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { awsKmsMasterKey } from "../src/aws-kms.ts";
import { unwrapDeploymentSecret, wrapDeploymentSecret } from "../src/deployment-secret.ts";
import { openVault, type WrappedKey } from "../src/vault.ts";

const place = { org: "org-a", row: "credentials/1", version: 1 };

beforeEach(() => {
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "not a secret");
});
afterEach(() => void vi.unstubAllEnvs());

test("data keys are wrapped by AWS KMS, each is asked for once, and its plaintext is stored nowhere", async () => {
  await using kms = await startKms();
  const kept = new Map<string, WrappedKey>();
  const masterKey = awsKmsMasterKey({ arn: kms.addKey(), endpoint: kms.endpoint });
  const options = { ...keysFrom("ours"), masterKeys: [masterKey] as const, dataKeys: keysInMemory(kept) };
  const sealed = await openVault(options).seal(place, "s3cret");
  kms.requests.length = 0;

  const vault = openVault(options);
  for (const _ of Array(5)) expect(await vault.open(place, sealed)).toBe("s3cret");
  expect(kms.requests).toEqual(["Decrypt"]);
  expect(kept.get("org-a")).toMatchObject({ masterKeyId: masterKey.id });
});

test("a data key opens for its own org and under its own key alone", async () => {
  await using kms = await startKms();
  const [one, other] = [kms.addKey(), kms.addKey()].map((arn) => awsKmsMasterKey({ arn, endpoint: kms.endpoint }));
  const wrapped = await one!.wrap(Buffer.alloc(32, 1), "org-a");
  expect(await one!.unwrap(wrapped, "org-a")).toEqual(Buffer.alloc(32, 1));
  await expect(one!.unwrap(wrapped, "org-b")).rejects.toMatchObject({ code: "unavailable" });
  await expect(other!.unwrap(wrapped, "org-a")).rejects.toThrow(/IncorrectKeyException/);
});

test("where KMS is down, what needs a key says so, and works again once KMS does", async () => {
  await using kms = await startKms();
  const arn = kms.addKey();
  const masterKeys = [awsKmsMasterKey({ arn, endpoint: kms.endpoint })] as const;
  const vault = openVault({ ...keysFrom("ours"), masterKeys, dataKeys: keysInMemory() });
  kms.state.failing = true;
  await expect(vault.seal(place, "s3cret")).rejects.toMatchObject({ code: "unavailable" });
  kms.state.failing = false;
  expect(await vault.open(place, await vault.seal(place, "s3cret"))).toBe("s3cret");
  kms.state.failing = true;
  expect(await vault.open(place, await vault.seal(place, "s3cret"))).toBe("s3cret");
});

test("the deployment's secret is wrapped once, and is the same under another master key", async () => {
  await using kms = await startKms();
  const [one, other] = [kms.addKey(), kms.addKey()].map((arn) => awsKmsMasterKey({ arn, endpoint: kms.endpoint }));
  const secret = Buffer.alloc(32, "deployment");
  const text = await wrapDeploymentSecret([one!], secret);
  expect(await unwrapDeploymentSecret([one!], text)).toEqual(secret);
  const anew = await wrapDeploymentSecret([other!, one!], await unwrapDeploymentSecret([other!, one!], text));
  expect(await unwrapDeploymentSecret([other!], anew)).toEqual(secret);
  await expect(unwrapDeploymentSecret([other!], text)).rejects.toThrow(/under the master key/);
});
