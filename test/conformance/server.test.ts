import { fileURLToPath } from "node:url";
import { startBearerProxy } from "@gatehouse/testing/conformance/bearer-proxy";
import { type Fixture, startLegacyFixture, startModernFixture } from "@gatehouse/testing/conformance/fixture";
import { listTools } from "@gatehouse/testing/conformance/list-tools";
import { type Revision, runServerScenarios } from "@gatehouse/testing/conformance/run";
import { startHouse } from "@gatehouse/testing/house";
import { tokenFor } from "@gatehouse/testing/token-for";
import { expect, test } from "vitest";

const eras: { era: "legacy" | "modern"; revision: Revision; startFixture: () => Promise<Fixture> }[] = [
  { era: "legacy", revision: "2025-11-25", startFixture: startLegacyFixture },
  { era: "modern", revision: "2026-07-28", startFixture: startModernFixture },
];

const baseline = fileURLToPath(new URL("expected-failures.yml", import.meta.url));

test.for(eras)("through the gateway, a server of $revision still conforms", { timeout: 120_000 }, async (pair) => {
  const { era, revision, startFixture } = pair;
  await using fixture = await startFixture();
  await using house = await startHouse();
  const org = await house.addOrg({ slug: "acme" });
  const member = await house.addMember(org, { email: "ada@acme.example" });
  const tools = (await listTools(fixture.url)).map((tool) => ({ ...tool, classification: "read" as const }));
  const endpoint = await house.addConnector(org, { slug: "fixture", url: fixture.url.href, era, tools });
  const { accessToken } = await tokenFor(member, endpoint.url);
  await using proxy = await startBearerProxy(new URL(endpoint.url), accessToken);

  const report = await runServerScenarios(proxy.url, revision, baseline);

  const failed = report.scored.filter(({ failures }) => failures.length > 0);
  expect(report.exitCode, JSON.stringify(failed, null, 2)).toBe(0);
});
