import { Access, slotOf } from "@gatehouse/credentials/access";
import { insertAudit } from "@gatehouse/store/audit";
import { insertConnector, newConnectorId } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import { type Org, slugProblem } from "@gatehouse/store/orgs";
import type { User } from "@gatehouse/store/users";
import { z } from "zod";
import type { Deps } from "../dashboard.ts";
import { askerOf, asserted } from "../probe/asker.ts";
import { probeFor, UNSEEN } from "../probe/probe.ts";
import { checkSignIn, sayWhoSignsIn } from "../probe/who-signs-in.ts";
import { keepSecrets, openedWith, readSecrets, TypedSecrets, tryClients } from "./org-credential.ts";

const Slug = z.string("Choose the last part of the connector's address").superRefine((slug, context) => {
  const problem = slugProblem(slug);
  if (problem) context.addIssue({ code: "custom", message: problem });
});

export const UpstreamUrl = z
  .string("Enter the MCP server's URL")
  .trim()
  .max(2048, "Use at most 2048 characters")
  .refine((url) => /^https?:$/.test(URL.parse(url)?.protocol ?? ""), "Enter the whole URL, beginning with https://")
  .transform((url) => new URL(url))
  .refine((url) => !url.hash, "Leave out the part from # on: it is never sent to a server");

/** Control characters, and those that turn the direction of what stands around them. */
const INVISIBLE = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

export const NewConnectorFields = z.object({
  name: z
    .string("Give the connector a name")
    .trim()
    .min(1, "Give the connector a name")
    .max(80, "Use at most 80 characters")
    .refine((name) => !INVISIBLE.test(name), "Leave out invisible characters"),
  slug: Slug,
  url: UpstreamUrl,
  access: Access.default([]),
  secrets: TypedSecrets.default({}),
});

/**
 * Looks at the server first, and stores the connector with its tools; the owner has classified none of them yet. A server
 * that shows them only to its own people is stored without, until an owner has linked an account there.
 */
export async function register(
  deps: Pick<Deps, "db" | "egress" | "vault" | "publicUrl">,
  { org, user }: { org: Org; user: User },
  { name, slug, url, access, secrets: typed }: z.output<typeof NewConnectorFields>,
) {
  const { db, egress, vault } = deps;
  const { origin } = url;
  const asker = askerOf(deps, { org, user });
  const tried = await tryClients(egress, { access, origin, asker }, readSecrets(access, typed, new Set()));
  const upstream = { egress, url, opened: openedWith([...tried, ...asserted(access, asker, url)]) };
  const seen = await probeFor(access, upstream).catch((refused) => sayWhoSignsIn(upstream, refused));
  await checkSignIn(upstream, access);
  const { tools, leftOut, ...server } = seen ?? UNSEEN;
  const id = newConnectorId();
  const dataKey = await vault.dataKey(org.id);
  await withOrg(db, org.id, async (scope) => {
    const connector = { id, slug, name, url: url.href, access, egressException: null, ...server };
    const catalogue = tools.map((definition) => ({
      name: definition.name,
      definition,
      classification: null,
      offered: true,
    }));
    await insertConnector(scope, connector, catalogue);
    await keepSecrets(scope, dataKey, { connectorId: id, origin, userId: user.id }, tried);
    const after = { slug, name, upstream: origin, era: server.era, tools: tools.length, access: access.map(slotOf) };
    await insertAudit(scope, {
      event: "connector.registered",
      outcome: "ok",
      userId: user.id,
      connectorId: id,
      entry: { after },
    });
  });
  return { slug, era: server.era, tools: tools.length, leftOut, seen: seen !== null };
}
