import { startHouse } from "@gatehouse/testing/house";
import { masterKey } from "@gatehouse/testing/services";
import { expectChangesTold } from "@gatehouse/testing/told-changes";
import { expect, test } from "vitest";
import { readConfig } from "../src/config.ts";
import { deleteOrgOnceConfirmed, rotateMasterKey, rotateSigningKeys, setSuspension } from "../src/operate.ts";
import { setOperator } from "../src/operators.ts";
import { setPlan, writePlan } from "../src/plans.ts";
import { wrappedSecret } from "../src/secrets.ts";
import { gatehouse, printed, temporaryDirectory } from "./command.ts";

test("beside a Gatehouse with a Postgres of its own: keys are rotated, an org is suspended and resumed", {
  timeout: 180_000,
}, async () => {
  await using directory = await temporaryDirectory();
  const environment = { GATEHOUSE_DATA_DIR: directory.path };
  await using up = gatehouse(["up"], { environment });
  const { origin } = printed(await up.says("Ctrl-C ends it"));

  async function run(...args: string[]): Promise<[number | string, string]> {
    await using command = gatehouse(args, { environment });
    return [await command.ended, command.output().trim()];
  }
  const [status, output] = await run("keys", "rotate");
  expect([status, output]).toEqual([0, expect.stringMatching(/^The key \S+ signs from \d{4}-\S+Z on\.$/m)]);
  expect(await run("keys", "rotate")).toEqual([
    1,
    expect.stringMatching(/^A rotation is under way: .* Wait until then\.$/),
  ]);
  expect(await run("org", "suspend", "demo")).toEqual([0, "The org “demo” is suspended now."]);
  expect(await run("org", "suspend", "demo")).toEqual([0, "The org “demo” is suspended already."]);
  expect(await run("org", "resume", "demo")).toEqual([0, "The org “demo” is not suspended now."]);
  expect(await run("org", "suspend", "nobody")).toEqual([1, "There is no org “nobody”."]);
  expect(
    await run("plan", "save", "small", "--limit", "member.callsPerMinute=60", "org.bytesPerDay=1000000000"),
  ).toEqual([0, "The plan “small” allows: member.callsPerMinute=60 org.bytesPerDay=1000000000."]);
  expect(await run("plan", "save", "small", "--limit", "member.callsPerYear=60")).toEqual([
    1,
    expect.stringMatching(/^“member.callsPerYear=60” is no limit\. .* callsPerMonth/),
  ]);
  expect(await run("plan", "set", "demo", "small")).toEqual([0, "The org “demo” has the plan “small”."]);
  expect(await run("plan", "set", "demo", "large")).toEqual([1, "There is no plan “large”."]);
  expect((await run("plan", "list"))[1]).toMatch(
    /^default: .*\nsmall: org.bytesPerDay=1000000000 member.callsPerMinute=60$/,
  );
  expect(await run("operator", "add", "owner@demo.example")).toEqual([0, "owner@demo.example is an operator now."]);
  expect((await run("operator", "list"))[1]).toMatch(/^owner@demo.example, since \d{4}-/);
  expect(await run("operator", "remove", "owner@demo.example")).toEqual([0, "owner@demo.example is no operator now."]);
  expect((await fetch(`${origin}/readyz`)).status).toBe(200);
});

test("what is done by command is in the log, with what was before it and what is after", async () => {
  await using house = await startHouse({ apps: ["auth"] });
  const { email } = await house.addMember(await house.addOrg({ slug: "acme" }), { email: "ann@acme.example" });
  const progress = { step: () => expect.fail(), line: () => {} };
  const old = { DATABASE_URL: house.access.url, GATEHOUSE_MASTER_KEY: masterKey.toString("base64") };
  const config = readConfig(old);
  await rotateSigningKeys(config, progress);
  for (const operates of [true, false]) await setOperator(config, progress, { email, operates });
  await writePlan(config, progress, { name: "small", settings: ["org.callsPerDay=10"] });
  await setPlan(config, progress, { slug: "acme", name: "small" });
  for (const suspended of [true, false]) await setSuspension(config, progress, { slug: "acme", suspended });
  await rotateMasterKey(
    readConfig({
      ...old,
      GATEHOUSE_MASTER_KEY: Buffer.alloc(32, "next").toString("base64"),
      GATEHOUSE_MASTER_KEY_OTHER: old.GATEHOUSE_MASTER_KEY,
      GATEHOUSE_DEPLOYMENT_SECRET: await wrappedSecret(config),
    }),
    progress,
  );
  await deleteOrgOnceConfirmed(config, progress, { slug: "acme", confirm: "acme" });
  await expectChangesTold(house.ownerDb, "command");
});
