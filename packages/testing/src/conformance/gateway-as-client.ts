import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { probe } from "@gatehouse/dashboard/probe/probe";
import { openEgress } from "@gatehouse/egress/egress";
import { type Endpoint, type Person, startHouse } from "../house.ts";
import { listenOnLoopback } from "./loopback.ts";
import { type Outcome, type Revision, runClientScenario } from "./run.ts";

/** What a person does with their client at a connector before the suite's server; `context` is what the suite asks for. */
export type Drive = (endpoint: Endpoint, person: Person, context: ScenarioContext) => Promise<void>;

export interface ScenarioContext {
  toolCalls?: { name: string; arguments: Record<string, unknown> }[];
}

interface HandedOver {
  url: string;
  context: ScenarioContext;
}

const program = fileURLToPath(new URL("hand-over.ts", import.meta.url));

/** Runs a scenario for clients at the gateway: the suite's server is registered as a connector, and then driven. */
export async function runWithGatewayAsClient(scenario: string, revision: Revision, drive: Drive): Promise<Outcome> {
  await using loopback = await listenOnLoopback(async (req, res) => {
    const { url, context } = (await json(req)) as HandedOver;
    await use(new URL(url), context, drive).then(
      () => res.end(),
      (error) => res.writeHead(500).end(String(error.stack)),
    );
  });
  return await runClientScenario({ scenario, revision, command: `${process.execPath} ${program} ${loopback.origin}` });
}

/** When this is done the house is closed, and with it every stream that the suite's server would wait for. */
async function use(url: URL, context: ScenarioContext, drive: Drive): Promise<void> {
  await using house = await startHouse();
  await using egress = openEgress({ allow: [], ownOrigins: [] });
  const { tools, era, protocolVersion } = await probe({ egress, url, exception: url.host });
  const org = await house.addOrg({ slug: "acme" });
  const person = await house.addMember(org, { email: "ada@acme.example" });
  const offered = tools.map((tool) => ({ ...tool, classification: "read" as const }));
  const connector = { slug: "suite", url: url.href, era, protocolVersion, tools: offered };
  await drive(await house.addConnector(org, connector), person, context);
}
