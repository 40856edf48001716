import type { Era } from "@gatehouse/store/tables";
import { startHouse } from "../house.ts";
import { tokenFor } from "../token-for.ts";
import { startBearerProxy } from "./bearer-proxy.ts";
import { startLegacyFixture, startModernFixture } from "./fixture.ts";
import { listTools } from "./list-tools.ts";
import { type Report, type Revision, runServerScenarios } from "./run.ts";

/** Runs a revision's scenarios against the gateway, before the fixture of an era. */
export async function runThroughGateway(revision: Revision, upstream: Era, baseline?: string): Promise<Report> {
  await using fixture = await (upstream === "legacy" ? startLegacyFixture() : startModernFixture());
  await using house = await startHouse();
  const org = await house.addOrg({ slug: "acme" });
  const member = await house.addMember(org, { email: "ada@acme.example" });
  const tools = (await listTools(fixture.url)).map((tool) => ({ ...tool, classification: "read" as const }));
  const endpoint = await house.addConnector(org, { slug: "fixture", url: fixture.url.href, era: upstream, tools });
  const { accessToken } = await tokenFor(member, endpoint.url);
  await using proxy = await startBearerProxy(new URL(endpoint.url), accessToken);
  return await runServerScenarios(proxy.url, revision, baseline);
}
