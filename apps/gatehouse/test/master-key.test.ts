import { startHouse } from "@gatehouse/testing/house";
import { startKms } from "@gatehouse/testing/kms";
import { keys as testKeys } from "@gatehouse/testing/services";
import { awsKmsMasterKey } from "@gatehouse/vault/aws-kms";
import type { MasterKeys } from "@gatehouse/vault/master-key";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openHouseVault } from "../src/secrets.ts";
import { gatehouse } from "./command.ts";

const OLD = Buffer.alloc(32, "test").toString("base64");
const AWS = { AWS_ACCESS_KEY_ID: "AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY: "not a secret" };
const ORGS = Array.from({ length: 40 }, (_, at) => `org-${String(at).padStart(3, "0")}`);
const placeIn = (org: string) => ({ org, row: "credentials/1", version: 1 });

beforeEach(() => Object.entries(AWS).forEach(([name, value]) => void vi.stubEnv(name, value)));
afterEach(() => void vi.unstubAllEnvs());

async function run(args: string[], environment: Record<string, string>): Promise<string> {
  await using command = gatehouse(args, { environment });
  expect(await command.ended, command.output()).toBe(0);
  return command.output();
}

/** A deployment with the tests' master key, which has sealed something for each of `ORGS`, and a KMS for the next one. */
async function startDeployment() {
  await using stack = new AsyncDisposableStack();
  const house = stack.use(await startHouse({ apps: ["auth"] }));
  const kms = stack.use(await startKms());
  const arn = kms.addKey();
  const sealed = await Promise.all(ORGS.map((org) => house.vault.seal(placeIn(org), `secret of ${org}`)));
  const environment = { DATABASE_URL: house.access.url, AWS_ENDPOINT_URL_KMS: kms.endpoint, ...AWS };
  const line = await run(["keys", "secret"], { ...environment, GATEHOUSE_MASTER_KEY: OLD });
  const [, secret] = /^GATEHOUSE_DEPLOYMENT_SECRET=(\S+)$/m.exec(line)!;

  /** How many of them a process opens that has these master keys. */
  async function opens(...masterKeys: MasterKeys): Promise<number> {
    await using vault = openHouseVault({ ...testKeys, masterKeys }, house.access);
    const opened = await Promise.allSettled(ORGS.map((org, at) => vault.open(placeIn(org), sealed[at]!)));
    return opened.filter((one, at) => one.status === "fulfilled" && one.value === `secret of ${ORGS[at]}`).length;
  }

  const opened = stack.move();
  return {
    ...{ house, kms, opens },
    next: awsKmsMasterKey({ arn, endpoint: kms.endpoint }),
    rotating: {
      ...environment,
      GATEHOUSE_MASTER_KEY: `aws-kms:${arn}`,
      GATEHOUSE_MASTER_KEY_OTHER: OLD,
      GATEHOUSE_DEPLOYMENT_SECRET: secret!,
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const [before] = testKeys.masterKeys;

test("a rotation that is killed in the middle leaves everything open to both master keys, and is finished by the next", async () => {
  await using deployment = await startDeployment();
  const { kms, opens, next, rotating } = deployment;
  const halfway = kms.holdAfter(ORGS.length / 2);
  await using command = gatehouse(["keys", "rotate-master"], { environment: rotating });
  await halfway;
  command.child.kill("SIGKILL");
  expect(await command.ended).toBe("SIGKILL");
  kms.release();

  expect(await opens(next, before)).toBe(ORGS.length);
  expect(await opens(before)).toBeLessThan(ORGS.length);
  expect(await opens(next)).toBeLessThan(ORGS.length);

  expect(await run(["keys", "rotate-master"], rotating)).toMatch(/data keys were wrapped anew/);
  expect(await opens(next)).toBe(ORGS.length);
  expect(await opens(before)).toBe(0);
  expect(await run(["keys", "rotate-master"], rotating)).toMatch(/^0 data keys/m);
}, 60_000);

test("with the new master key alone, the deployment's secret and with it everything that follows stays the same", async () => {
  await using deployment = await startDeployment();
  const { rotating, opens, next } = deployment;
  await run(["keys", "rotate-master"], rotating);
  const line = await run(["keys", "secret"], rotating);
  const { GATEHOUSE_MASTER_KEY_OTHER: _, ...alone } = rotating;
  const secret = /^GATEHOUSE_DEPLOYMENT_SECRET=(\S+)$/m.exec(line)![1]!;
  const after = { ...alone, GATEHOUSE_DEPLOYMENT_SECRET: secret };
  // It connects as the vault's role, whose password follows from that secret.
  expect(await run(["keys", "rotate-master"], after)).toMatch(/^0 data keys/m);
  expect(await opens(next)).toBe(ORGS.length);
  await using without = gatehouse(["keys", "rotate-master"], { environment: alone });
  expect(await without.ended).toBe(1);
  expect(without.output()).toMatch(/under the master key local:/);
}, 60_000);

test("with a key in KMS and no secret yet, `keys secret` makes one", async () => {
  await using kms = await startKms();
  const environment = { ...AWS, AWS_ENDPOINT_URL_KMS: kms.endpoint, GATEHOUSE_MASTER_KEY: `aws-kms:${kms.addKey()}` };
  const [one, other] = [await run(["keys", "secret"], environment), await run(["keys", "secret"], environment)];
  expect(one).toMatch(/^GATEHOUSE_DEPLOYMENT_SECRET=arn:aws:kms:\S+\.[\w-]+$/m);
  expect(other).not.toBe(one);
  await using without = gatehouse(["migrate"], { environment });
  expect(await without.ended).toBe(1);
  expect(without.output()).toMatch(/GATEHOUSE_DEPLOYMENT_SECRET must be given/);
}, 30_000);

test("deleting an org destroys its data key: nothing that it kept secret opens, and nobody is admitted", async () => {
  await using house = await startHouse({ apps: ["auth"] });
  const org = await house.addOrg({ slug: "gone" });
  const sealed = await house.vault.seal(placeIn(org.id), "secret");
  const environment = { DATABASE_URL: house.access.url, GATEHOUSE_MASTER_KEY: OLD };
  await using unsure = gatehouse(["org", "delete", "gone", "--confirm", "other"], { environment });
  expect(await unsure.ended).toBe(1);
  await run(["org", "delete", "gone", "--confirm", "gone"], environment);
  await using vault = openHouseVault(testKeys, house.access);
  await expect(vault.open(placeIn(org.id), sealed)).rejects.toMatchObject({ code: "not_found" });
  await expect(vault.seal(placeIn(org.id), "another")).rejects.toMatchObject({ code: "not_found" });
  const [row] = await house.ownerDb.selectFrom("data_keys").selectAll().where("holder", "=", org.id).execute();
  expect(row).toMatchObject({ wrapped: null, master_key_id: null, destroyed_at: expect.any(Date) });
}, 30_000);
