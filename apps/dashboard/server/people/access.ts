import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { type Connector, listConnectors } from "@gatehouse/store/connectors";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { countGrants, deleteGrant, type Grant, type Held, listGrants } from "@gatehouse/store/grants";
import { findMember, type Member, pageMembers } from "@gatehouse/store/members";
import { countTokensOfMembers, listStaticTokens, type StaticToken } from "@gatehouse/store/static-tokens";
import { Hono } from "hono";
import { z } from "zod";
import { Page, pageOf, query, SearchedPage } from "../api/fields.ts";
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

/** `next` is of the grants. Of tokens nobody has more than a few. */
const AccessAnswer = z.object({
  grants: z.array(GrantAnswer),
  next: z.string().nullable(),
  tokens: z.array(TokenAnswer),
});
const AccessOfMemberAnswer = AccessAnswer.extend({ member: z.object({ name: z.string(), email: z.string() }) });

const AccessOfMembersAnswer = z.object({
  members: z.array(
    z.object({
      ...{ id: z.uuid(), name: z.string(), email: z.string(), grants: z.int(), tokens: z.int() },
      lastUsedAt: z.iso.datetime().nullable(),
    }),
  ),
  next: z.uuid().nullable(),
});

const GrantsPage = Page.extend({ after: z.string().max(200).optional() });
type GrantsPage = z.output<typeof GrantsPage>;

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
      query(GrantsPage),
      async function listOwn(c) {
        const { user } = c.var.session;
        const page = c.req.valid("query");
        return c.json(await withOrg(db, c.var.membership.org.id, (scope) => listAccessOf(scope, user.id, page)));
      },
    )
    .get(
      "/members",
      operation("listAccessOfMembers", {
        summary: "Count what acts for each member",
        needs: "see what has access",
        answers: AccessOfMembersAnswer,
      }),
      query(SearchedPage),
      async function listOfAll(c) {
        const { limit, ...wanted } = c.req.valid("query");
        const page = await withOrg(db, c.var.membership.org.id, async (scope) => {
          const rows = await pageMembers(scope, { ...wanted, limit: limit + 1 });
          const { items, next } = pageOf(rows, limit, ({ userId }) => userId);
          const ids = items.map(({ userId }) => userId);
          const held = [await countGrants(scope, ids), await countTokensOfMembers(scope, ids)] as const;
          return { members: items.map((member) => summaryOf(member, held)), next };
        });
        return c.json(page);
      },
    )
    .get(
      "/members/:member",
      operation("readAccessOfMember", {
        summary: "List the clients and tokens that act for a member",
        needs: "see what has access",
        answers: AccessOfMemberAnswer,
      }),
      query(GrantsPage),
      async function listOfMember(c) {
        const page = c.req.valid("query");
        const userId = idOf(c.req.param("member"));
        const found = await withOrg(db, c.var.membership.org.id, async (scope) => {
          const { name, email } = (await findMember(scope, userId)) ?? noSuchMember();
          return { member: { name, email }, ...(await listAccessOf(scope, userId, page)) };
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

async function listAccessOf(scope: OrgScope, userId: string, { limit, after }: GrantsPage) {
  const connectors = await listConnectors(scope);
  const grants = await listGrants(scope, { userId, page: { after, limit: limit + 1 } });
  const tokens = await listStaticTokens(scope, { userId });
  const { items, next } = pageOf(grants, limit, ({ id }) => id);
  return {
    grants: items.map((grant) => grantView(grant, connectors)),
    next,
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

function summaryOf({ userId, name, email }: Member, held: readonly [grants: HeldBy, tokens: HeldBy]) {
  const [grants, tokens] = held.map((by) => by.get(userId) ?? NOTHING) as [Held, Held];
  const uses = [grants, tokens].flatMap(({ lastUsedAt }) => (lastUsedAt ? [lastUsedAt.getTime()] : []));
  const lastUsedAt = uses.length > 0 ? new Date(Math.max(...uses)).toISOString() : null;
  return { id: userId, name, email, grants: grants.count, tokens: tokens.count, lastUsedAt };
}

type HeldBy = ReadonlyMap<string, Held>;
const NOTHING: Held = { count: 0, lastUsedAt: null };

type Ended = NonNullable<Awaited<ReturnType<typeof deleteGrant>>>;

function auditRevocation(scope: OrgScope, by: { id: string }, grant: Ended & { id: string }): Promise<void> {
  const { id, userId, connectorId, clientId, clientName } = grant;
  const reason = by.id === userId ? "revoked_by_member" : "revoked_by_admin";
  const entry = { client: clientId, client_name: clientName, grant: id, member: userId, reason };
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
