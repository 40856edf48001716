import { createHash, randomUUID } from "node:crypto";
import { cloneDatabase } from "@gatehouse/testing/database";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { insertConnector, newConnectorId } from "../src/connectors.ts";
import { openDatabase, openDatabaseAsOwner, withOrg } from "../src/database.ts";
import { deleteGrant, insertGrant, listGrants, updateGrantsLastUse } from "../src/grants.ts";
import { upsertOidcRecord } from "../src/oidc-records.ts";
import { insertMembership, insertOrg } from "../src/orgs.ts";
import { listRevokedGrants } from "../src/revocations.ts";
import {
  archiveServiceAccount,
  insertServiceAccount,
  lockServiceAccount,
  suspendServiceAccount,
} from "../src/service-accounts.ts";
import {
  insertStaticToken,
  listLiveTokens,
  listStaticTokens,
  updateStaticTokensLastUse,
} from "../src/static-tokens.ts";
import { insertUser } from "../src/users.ts";

const TERMS = { clientDigest: "digest", redirectHost: "app.example", writes: [] };

const DAY_MS = 24 * 60 * 60_000;
const sha256 = (text: string) => createHash("sha256").update(text).digest();

async function startFurnished() {
  await using stack = new AsyncDisposableStack();
  const { access } = stack.use(await cloneDatabase());
  const owner = stack.use(openDatabaseAsOwner(access.url));
  const auth = stack.use(openDatabase(access, "gatehouse_auth", 1));
  const dashboard = stack.use(openDatabase(access, "gatehouse_dashboard", 1));
  const gateway = stack.use(openDatabase(access, "gatehouse_gateway", 1));
  const org = await insertOrg(owner, { slug: "acme", name: "Acme" });
  const user = await insertUser(owner, { email: "max@acme.example", name: "Max", passwordHash: "-" });
  const connectorId = newConnectorId();
  const upstream = {
    url: "https://mcp.example.com/mcp",
    era: "modern",
    protocolVersion: "x",
    serverName: "x",
  } as const;
  await withOrg(owner, org.id, async (scope) => {
    await insertMembership(scope, { userId: user.id, role: "member" });
    const row = { id: connectorId, slug: "tools", name: "Tools", egressException: null };
    await insertConnector(scope, { ...row, ...upstream }, []);
  });
  const opened = stack.move();
  const expiresAt = new Date(Date.now() + DAY_MS);
  return {
    ...{ owner, auth, dashboard, gateway, org, user, connectorId, expiresAt },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

type Furnished = Awaited<ReturnType<typeof startFurnished>>;

async function giveGrant({ auth, org, user, connectorId, expiresAt }: Furnished): Promise<string> {
  const id = randomUUID();
  const client = { clientId: "client", clientName: "A client", clientHost: null, scopes: ["mcp:read"] };
  await withOrg(auth, org.id, (scope) =>
    insertGrant(scope, { id, userId: user.id, connectorId, expiresAt, ...client, terms: TERMS }),
  );
  const record = { payload: {}, uidHash: null, expiresAt };
  const refresh = { model: "RefreshToken", idHash: sha256("refresh"), grantHash: sha256(id) };
  await upsertOidcRecord(auth, { model: "Grant", idHash: sha256(id), grantHash: null, ...record });
  await upsertOidcRecord(auth, { ...refresh, ...record });
  return id;
}

const tokenOf = ({ user, expiresAt }: Furnished, name: string) => ({
  ...{ hash: sha256(name), name, scopes: ["mcp:read"], connectorIds: null, expiresAt, createdBy: user.id },
});

test("whoever ends a grant ends what oidc-provider keeps of it, though it may not read that", async () => {
  await using furnished = await startFurnished();
  const { dashboard, gateway, owner, org } = furnished;
  const id = await giveGrant(furnished);
  await withOrg(gateway, org.id, (scope) => updateGrantsLastUse(scope, [id, "not there"]));
  const [grant] = await withOrg(dashboard, org.id, (scope) => listGrants(scope));
  expect(grant).toMatchObject({ id, clientName: "A client", lastUsedAt: expect.any(Date) });

  expect(await withOrg(dashboard, org.id, (scope) => deleteGrant(scope, id, { userId: randomUUID() }))).toBeNull();
  expect(await withOrg(dashboard, org.id, (scope) => deleteGrant(scope, id))).toMatchObject({ clientId: "client" });
  expect(await owner.selectFrom("oidc_records").select("model").execute()).toEqual([]);
  expect(await withOrg(gateway, org.id, listRevokedGrants)).toEqual([id]);
  await expect(sql`select * from oidc_records`.execute(dashboard)).rejects.toThrow("permission denied");
});

test("when a membership ends, so do its grants and its tokens, for good", async () => {
  await using furnished = await startFurnished();
  const { owner, dashboard, gateway, org, user } = furnished;
  const id = await giveGrant(furnished);
  await withOrg(dashboard, org.id, (scope) => insertStaticToken(scope, { userId: user.id }, tokenOf(furnished, "CI")));
  expect(await withOrg(gateway, org.id, listLiveTokens)).toMatchObject([{ name: "CI", subject: user.id }]);

  await withOrg(owner, org.id, async (scope) => {
    await scope.db.deleteFrom("memberships").where("user_id", "=", user.id).execute();
    await insertMembership(scope, { userId: user.id, role: "member" });
  });
  expect(await withOrg(gateway, org.id, listLiveTokens)).toEqual([]);
  expect(await withOrg(dashboard, org.id, (scope) => listGrants(scope))).toEqual([]);
  expect(await withOrg(gateway, org.id, listRevokedGrants)).toEqual([id]);
});

test("a service account's tokens are dead while it is suspended, and end with it", async () => {
  await using furnished = await startFurnished();
  const { dashboard, gateway, org, user } = furnished;
  const account = await withOrg(dashboard, org.id, async (scope) => {
    const account = await insertServiceAccount(scope, { name: "Deploy", role: "member", createdBy: user.id });
    await insertStaticToken(scope, { serviceAccountId: account.id }, tokenOf(furnished, "CI"));
    return account;
  });
  const live = () => withOrg(gateway, org.id, listLiveTokens);
  expect(await live()).toMatchObject([{ subject: account.id }]);
  await withOrg(gateway, org.id, async (scope) => {
    const tokens = await listLiveTokens(scope);
    await updateStaticTokensLastUse(
      scope,
      tokens.map(({ id }) => id),
    );
  });

  await withOrg(dashboard, org.id, (scope) => suspendServiceAccount(scope, account.id, true));
  expect(await live()).toEqual([]);
  expect(await withOrg(dashboard, org.id, (scope) => lockServiceAccount(scope, account.id))).toMatchObject({
    suspendedAt: expect.any(Date),
  });
  await withOrg(dashboard, org.id, (scope) => suspendServiceAccount(scope, account.id, false));
  expect(await live()).toHaveLength(1);
  await expect(
    withOrg(dashboard, org.id, (scope) =>
      insertServiceAccount(scope, { name: "DEPLOY", role: "member", createdBy: user.id }),
    ),
  ).rejects.toThrow("already");

  await withOrg(dashboard, org.id, (scope) => archiveServiceAccount(scope, account.id));
  expect(await live()).toEqual([]);
  expect(await withOrg(dashboard, org.id, (scope) => lockServiceAccount(scope, account.id))).toBeNull();
  await withOrg(dashboard, org.id, (scope) =>
    insertServiceAccount(scope, { name: "Deploy", role: "member", createdBy: user.id }),
  );
  expect(
    await withOrg(dashboard, org.id, (scope) => listStaticTokens(scope, { serviceAccountId: account.id })),
  ).toEqual([]);
});
