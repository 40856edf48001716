import { listAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { callWhoAmI } from "@gatehouse/testing/accounts/call-whoami";
import { linkAccount, linkFor } from "@gatehouse/testing/accounts/link-account";
import { startSdkServer } from "@gatehouse/testing/accounts/sdk-server";
import { startWhoAmI, WHO_AM_I } from "@gatehouse/testing/accounts/whoami";
import { startReplicas } from "@gatehouse/testing/replicas";
import { tokenFor } from "@gatehouse/testing/token-for";
import { sql } from "kysely";
import { expect, test } from "vitest";

// Two gateways in processes of their own, and an upstream whose refresh tokens serve once: one that comes again ends the grant.

async function startLinkedReplicas() {
  await using stack = new AsyncDisposableStack();
  const accounts = stack.use(await startSdkServer());
  const upstream = stack.use(await startWhoAmI(accounts));
  const house = stack.use(await startReplicas(2, { egressAllow: [new URL(accounts.issuer).host] }));
  const org = await house.addOrg({ slug: "acme" });
  const alice = await house.addMember(org, { email: "alice@acme.example" });
  const endpoint = await house.addConnector(org, {
    ...{ slug: "notes", url: upstream.url, tools: [WHO_AM_I], access: [{ kind: "member-oauth" }] },
  });
  const linked = await linkAccount(linkFor(house, alice, endpoint), { person: alice, as: "alice upstream" });
  expect(linked.text).toContain("is linked");
  const { accessToken } = await tokenFor(alice, endpoint.url);
  const opened = stack.move();
  return {
    ...{ house, org, accounts, call: () => callWhoAmI(endpoint.url, accessToken) },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const runOut = ({ house }: Awaited<ReturnType<typeof startLinkedReplicas>>) =>
  sql`update credentials set expires_at = now() - interval '1 minute', sealed = sealed`.execute(house.ownerDb);

test("50 calls at once on a token that has run out, at two replicas: one refresh is sent, and all calls work", async () => {
  await using replicas = await startLinkedReplicas();
  const { accounts, call } = replicas;
  await Promise.all([call(), call()]);
  await runOut(replicas);
  accounts.expireAll();
  await expect
    .poll(async () => (await Promise.all([call(), call()])).map(({ text }) => text))
    .toEqual(["alice upstream", "alice upstream"]);
  accounts.refreshes = 0;
  accounts.expireAll();
  accounts.beforeRefresh = () => new Promise((resolve) => setTimeout(resolve, 500));
  const answers = await Promise.all(Array.from({ length: 50 }, call));
  expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(["alice upstream"]));
  expect(accounts.refreshes).toBe(1);
}, 120_000);

test("a replica that is killed before the upstream has answered loses nothing: another renews when its lease is over", async () => {
  await using replicas = await startLinkedReplicas();
  const { house, accounts, call } = replicas;
  house.proxy.only = 0;
  const reached = Promise.withResolvers<void>();
  accounts.beforeRefresh = () => {
    reached.resolve();
    return new Promise(() => {});
  };
  accounts.expireAll();
  const lost = call().catch(() => "lost");
  await reached.promise;
  await house.replicas[0]!.kill();
  expect(await lost).toBe("lost");
  accounts.beforeRefresh = async () => {};
  house.proxy.only = 1;
  await sql`update credentials set refresh_until = now()`.execute(house.ownerDb);
  expect(await call()).toMatchObject({ text: "alice upstream" });
}, 120_000);

test("a replica that is killed between the upstream's answer and its commit costs the link, and the member is told", async () => {
  await using replicas = await startLinkedReplicas();
  const { house, org, accounts, call } = replicas;
  house.proxy.only = 0;
  const answered = Promise.withResolvers<void>();
  accounts.afterRefresh = () => {
    answered.resolve();
    return new Promise(() => {});
  };
  accounts.expireAll();
  const lost = call().catch(() => "lost");
  await answered.promise;
  await house.replicas[0]!.kill();
  expect(await lost).toBe("lost");
  accounts.afterRefresh = async () => {};
  accounts.expireAll();
  house.proxy.only = 1;
  await sql`update credentials set refresh_until = now()`.execute(house.ownerDb);
  expect(await call()).toMatchObject({ isError: true, text: expect.stringContaining("has ended") });
  const audit = await withOrg(house.ownerDb, org.id, (scope) => listAudit(scope, { limit: 5, event: "link.ended" }));
  expect(audit).toHaveLength(1);
  await expect.poll(() => house.mails.length, { timeout: 15_000 }).toBe(1);
}, 120_000);
