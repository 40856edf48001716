import { memberWayOf } from "@gatehouse/credentials/access";
import { Fault } from "@gatehouse/faults";
import { CONNECT_LINKS, connectLink } from "@gatehouse/oauth/client/connect-link";
import { insertAudit } from "@gatehouse/store/audit";
import { type Connector, findConnectorBySlug, pageConnectors } from "@gatehouse/store/connectors";
import { type Credential, listCredentialsOfMember, unlinkCredential } from "@gatehouse/store/credentials";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { SLUG } from "@gatehouse/store/orgs";
import { Hono } from "hono";
import { z } from "zod";
import { Page, pageOf, query } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";

const LinkAnswer = z.object({
  connector: z.object({ slug: z.string(), name: z.string(), upstream: z.string() }),
  typedIn: z.boolean(),
  status: z.enum(["live", "broken"]).nullable(),
  account: z.string().nullable(),
  scopes: z.array(z.string()),
  linkedAt: z.iso.datetime().nullable(),
  connectUrl: z.string(),
});
const LinksAnswer = z.object({ links: z.array(LinkAnswer), next: z.uuid().nullable() });

/** `/api/orgs/:org/links`: the accounts of the member's own that connectors work with. */
export function links({ db, vault, publicUrl }: Deps) {
  const key = vault.derive(CONNECT_LINKS);

  return new Hono<InOrg>()
    .get(
      "/",
      operation("listLinks", {
        summary: "List one's own linked accounts",
        needs: "belong to the org",
        answers: LinksAnswer,
      }),
      query(Page),
      async function listOwn(c) {
        const { org } = c.var.membership;
        const { limit, after } = c.req.valid("query");
        const userId = c.var.session.user.id;
        const addressOf = ({ id, slug }: Connector) =>
          connectLink({ publicUrl, key }, { org: org.slug, connector: slug, connectorId: id, userId });
        const [rows, linkOf] = await withOrg(db, org.id, async (scope) => [
          await pageConnectors(scope, { after, limit: limit + 1, linkable: true }),
          await findOwnLinks(scope, userId),
        ]);
        const { items, next } = pageOf(rows, limit, ({ id }) => id);
        return c.json({
          links: items.map((connector) => linkView(connector, linkOf(connector), addressOf(connector))),
          next,
        });
      },
    )
    .delete(
      "/:connector",
      operation("unlink", { summary: "Give up one's own linked account", needs: "belong to the org" }),
      async function unlink(c) {
        const { org } = c.var.membership;
        const userId = c.var.session.user.id;
        await withOrg(db, org.id, async (scope) => {
          const slug = c.req.param("connector");
          const connector = SLUG.test(slug) ? await findConnectorBySlug(scope, slug) : null;
          const link = connector && (await findOwnLinks(scope, userId))(connector);
          if (!link || !(await unlinkCredential(scope, link.id))) throw noSuchLink();
          const entry = { linked_at: link.linkedAt.toISOString() };
          await insertAudit(scope, {
            event: "link.removed",
            outcome: "ok",
            userId,
            connectorId: connector.id,
            entry,
          });
        });
        return c.body(null, 204);
      },
    );
}

function noSuchLink(): Fault {
  return new Fault("not_found", "You have linked no account to such a connector");
}

/** As the connector's own page shows it, and comes back from. */
export function ownLinkOf(
  { vault, publicUrl }: Pick<Deps, "vault" | "publicUrl">,
  { org, connector, userId }: { org: { slug: string }; connector: Connector; userId: string },
  link: Credential | null,
) {
  const whose = { org: org.slug, connector: connector.slug, connectorId: connector.id, userId };
  const connectUrl = connectLink({ publicUrl, key: vault.derive(CONNECT_LINKS) }, { ...whose, from: "connector" });
  return { status: link?.status ?? null, account: link?.label ?? null, connectUrl };
}

/** `null` where the member has not linked anything, or has given it up. */
async function findOwnLinks(scope: OrgScope, userId: string): Promise<(connector: Connector) => Credential | null> {
  const credentials = await listCredentialsOfMember(scope, userId);
  const live = credentials.filter(({ status }) => status !== "unlinked");
  return ({ id, access }) => (memberWayOf(access) && live.find(({ connectorId }) => connectorId === id)) ?? null;
}

function linkView({ slug, name, url, access }: Connector, link: Credential | null, connectUrl: string) {
  return {
    connector: { slug, name, upstream: new URL(url).host },
    typedIn: memberWayOf(access)?.kind === "member-secret",
    /** `null` where there is none; a broken one has to be made anew. */
    status: link?.status ?? null,
    account: link?.label ?? null,
    scopes: link?.scopes ?? [],
    linkedAt: link?.linkedAt.toISOString() ?? null,
    /** Where it is made. */
    connectUrl,
  };
}
