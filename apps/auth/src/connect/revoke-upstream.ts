import { openCredential } from "@gatehouse/credentials/sealed-credential";
import type { LinkedAccount } from "@gatehouse/oauth/client/linked-account";
import { revoke } from "@gatehouse/oauth/client/tokens";
import { insertAudit } from "@gatehouse/store/audit";
import { type Connector, findConnector } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import { findUpstreamClientById, type UpstreamClient } from "@gatehouse/store/upstream-clients";
import { deleteRevocation, takeDueRevocations, type UpstreamRevocation } from "@gatehouse/store/upstream-revocations";
import type { ConnectDeps } from "./connect.ts";
import { upstreamOf } from "./link-target.ts";
import { openClient } from "./upstream-client.ts";

type Deps = Pick<ConnectDeps, "db" | "vault" | "egress" | "log" | "operatorClients">;

const COUNT_MAX = 10;
const LEASE_SECONDS = 300;
/** For an hour; what cannot be revoked until then is destroyed here all the same. */
const ATTEMPTS_MAX = 12;

/** Tells upstreams of links that have ended (RFC 7009), and forgets what was linked. */
export async function revokeUpstream(deps: Deps): Promise<void> {
  const due = await takeDueRevocations(deps.db, { countMax: COUNT_MAX, leaseSeconds: LEASE_SECONDS });
  await Promise.all(
    due.map(async (revocation) => {
      const outcome = await revokeOne(deps, revocation).catch((error) => {
        deps.log.warn({ err: error, connector: revocation.connectorId }, "a link was not revoked upstream");
        return "failed" as const;
      });
      if (outcome !== "failed" || revocation.attempts >= ATTEMPTS_MAX) await forget(deps, revocation, outcome);
    }),
  );
}

async function revokeOne(deps: Deps, revocation: UpstreamRevocation): Promise<"revoked" | "not_offered"> {
  const { orgId, connectorId } = revocation;
  const account = await openAccount(deps, revocation);
  const connector = await withOrg(deps.db, orgId, (org) => findConnector(org, connectorId));
  const client = account.server.revocation_endpoint ? await clientOf(deps, revocation, account) : null;
  if (!client) return "not_offered";
  const reached = connector ?? { url: revocation.upstreamOrigin, egressException: null };
  await revoke(account.server, client, account, upstreamOf(deps, reached as Connector));
  return "revoked";
}

async function openAccount({ vault }: Deps, revocation: UpstreamRevocation): Promise<LinkedAccount> {
  const { orgId: org, credentialId: id, version, sealed } = revocation;
  return openCredential<LinkedAccount>(await vault.dataKey(org), { org, id, version }, sealed, revocation);
}

async function clientOf(deps: Deps, { orgId, connectorId }: UpstreamRevocation, { clientId, server }: LinkedAccount) {
  const key = { connectorId, clientId };
  const stored = await withOrg(deps.db, orgId, (org) => findUpstreamClientById(org, key));
  if (!stored || !isMadeFor(stored, server)) return null;
  return openClient(deps, orgId, stored, server);
}

/** An app's secret goes where its owner meant it to when they entered it. */
function isMadeFor({ registration, server: made }: UpstreamClient, { revocation_endpoint }: LinkedAccount["server"]) {
  return registration !== "given" || made.revocation_endpoint === revocation_endpoint;
}

async function forget({ db }: Deps, revocation: UpstreamRevocation, outcome: string): Promise<void> {
  const { orgId, userId, connectorId } = revocation;
  await withOrg(db, orgId, async (org) => {
    await deleteRevocation(org.db, revocation);
    await insertAudit(org, { event: "link.revoked_upstream", outcome, userId, connectorId, entry: {} });
  });
}
