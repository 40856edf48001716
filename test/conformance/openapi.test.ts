import { importDescription } from "@gatehouse/connectors/openapi/import-description";
import { startBearerProxy } from "@gatehouse/testing/conformance/bearer-proxy";
import { listenOnLoopback } from "@gatehouse/testing/conformance/loopback";
import { type Report, type Revision, runServerScenarios } from "@gatehouse/testing/conformance/run";
import { startHouse } from "@gatehouse/testing/house";
import { tokenFor } from "@gatehouse/testing/token-for";
import { expect, test } from "vitest";

// The gateway as the MCP server of an API: every scenario holds that needs no more of a server than tools that answer.

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
const WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

/** What the API answers at each path. */
const ANSWERS: Record<string, { status?: number; type: string; body: Buffer }> = {
  test_simple_text: { type: "text/plain", body: Buffer.from("This is a simple text response for testing.") },
  test_image_content: { type: "image/png", body: Buffer.from(PNG, "base64") },
  test_audio_content: { type: "audio/wav", body: Buffer.from(WAV, "base64") },
  test_error_handling: { status: 500, type: "text/plain", body: Buffer.from("This tool fails on purpose.") },
};

async function runAtApi(revision: Revision): Promise<Report> {
  await using api = await listenOnLoopback((request, response) => {
    const { status = 200, type, body } = ANSWERS[request.url!.slice(1)]!;
    response.writeHead(status, { "content-type": type }).end(body);
  });
  await using house = await startHouse();
  const org = await house.addOrg({ slug: "acme" });
  const member = await house.addMember(org, { email: "ada@acme.example" });
  const paths = Object.fromEntries(
    Object.keys(ANSWERS).map((name) => [`/${name}`, { get: { operationId: name, responses: {} } }]),
  );
  const { tools } = importDescription(JSON.stringify({ openapi: "3.1.0", servers: [{ url: api.origin }], paths }));
  const operations = tools.map(({ definition, key, binding }) => ({
    ...{ name: definition.name, definition, operation: key, binding, offered: true },
    classification: "read" as const,
  }));
  const connector = { slug: "api", url: api.origin, era: "modern", transport: "openapi", operations } as const;
  const endpoint = await house.addConnector(org, { ...connector, operations });
  const { accessToken } = await tokenFor(member, endpoint.url);
  await using proxy = await startBearerProxy(new URL(endpoint.url), accessToken);
  return await runServerScenarios(proxy.url, revision);
}

/** Each failure says what of a server an API does not have: other methods, and tools that report, ask or log. */
const NOT_HAD =
  /There is no method (completion|resources|prompts)\/|Unknown tool: test_(?!simple_text|image_content|audio_content|error)|Not testable|Prerequisite failed|sep-2164-(error-code|data-uri)|sep-2322-(multi-round|missing-response)/;

test.for([
  { revision: "2025-11-25", passing: 12 },
  { revision: "2026-07-28", passing: 9 },
] as const)("an API's endpoint conforms to $revision", { timeout: 120_000 }, async ({ revision, passing }) => {
  const { scored } = await runAtApi(revision);
  const failures = scored.flatMap((outcome) => outcome.failures);
  expect(failures.filter((failure) => !NOT_HAD.test(failure))).toEqual([]);
  expect(scored.filter((outcome) => outcome.failures.length === 0)).toHaveLength(passing);
});
