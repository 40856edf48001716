import { runAuthorizationScenarios } from "@gatehouse/testing/conformance/run";
import { startHouse } from "@gatehouse/testing/house";
import { signIn } from "@gatehouse/testing/sign-in";
import { expect, test } from "vitest";

test("the authorization server passes the scenarios for authorization servers", { timeout: 60_000 }, async () => {
  await using house = await startHouse();
  const org = await house.addOrg({ slug: "acme" });
  const member = await house.addMember(org, { email: "ada@acme.example" });
  const endpoint = await house.addConnector(org, { slug: "fixture", url: "https://mcp.example.com/mcp" });

  const outcomes = await runAuthorizationScenarios({
    issuer: house.url,
    clientId: await registerClient(house.url),
    resource: new URL(endpoint.url),
    visit: async (authorizationUrl) => {
      await fetch(await signIn(authorizationUrl, member));
    },
  });

  expect(outcomes).toEqual([
    { scenario: "authorization-code-grant", passed: 1, failures: [] },
    { scenario: "authorization-server-metadata-endpoint", passed: 2, failures: [] },
  ]);
});

async function registerClient(issuer: string): Promise<string> {
  const metadata = await readJson(await fetch(`${issuer}/.well-known/oauth-authorization-server`));
  const body = JSON.stringify({
    client_name: "Conformance suite",
    redirect_uris: ["http://127.0.0.1/callback"],
    token_endpoint_auth_method: "none",
  });
  const headers = { "content-type": "application/json" };
  const client = await readJson(await fetch(metadata.registration_endpoint!, { method: "POST", headers, body }));
  return client.client_id!;
}

async function readJson(response: Response): Promise<Record<string, string>> {
  return (await response.json()) as Record<string, string>;
}
