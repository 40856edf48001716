import type { Access, WayOf } from "@gatehouse/credentials/access";
import { asFetch } from "@gatehouse/egress/as-fetch";
import { AUTHORIZATION } from "@gatehouse/egress/limits";
import { Fault, toFault } from "@gatehouse/faults";
import { givenServer } from "@gatehouse/oauth/client/addresses";
import { type Discovered, discover } from "@gatehouse/oauth/client/discover";
import { invalidFields } from "../api/fields.ts";
import { NotLetIn, type Upstream } from "./conversation.ts";

/** The authorization server that an MCP server names. */
function askWhoSignsIn({ egress, url, exception }: Upstream): Promise<Discovered> {
  const upstream = { fetch: asFetch(egress, { ...AUTHORIZATION, exception }), allowHttp: url.protocol === "http:" };
  return discover(url, upstream);
}

/** Where a server that was asked without a credential names who signs people in, that is what its owner is told. */
export async function sayWhoSignsIn(upstream: Upstream, refused: unknown): Promise<never> {
  if (!(refused instanceof NotLetIn) || upstream.opened) throw refused;
  const found = await askWhoSignsIn(upstream).catch(() => null);
  if (!found) throw refused;
  const { host } = new URL(found.server.issuer);
  const sentence = `This server wants each member's own account at ${host}`;
  throw new Fault("invalid_fields", sentence, { data: { fields: { url: sentence }, signsIn: host } });
}

/** Members can only link accounts where it is known who signs them in. */
export async function checkSignIn(upstream: Upstream, access: Access): Promise<void> {
  const at = access.findIndex(({ kind }) => kind === "member-oauth");
  if (at < 0 || givenServer(access[at] as WayOf<"member-oauth">)) return;
  await askWhoSignsIn(upstream).catch((thrown) => {
    const fault = toFault(thrown);
    if (fault.code === "internal") throw fault;
    throw invalidFields({ [`access.${at}.service`]: `${fault.message}. Choose who signs them in` });
  });
}
