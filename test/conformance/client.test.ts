import { connectV1 } from "@gatehouse/testing/client-v1";
import { connectV2 } from "@gatehouse/testing/client-v2";
import {
  type Drive,
  runWithGatewayAsClient,
  type ScenarioContext,
} from "@gatehouse/testing/conformance/gateway-as-client";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { expect, test } from "vitest";

// The suite's scenarios for clients, with the gateway as the client and a real client before it.

interface AnyClient {
  getServerCapabilities(): { tools?: unknown; resources?: unknown; prompts?: unknown } | undefined;
  listTools(): Promise<{ tools: { name: string }[] }>;
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<unknown>;
  listResources(): Promise<{ resources: { uri: string }[] }>;
  readResource(params: { uri: string }): Promise<unknown>;
  listPrompts(): Promise<{ prompts: { name: string }[] }>;
  getPrompt(params: { name: string }): Promise<unknown>;
}

const capabilities = { elicitation: { form: {} }, sampling: {}, roots: {} };
const confirm = async () => ({ action: "accept" as const, content: { confirmed: true } });

const asLegacy: Drive = async (endpoint, person, context) => {
  await using connected = await connectV1(endpoint.url, person, { capabilities });
  connected.client.setRequestHandler(ElicitRequestSchema, confirm);
  await useEverything(connected.client as AnyClient, context);
};

const asModern: Drive = async (endpoint, person, context) => {
  await using connected = await connectV2(endpoint.url, person, { era: "modern", capabilities });
  connected.client.setRequestHandler("elicitation/create", confirm);
  await useEverything(connected.client as AnyClient, context);
};

/** Lists all that there is, and uses each thing; what the suite asks for besides, it gets. */
async function useEverything(client: AnyClient, { toolCalls }: ScenarioContext): Promise<void> {
  const { resources, prompts } = client.getServerCapabilities() ?? {};
  const { tools } = await client.listTools();
  const calls = toolCalls ?? tools.map(({ name }) => ({ name, arguments: { region: "eu", id: "ada" } }));
  for (const call of calls) await client.callTool(call).catch((error) => expectTypeless(call.name, error));
  if (resources) for (const { uri } of (await client.listResources()).resources) await client.readResource({ uri });
  if (prompts) for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name });
}

/** The one tool whose result has no `resultType`: the modern SDK takes that for no result. */
function expectTypeless(name: string, error: Error): void {
  if (name !== "test_mrtr_no_result_type") throw error;
}

const modernScenarios = [
  "request-metadata",
  "http-standard-headers",
  "http-custom-headers",
  "http-invalid-tool-headers",
  "json-schema-ref-no-deref",
  "sep-2322-client-request-state",
];
const cases = [
  ...modernScenarios.map((scenario) => ({
    scenario,
    revision: "2026-07-28" as const,
    front: "modern",
    drive: asModern,
  })),
  ...modernScenarios.map((scenario) => ({
    scenario,
    revision: "2026-07-28" as const,
    front: "legacy",
    drive: asLegacy,
  })),
  { scenario: "sse-retry", revision: "2025-11-25" as const, front: "legacy", drive: asLegacy },
  { scenario: "sse-retry", revision: "2025-11-25" as const, front: "modern", drive: asModern },
];

test.for(cases)("$scenario, with a $front client before the gateway", { timeout: 60_000 }, async (one) => {
  const outcome = await runWithGatewayAsClient(one.scenario, one.revision, one.drive);
  expect(outcome).toMatchObject({ failures: [] });
  expect(outcome.passed).toBeGreaterThan(0);
});
