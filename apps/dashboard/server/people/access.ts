import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { type Connector, listConnectors } from "@gatehouse/store/connectors";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { deleteGrant, type Grant, listGrants } from "@gatehouse/store/grants";
import { findMember, listPeople } from "@gatehouse/store/members";
import { listStaticTokens, type StaticToken } from "@gatehouse/store/static-tokens";
import { Hono } from "hono";
import { z } from "zod";
import { type InOrg, may } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";

/** As it is shown to its holder, and never again what it is itself. */
export const TokenAnswer = z.object({
  id: z.uuid(),
  name: z.string(),
  scopes: z.array(z.string()),
  /** `null` is every connector. */
  connectors: z.array(z.string()).nullable(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable(),
});

const GrantAnswer = z.object({
  id: z.string(),
  client: z.object({ name: z.string(), host: z.string().nullable() }),
  connector: z.string().nullable(),
  scopes: z.array(z.string()),
  createdAt: z.iso.datetime(),
  lastUsedAt: z.iso.datetime().nullable(),
});

const AccessAnswer = z.object({ grants: z.array(GrantAnswer), tokens: z.array(TokenAnswer) });
const AccessOfMemberAnswer = AccessAnswer.extend({ member: z.object({ name: z.string(), email: z.string() }) });

const AccessOfMembersAnswer = z.object({
  members: z.array(
    z.object({
      ...{ id: z.uuid(), name: z.string(), email: z.string(), grants: z.int(), tokens: z.int() },
      lastUsedAt: z.iso.datetime().nullable(),
    }),
  ),
});

/** `/api/orgs/:org/access`: what may call in whose name. */
export function access({ db }: Deps) {
  return new Hono<InOrg>()
    .get(
      "/",
      operation("readAccess", {
        summary: "List the clients and tokens that act for oneself",
        needs: "belong to the org",
        answers: AccessAnswer,
      }),
      async function listOwn(c) {
        const { user } = c.var.session;
        return c.json(await withOrg(db, c.var.membership.org.id, (scope) => listAccessOf(scope, user.id)));
      },
    )
    .get(
      "/members",
      operation("listAccessOfMembers", {
        summary: "Count what acts for each member",
        needs: "see what has access",
        answers: AccessOfMembersAnswer,
      }),
      async function listOfAll(c) {
        const everyone = await withOrg(db, c.var.membership.org.id, async (scope) => {
          const [grants, tokens] = [await listGrants(scope), await listStaticTokens(scope)];
          return (await listPeople(scope)).map((member) => summaryOf(member, grants, tokens));
        });
        return c.json({ members: everyone });
      },
    )
    .get(
      "/members/:member",
      operation("readAccessOfMember", {
        summary: "List the clients and tokens that act for a member",
        needs: "see what has access",
        answers: AccessOfMemberAnswer,
      }),
      async function listOfMember(c) {
        const userId = idOf(c.req.param("member"));
        const found = await withOrg(db, c.var.membership.org.id, async (scope) => {
          const { name, email } = (await findMember(scope, userId)) ?? noSuchMember();
          return { member: { name, email }, ...(await listAccessOf(scope, userId)) };
        });
        return c.json(found);
      },
    )
    .delete(
      "/grants/:grant",
      operation("endGrant", {
        summary: "End a client's access: one's own, or anybody's for those who may see it",
        needs: "belong to the org",
      }),
      async function revoke(c) {
        const { org, role } = c.var.membership;
        const { user } = c.var.session;
        const only = may(role, "see what has access") ? {} : { userId: user.id };
        await withOrg(db, org.id, async (scope) => {
          const grant = (await deleteGrant(scope, c.req.param("grant"), only)) ?? noSuchGrant();
          await auditRevocation(scope, user, { id: c.req.param("grant"), ...grant });
        });
        return c.body(null, 204);
      },
    );
}

async function listAccessOf(scope: OrgScope, userId: string) {
  const connectors = await listConnectors(scope);
  const grants = await listGrants(scope, { userId });
  const tokens = await listStaticTokens(scope, { userId });
  return {
    grants: grants.map((grant) => grantView(grant, connectors)),
    tokens: tokens.map((token) => tokenView(token, connectors)),
  };
}

function grantView(grant: Grant, connectors: Connector[]) {
  const { id, clientName, clientHost, connectorId, scopes, createdAt, lastUsedAt } = grant;
  return {
    id,
    client: { name: clientName, host: clientHost },
    // `null` where the connector is gone, and the grant opens nothing.
    connector: connectors.find((connector) => connector.id === connectorId)?.name ?? null,
    scopes,
    createdAt: createdAt.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  };
}

export function tokenView(token: StaticToken, connectors: Connector[]) {
  const { id, name, scopes, connectorIds, createdAt, expiresAt, lastUsedAt } = token;
  return {
    id,
    name,
    scopes,
    // `null` is every connector.
    connectors: connectorIds && connectors.filter(({ id }) => connectorIds.includes(id)).map(({ name }) => name),
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt.toISOString(),
    lastUsedAt: lastUsedAt?.toISOString() ?? null,
  };
}

function summaryOf(
  { userId, name, email }: { userId: string; name: string; email: string },
  grants: Grant[],
  tokens: StaticToken[],
) {
  const own = <Held extends { userId: string | null }>(held: Held[]) => held.filter((one) => one.userId === userId);
  const [ownGrants, ownTokens] = [own(grants), own(tokens)];
  const uses = [...ownGrants, ...ownTokens].flatMap(({ lastUsedAt }) => (lastUsedAt ? [lastUsedAt.getTime()] : []));
  const lastUsedAt = uses.length > 0 ? new Date(Math.max(...uses)).toISOString() : null;
  return { id: userId, name, email, grants: ownGrants.length, tokens: ownTokens.length, lastUsedAt };
}

type Ended = NonNullable<Awaited<ReturnType<typeof deleteGrant>>>;

function auditRevocation(scope: OrgScope, by: { id: string }, grant: Ended & { id: string }): Promise<void> {
  const { id, userId, connectorId, clientId, clientName } = grant;
  const reason = by.id === userId ? "revoked_by_member" : "revoked_by_admin";
  const entry = { client_id: clientId, client_name: clientName, grant: id, member: userId, reason };
  return insertAudit(scope, { event: "grant.revoked", outcome: "ok", userId: by.id, connectorId, entry });
}

/** An id that is none is nobody's. */
function idOf(text: string): string {
  return z.uuid().safeParse(text).data ?? noSuchMember();
}

function noSuchMember(): never {
  throw new Fault("not_found", "There is no such member");
}

function noSuchGrant(): never {
  throw new Fault("not_found", "This access has been ended already");
}
