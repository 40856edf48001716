import { insertAudit } from "@gatehouse/store/audit";
import { insertConnector, newConnectorId } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import { type Org, slugProblem } from "@gatehouse/store/orgs";
import type { User } from "@gatehouse/store/users";
import { z } from "zod";
import type { Deps } from "./dashboard.ts";
import { sealBearerToken } from "./org-credential.ts";
import { probe } from "./probe.ts";

const Slug = z.string("Choose the last part of the connector's address").superRefine((slug, context) => {
  const problem = slugProblem(slug);
  if (problem) context.addIssue({ code: "custom", message: problem });
});

const UpstreamUrl = z
  .string("Enter the MCP server's URL")
  .trim()
  .max(2048, "Use at most 2048 characters")
  .refine((url) => /^https?:$/.test(URL.parse(url)?.protocol ?? ""), "Enter the whole URL, beginning with https://")
  .transform((url) => new URL(url))
  .refine((url) => !url.hash, "Leave out the part from # on: it is never sent to a server");

/** RFC 6750 §2.1, and anything else that a header can carry. */
const BearerToken = z
  .string()
  .trim()
  .transform((token) => token.replace(/^Bearer\s+/i, ""))
  .refine((token) => /^[\x21-\x7e]{1,4096}$/.test(token), "A token has no spaces and at most 4096 plain characters");

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
  bearerToken: BearerToken.optional(),
});

/** Looks at the server first, and stores the connector with its tools; the owner has classified none of them yet. */
export async function register(
  { db, egress, vault }: Pick<Deps, "db" | "egress" | "vault">,
  { org, user }: { org: Org; user: User },
  { name, slug, url, bearerToken }: z.output<typeof NewConnectorFields>,
) {
  const { tools, leftOut, ...server } = await probe({ egress, url, bearerToken });
  const id = newConnectorId();
  const credential = bearerToken ? await sealBearerToken(vault, org.id, { id, url, bearerToken }) : null;
  await withOrg(db, org.id, async (scope) => {
    const connector = { id, slug, name, url: url.href, credential, egressException: null, ...server };
    const catalogue = tools.map((definition) => ({
      name: definition.name,
      definition,
      classification: null,
      offered: true,
    }));
    await insertConnector(scope, connector, catalogue);
    const entry = { slug, upstream: url.origin, era: server.era, tools: tools.length };
    await insertAudit(scope, { event: "connector.registered", outcome: "ok", userId: user.id, connectorId: id, entry });
  });
  return { slug, era: server.era, tools: tools.length, leftOut };
}
