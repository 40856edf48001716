import { hash } from "node:crypto";
import { toFault } from "@gatehouse/faults";
import { redirectUriFor } from "@gatehouse/oauth/client/addresses";
import { authorizationUrl, newSecrets } from "@gatehouse/oauth/client/authorize";
import type { LinkedFrom } from "@gatehouse/oauth/client/connect-link";
import type { AuthorizationServer } from "@gatehouse/oauth/client/discover";
import { insertAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { insertLinkAttempt } from "@gatehouse/store/link-attempts";
import type { ConnectDeps } from "./connect.ts";
import { type LinkTarget, upstreamOf } from "./link-target.ts";
import { readyClient } from "./upstream-client.ts";

/** What has to be known when the member comes back. */
export interface Attempt {
  codeVerifier: string;
  server: AuthorizationServer;
  clientId: string;
  resource: string | null;
  scopes: readonly string[];
  scopeDelimiter?: string;
  /** The upstream that the account is for. */
  origin: string;
  /** Where it was offered, besides My access. */
  from?: LinkedFrom;
}

const ATTEMPT_SECONDS = 15 * 60;

export const attemptPlace = (org: string, stateHash: Buffer) => ({
  ...{ org, row: `link_attempts/${stateHash.toString("hex")}` },
});

export const hashOf = (secret: string) => hash("sha256", secret, "buffer");

interface Beginning {
  browser: string;
  /** The client's sign-in that it is a part of. */
  interactionUid?: string | null;
  from?: LinkedFrom | undefined;
}

/** Where the member's browser goes: to the upstream's own sign-in. */
export async function beginLink(
  deps: ConnectDeps,
  target: LinkTarget,
  { browser, interactionUid = null, from }: Beginning,
): Promise<URL> {
  const { db, vault, publicUrl } = deps;
  const { org, connector, userId } = target;
  const ready = await readyClient(deps, target).catch((error) => auditFailure(deps, target, error));
  const { server, client, resource, scopes, scopeDelimiter } = ready;
  const redirectUri = redirectUriFor(publicUrl, connector.id);
  const secrets = newSecrets();
  const url = await authorizationUrl({ ...ready, redirectUri }, secrets, upstreamOf(deps, connector));
  const stateHash = hashOf(secrets.state);
  const attempt: Attempt = {
    ...{ codeVerifier: secrets.codeVerifier, server, clientId: client.clientId, resource, scopes },
    ...(scopeDelimiter ? { scopeDelimiter } : {}),
    ...(from ? { from } : {}),
    origin: new URL(connector.url).origin,
  };
  const sealed = await vault.seal(attemptPlace(org.id, stateHash), JSON.stringify(attempt));
  const whose = { orgId: org.id, connectorId: connector.id, userId, interactionUid };
  await insertLinkAttempt(db, { stateHash, browserHash: hashOf(browser), ...whose, sealed }, ATTEMPT_SECONDS);
  return url;
}

/** That it failed, and why, is for the owner to see as well; what was thrown goes on to the member. */
export async function auditFailure(
  { db }: Pick<ConnectDeps, "db">,
  target: LinkTarget,
  error: unknown,
): Promise<never> {
  const { code, message } = toFault(error);
  await withOrg(db, target.org.id, (scope) =>
    insertAudit(scope, {
      event: "link.failed",
      outcome: code,
      userId: target.userId,
      connectorId: target.connector.id,
      entry: { reason: message },
    }),
  );
  throw error;
}
