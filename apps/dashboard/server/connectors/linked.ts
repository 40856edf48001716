import { memberWayOf, type WayOf } from "@gatehouse/credentials/access";
import { asFetch } from "@gatehouse/egress/as-fetch";
import { AUTHORIZATION } from "@gatehouse/egress/limits";
import { Fault } from "@gatehouse/faults";
import { givenServer, redirectUriFor } from "@gatehouse/oauth/client/addresses";
import { type AuthorizationServer, checkedServer, discover } from "@gatehouse/oauth/client/discover";
import { KNOWN_SERVICES } from "@gatehouse/oauth/client/known-services";
import { placeOfClientSecret } from "@gatehouse/oauth/client/linked-account";
import { AUTH_METHODS, type AuthMethod, authMethodFor } from "@gatehouse/oauth/client/register";
import { insertAudit } from "@gatehouse/store/audit";
import { type Connector, findConnectorBySlug } from "@gatehouse/store/connectors";
import { type LinkedMember, pageLinkedMembers } from "@gatehouse/store/credentials";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { SLUG } from "@gatehouse/store/orgs";
import {
  deleteUpstreamClient,
  findUpstreamClient,
  putUpstreamClient,
  type UpstreamClient,
} from "@gatehouse/store/upstream-clients";
import { Hono } from "hono";
import { z } from "zod";
import { jsonBody, pageOf, query, SearchedPage } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";

const Plain = z
  .string()
  .trim()
  .max(1024, "Use at most 1024 characters")
  .regex(/^[\x20-\x7e]+$/, "Use plain characters");

const OAuthApp = z.object({
  clientId: Plain,
  /** An app without one is a public client. */
  clientSecret: Plain.nullable().default(null),
  authMethod: z.enum(AUTH_METHODS).optional(),
});

const LinkedAnswer = z.object({
  people: z.array(
    z.object({
      ...{
        id: z.uuid(),
        name: z.string(),
        email: z.string(),
        status: z.enum(["live", "broken"]),
        account: z.string().nullable(),
      },
      ...{ scopes: z.array(z.string()), linkedAt: z.iso.datetime() },
      ...{ renewedAt: z.iso.datetime().nullable(), expiresAt: z.iso.datetime().nullable() },
    }),
  ),
  next: z.uuid().nullable(),
  /** What Gatehouse asks the upstream's authorization server as. */
  app: z
    .object({
      ...{ clientId: z.string(), registration: z.enum(["given", "document", "dynamic", "operator"]) },
      ...{ authMethod: z.enum(AUTH_METHODS), issuer: z.string(), hasSecret: z.boolean(), chosenAt: z.iso.datetime() },
    })
    .nullable(),
  redirectUri: z.string(),
});

