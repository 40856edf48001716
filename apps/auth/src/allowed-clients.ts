import {
  type ClientIdentity,
  findClientStanding,
  findStandingOfClientId,
  upsertClient,
} from "@gatehouse/store/clients";
import { type Database, type OrgScope, withOrg } from "@gatehouse/store/database";
import type { ClientStanding } from "@gatehouse/store/tables";
import { type Client, errors, interactionPolicy, type KoaContextWithOIDC } from "oidc-provider";
import { identify } from "./client-identity.ts";
import { findEndpoint } from "./resource.ts";

/** What an org's owners say to a client; `null` for one that another org has registered for itself. */
export async function standingOf(
  org: OrgScope,
  client: Client,
): Promise<{ known: ClientIdentity; standing: ClientStanding | null }> {
  const known = identify(client);
  if (known.registration !== "manual") await upsertClient(org, client.clientId, known);
  return { known, standing: await findClientStanding(org, known.identity) };
}

/** May this client be used in the org that it asks for? Whoever may not connect it is shown why, and whom to ask. */
export function clientAllowed(deps: { db: Database; publicUrl: URL }) {
  const { Check, Prompt } = interactionPolicy;
  const check = new Check(
    "client_not_allowed",
    "the organisation does not allow this client",
    "access_denied",
    async function clientAllowed({ oidc: { params, account, client } }: KoaContextWithOIDC) {
      if (params!.resource === undefined) return Check.NO_NEED_TO_PROMPT;
      const endpoint = await findEndpoint(deps, params!.resource as string, account!.accountId);
      const { standing } = await withOrg(deps.db, endpoint!.org.id, (org) => standingOf(org, client!));
      if (standing === null) throw new errors.InvalidTarget("this client is for another organisation's endpoints");
      return standing === "allowed" ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
    },
  );
  return new Prompt({ name: "client" }, check);
}

/** What was decided since the client got its code or refresh token. */
export async function checkClientAllowed(db: Database, orgId: string, client: Client): Promise<void> {
  const standing = await withOrg(db, orgId, async (org) => {
    const { clientId } = client;
    const known = await findStandingOfClientId(org, { clientId, identity: identify(client).identity });
    return known ?? (await standingOf(org, client)).standing;
  });
  if (standing !== "allowed") throw new errors.InvalidGrant("the organisation does not allow this client any more");
}
