import { startHouse } from "@gatehouse/testing/house";
import { tokenFor } from "@gatehouse/testing/token-for";
import { expect, test } from "vitest";
import { bearer, callTool, post } from "../apps/gateway/test/client.ts";
import { startUpstream } from "../apps/gateway/test/upstream.ts";

test("a call that needs more leads a client to ask for it: the new token does both, and the old one goes on", async () => {
  await using upstream = await startUpstream();
  await using house = await startHouse({ apps: ["auth", "gateway"] });
  const org = await house.addOrg({ slug: "acme" });
  const ada = await house.addMember(org, { email: "ada@acme.example" });
  const inputSchema = { type: "object" } as const;
  const tools = [
    { name: "look", inputSchema, classification: "read" as const },
    { name: "change", inputSchema, classification: "write" as const },
  ];
  const { url } = await house.addConnector(org, { slug: "tools", url: upstream.url, tools });
  const first = await tokenFor(ada, url, { scope: "mcp:read" });
  expect(first.scope).toBe("mcp:read");

  const refused = await post(url, callTool("change"), bearer(first.accessToken));
  const challenge = refused.headers.get("www-authenticate")!;
  expect(refused.status).toBe(403);
  expect(challenge).toContain('error="insufficient_scope"');
  expect(challenge).toContain(`resource_metadata="${house.url}/.well-known/oauth-protected-resource/acme/tools/mcp"`);
  expect(upstream.received).toEqual([]);

  const scope = /scope="([^"]+)"/.exec(challenge)![1]!;
  const second = await tokenFor(ada, url, { scope, clientId: first.clientId });
  expect(second.scope).toBe("mcp:read mcp:write");
  const statusOf = async (tool: string, token: string) => (await post(url, callTool(tool), bearer(token))).status;
  expect(await statusOf("change", second.accessToken)).toBe(200);
  expect(await statusOf("look", second.accessToken)).toBe(200);
  expect(await statusOf("look", first.accessToken)).toBe(200);
  expect(await statusOf("change", first.accessToken)).toBe(403);
});
