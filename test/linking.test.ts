import { linkAccount, linkFor } from "@gatehouse/testing/accounts/link-account";
import { startSdkServer } from "@gatehouse/testing/accounts/sdk-server";
import { startWhoAmI, WHO_AM_I } from "@gatehouse/testing/accounts/whoami";
import { connectV2 } from "@gatehouse/testing/client-v2";
import { startHouse } from "@gatehouse/testing/house";
import { expect, test } from "vitest";

const textOf = (result: unknown) => (result as { content: { text: string }[] }).content[0]!.text;

async function startLinkedHouse() {
  await using stack = new AsyncDisposableStack();
  const accounts = stack.use(await startSdkServer());
  const upstream = stack.use(await startWhoAmI(accounts));
  const house = stack.use(await startHouse({ egressAllow: [new URL(accounts.issuer).host] }));
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const endpoint = await house.addConnector(org, {
    ...{ slug: "notes", url: upstream.url, era: "modern", tools: [WHO_AM_I], access: [{ kind: "member-oauth" }] },
  });
  const opened = stack.move();
  return { house, org, alice, endpoint, accounts, upstream, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

test("what a member links from its page is what their calls open the upstream with", async () => {
  await using linked = await startLinkedHouse();
  const { house, alice, endpoint } = linked;
  const page = await linkAccount(linkFor(house, alice, endpoint), { person: alice, as: "alice upstream" });
  expect(page).toMatchObject({ status: 200, text: expect.stringContaining("is linked") });
  await using connected = await connectV2(endpoint.url, alice);
  expect(textOf(await connected.client.callTool({ name: "whoami", arguments: {} }))).toBe("alice upstream");
});
