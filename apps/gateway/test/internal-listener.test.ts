import { keysFrom } from "@gatehouse/testing/vault";
import { openVault } from "@gatehouse/vault/vault";
import { Agent } from "undici";
import { expect, test } from "vitest";
import { listenInternally } from "../src/replicas/internal-listener.ts";
import { offeringProof } from "../src/replicas/mutual-proof.ts";

const OURS = openVault(keysFrom("ours"));
const THEIRS = openVault(keysFrom("theirs"));

async function statusOf(origin: string, connect: object): Promise<number> {
  await using agent = { agent: new Agent({ connect }), [Symbol.asyncDispose]: () => agent.agent.destroy() };
  const { statusCode, body } = await agent.agent.request({ origin, path: "/", method: "GET" });
  await body.dump();
  return statusCode;
}

test("replicas speak to who has the deployment's master key, and to nobody else", async () => {
  await using listener = await listenInternally({ host: "127.0.0.1", port: 0, vault: OURS });
  let asked = 0;
  listener.server.on("request", (_request, response) => {
    asked++;
    response.end();
  });
  expect(await statusOf(listener.origin, offeringProof(OURS))).toBe(200);
  await expect(statusOf(listener.origin, offeringProof(THEIRS))).rejects.toThrow();
  await expect(statusOf(listener.origin, { rejectUnauthorized: false })).rejects.toThrow();
  await expect(statusOf(listener.origin.replace("https", "http"), {})).rejects.toThrow();
  expect(asked).toBe(1);
});