/** `/api/orgs/:org/connectors/:slug/linked`: who has linked an account, and what Gatehouse asks their upstream as. */
export function linked(deps: Deps) {
  const { db, vault, publicUrl } = deps;

  return new Hono<InOrg>()
    .get(
      "/:slug/linked",
      operation("readLinked", {
        summary: "List who has linked an account, and the OAuth app that asks for them",
        needs: "change connectors",
        answers: LinkedAnswer,
      }),
      query(SearchedPage),
      async function list(c) {
        const { limit, ...wanted } = c.req.valid("query");
        const { connector, rows, app } = await withOrg(db, c.var.membership.org.id, async (scope) => {
          const connector = await findLinkable(scope, c.req.param("slug"));
          const rows = await pageLinkedMembers(scope, connector.id, { ...wanted, limit: limit + 1 });
          return { connector, rows, app: await findUpstreamClient(scope, connector.id) };
        });
        const { items, next } = pageOf(rows, limit, ({ userId }) => userId);
        const shown = { people: items.map(personView), next, app: app && appView(app) };
        return c.json({ ...shown, redirectUri: redirectUriFor(publicUrl, connector.id) });
      },
    )
    .put(
      "/:slug/linked/app",
      operation("giveOAuthApp", {
        summary: "Give the OAuth app that members link accounts through",
        needs: "change connectors",
      }),
      jsonBody(OAuthApp),
      async function give(c) {
        const { org } = c.var.membership;
        const connector = await withOrg(db, org.id, (scope) => findLinkable(scope, c.req.param("slug")));
        const { clientId, clientSecret, authMethod: chosen } = c.req.valid("json");
        const found = await serverOf(deps, connector);
        const authMethod = clientSecret === null ? "none" : (chosen ?? found.authMethod);
        const key = { connectorId: connector.id, clientId };
        const sealed = clientSecret === null ? null : await vault.seal(placeOfClientSecret(org.id, key), clientSecret);
        await withOrg(db, org.id, async (scope) => {
          const before = await findUpstreamClient(scope, connector.id);
          const { server, resource, scopes } = found;
          const upstreamOrigin = new URL(connector.url).origin;
          const app = { ...key, registration: "given", authMethod, sealed, server, resource, scopes } as const;
          await putUpstreamClient(scope, { ...app, upstreamOrigin });
          await auditApp(scope, c.var.session.user.id, connector, before, {
            clientId,
            authMethod,
            issuer: server.issuer,
            clientSecret: sealed ? "changed" : null,
          });
        });
        return c.body(null, 204);
      },
    )
    .delete(
      "/:slug/linked/app",
      operation("takeOAuthApp", { summary: "Take the OAuth app away", needs: "change connectors" }),
      async function take(c) {
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const connector = await findLinkable(scope, c.req.param("slug"));
          const before = await findUpstreamClient(scope, connector.id);
          if (!before) throw new Fault("not_found", "This connector has no OAuth app");
          await deleteUpstreamClient(scope, before);
          await auditApp(scope, c.var.session.user.id, connector, before, null);
        });
        return c.body(null, 204);
      },
    );
}

async function findLinkable(scope: OrgScope, slug: string): Promise<Connector> {
  const connector = SLUG.test(slug) ? await findConnectorBySlug(scope, slug) : null;
  if (connector && memberWayOf(connector.access)) return connector;
  throw new Fault("not_found", "There is no such connector that members link accounts to");
}

/** Never what they have linked. */
function personView({ userId, name, email, status, label, scopes, ...at }: LinkedMember) {
  return {
    ...{ id: userId, name, email, status: status as "live" | "broken", account: label, scopes },
    linkedAt: at.linkedAt.toISOString(),
    renewedAt: at.lastRefreshedAt?.toISOString() ?? null,
    expiresAt: at.expiresAt?.toISOString() ?? null,
  };
}

function appView({ clientId, registration, authMethod, server, sealed, chosenAt }: UpstreamClient) {
  const { issuer } = server as AuthorizationServer;
  return { clientId, registration, authMethod, issuer, hasSecret: sealed !== null, chosenAt: chosenAt.toISOString() };
}

interface Found {
  server: AuthorizationServer;
  resource: string | null;
  scopes: string[];
  authMethod: AuthMethod;
}

/** An OAuth app is made at one authorization server, and shown to no other. */
async function serverOf({ egress }: Deps, { url, access, egressException: exception }: Connector): Promise<Found> {
  const way = memberWayOf(access) as WayOf<"member-oauth">;
  const upstream = { fetch: asFetch(egress, { ...AUTHORIZATION, exception }), allowHttp: url.startsWith("http:") };
  const given = givenServer(way);
  if (!given) {
    const found = await discover(new URL(url), upstream);
    return { ...found, authMethod: authMethodFor(found.server) };
  }
  const server = checkedServer(given, upstream);
  // Servers differ in how they read what stands in HTTP Basic, where it is not letters and digits.
  const authMethod = way.service ? KNOWN_SERVICES[way.service]!.authMethod : "client_secret_post";
  return { server, resource: null, scopes: way.scopes ?? [], authMethod };
}

function auditApp(
  scope: OrgScope,
  userId: string,
  { id }: Connector,
  before: UpstreamClient | null,
  after: { clientId: string; authMethod: string; issuer: string; clientSecret: "changed" | null } | null,
): Promise<void> {
  const was = before && { clientId: before.clientId, authMethod: before.authMethod, registration: before.registration };
  const entry = { before: was, after };
  return insertAudit(scope, { event: "oauth_app.changed", outcome: "ok", userId, connectorId: id, entry });
}
