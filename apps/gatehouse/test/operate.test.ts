import { expect, test } from "vitest";
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
