import { archiveConnector } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import { listOutages } from "@gatehouse/store/outages";
import { listMetrics } from "@gatehouse/telemetry/metrics";
import { renderOpenMetrics } from "@gatehouse/telemetry/open-metrics";
import { makeCertificate } from "@gatehouse/testing/certificate";
import { expect, test, vi } from "vitest";
import { bearer, callTool, post } from "./client.ts";
import { startSmallHouse } from "./house.ts";
import { result, sendJson, startUpstream } from "./upstream.ts";

/** What a call is answered with. */
interface Rpc {
  result?: object;
  error?: { message: string };
}

async function called(small: Awaited<ReturnType<typeof startSmallHouse>>, tool: string): Promise<Rpc> {
  const { messages } = await post(small.endpoint.url, callTool(tool), bearer(small.token));
  return messages[0] as Rpc;
}

const scrape = () => renderOpenMetrics(listMetrics());

test("a read whose connection is lost is sent once more; a write is not, for it may have had an effect", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  let calls = 0;
  upstream.on("tools/call", (received, response) => {
    if (++calls % 2 === 1) response.socket!.destroy();
    else sendJson(response, result(received, { content: [] }));
  });
  const read = await called(small, "look");
  expect(read.result).toBeTruthy();
  expect(calls).toBe(2);
  const write = await called(small, "change");
  expect(write.error?.message).toMatch(/may have had an effect/);
  expect(calls).toBe(3);
});

test("an upstream that fails again and again is left alone: known, shown, exported, and back by itself", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  upstream.on("tools/call", (_received, response) => void response.writeHead(503).end());
  const call = () => called(small, "look");
  for (let at = 0; at < 8; at++) expect((await call()).error?.message).toMatch(/HTTP 503/);
  const before = upstream.received.length;
  expect((await call()).error?.message).toMatch(/is left alone for a moment.*Nothing was sent/);
  expect(upstream.received).toHaveLength(before);
  expect(scrape()).toMatch(/gatehouse_connector_up\{gatehouse_org="acme",gatehouse_connector="tools"\} 0/);
  expect(scrape()).toMatch(/gatehouse_breaker_open\{gatehouse_org="acme",gatehouse_connector="tools"\} 1/);
  const outages = () => withOrg(small.house.owner, small.org.id, listOutages);
  await vi.waitFor(async () => expect(await outages()).toMatchObject([{ reason: "HTTP 503" }]));
  upstream.on("tools/call", (received, response) => sendJson(response, result(received, { content: [] })));
  await vi.waitFor(async () => expect((await call()).result).toBeTruthy(), { timeout: 10_000, interval: 250 });
  await vi.waitFor(async () => expect(await outages()).toEqual([]));
  expect(scrape()).toMatch(/gatehouse_connector_up\{gatehouse_org="acme",gatehouse_connector="tools"\} 1/);
});

test("a member's own refusal by the upstream closes it to nobody else", async () => {
  await using upstream = await startUpstream();
  await using small = await startSmallHouse(upstream);
  upstream.on("tools/call", (_received, response) => void response.writeHead(401).end());
  for (let at = 0; at < 10; at++) {
    const { error } = await called(small, "look");
    expect(error?.message).not.toMatch(/left alone/);
  }
});

test("connectors that nobody calls: their upstreams are probed, their certificates' ends known, and both forgotten with them", async () => {
  await using upstream = await startUpstream();
  const gone = await startUpstream();
  await gone[Symbol.asyncDispose]();
  await using small = await startSmallHouse(upstream, { upstreamLookEveryMs: 20 });
  const { house, org } = small;
  const quiet = await house.addConnector(org, "quiet", gone);
  const { cert: certificate, key } = makeCertificate();
  const mutual = { access: [{ kind: "mtls" as const }], secrets: { mtls: { certificate, key } } };
  const ledger = await house.addConnector(org, "ledger", gone, mutual);
  const of = (metric: string, connector: string) =>
    new RegExp(`gatehouse_${metric}\\{gatehouse_org="acme",gatehouse_connector="${connector}"\\} (.*)`).exec(
      scrape(),
    )?.[1];
  await called(small, "look");
  expect(of("connector_up", "quiet")).toBe("1");
  await vi.waitFor(() => expect(of("connector_up", "quiet")).toBe("0"), { timeout: 10_000 });
  const outages = () => withOrg(house.owner, org.id, listOutages);
  await vi.waitFor(async () => expect(await outages()).toMatchObject([{ connectorId: quiet.id }]));
  expect(of("connector_up", "tools")).toBe("1");
  expect(of("certificate_expiry_timestamp_seconds", "ledger")).toBe(String(Date.UTC(2049, 11, 31, 23, 59, 59) / 1000));
  for (const { id } of [quiet, ledger]) await withOrg(house.owner, org.id, (scope) => archiveConnector(scope, id));
  await vi.waitFor(() => expect(of("connector_up", "quiet")).toBeUndefined());
  expect(of("certificate_expiry_timestamp_seconds", "ledger")).toBeUndefined();
});
