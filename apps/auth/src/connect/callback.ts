import { memberWayOf } from "@gatehouse/credentials/access";
import { sealCredential } from "@gatehouse/credentials/sealed-credential";
import { Fault } from "@gatehouse/faults";
import { redirectUriFor } from "@gatehouse/oauth/client/addresses";
import { redeem } from "@gatehouse/oauth/client/authorize";
import type { LinkedFrom } from "@gatehouse/oauth/client/connect-link";
import type { LinkedAccount } from "@gatehouse/oauth/client/linked-account";
import type { Client } from "@gatehouse/oauth/client/register";
import type { Tokens } from "@gatehouse/oauth/client/tokens";
import { insertAudit } from "@gatehouse/store/audit";
import { findConnector } from "@gatehouse/store/connectors";
import { putCredential, reserveCredential } from "@gatehouse/store/credentials";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { type LinkAttempt, takeLinkAttempt } from "@gatehouse/store/link-attempts";
import { findOrg } from "@gatehouse/store/orgs";
import { deleteUpstreamClient, findUpstreamClientById } from "@gatehouse/store/upstream-clients";
import { links } from "@gatehouse/telemetry/events";
import { findMayUse } from "../may-use.ts";
import { type Attempt, attemptPlace, auditFailure, hashOf } from "./begin.ts";
import { type ConnectDeps, problemIn } from "./connect.ts";
import { type LinkTarget, upstreamOf } from "./link-target.ts";
import { openClient } from "./upstream-client.ts";

export interface Finished {
  target: LinkTarget;
  interactionUid?: string | null;
  from?: LinkedFrom | undefined;
  /** What the member should know of it; none where all is as it was asked for. */
  notes: string[];
  /** What the upstream did wrong; `null` where the account is linked. */
  problem: string | null;
}

/** Nothing is kept of an answer that is not for this member, in the browser that left, at this moment, once. */
export async function finishLink(
  deps: ConnectDeps,
  {
    connectorId,
    answer,
    browser,
    userId,
  }: { connectorId: string; answer: URLSearchParams; browser: string; userId: string | null },
): Promise<Finished> {
  const state = answer.get("state") ?? "";
  const hashes = { stateHash: hashOf(state), browserHash: hashOf(browser) };
  const row = state && browser ? await takeLinkAttempt(deps.db, hashes) : null;
  if (!row || row.connectorId !== connectorId || row.userId !== userId) throw notBegunHere();
  const target = await targetOf(deps, row);
  const attempt: Attempt = JSON.parse(await deps.vault.open(attemptPlace(row.orgId, row.stateHash), row.sealed));
  const whence = { target, interactionUid: row.interactionUid, from: attempt.from };
  try {
    if (new URL(target.connector.url).origin !== attempt.origin) throw moved(target);
    const client = await clientOf(deps, target, attempt);
    const request = { ...attempt, client, redirectUri: redirectUriFor(deps.publicUrl, connectorId) };
    const secrets = { state, codeVerifier: attempt.codeVerifier };
    const tokens = await redeem(request, secrets, answer, upstreamOf(deps, target.connector));
    await keep(deps, target, attempt, tokens);
    links.add(1, "ok");
    return { ...whence, notes: notesOn(target, attempt, tokens), problem: null };
  } catch (error) {
    links.add(1, "failed");
    await forgetRefusedClient(deps, target, attempt.clientId, error);
    const problem = await auditFailure(deps, target, error).catch(problemIn);
    return { ...whence, notes: [], problem };
  }
}

function notBegunHere(): Fault {
  return new Fault(
    "invalid_request",
    "This answer is not for you: the linking was begun in another browser or as another member, is done already, or took too long. Nothing was linked. Begin anew from My access in the dashboard.",
  );
}

const moved = ({ connector }: LinkTarget) =>
  new Fault("conflict", `${connector.name} was pointed at another address meanwhile. Nothing was linked; begin anew.`);

/** Looked for again: whoever may not use it any more links nothing. */
async function targetOf({ db }: ConnectDeps, { orgId, connectorId, userId }: LinkAttempt): Promise<LinkTarget> {
  return withOrg(db, orgId, async (scope) => {
    const org = await findOrg(scope);
    const mayUse = await findMayUse(scope, userId);
    const connector = await findConnector(scope, connectorId);
    const way = connector && memberWayOf(connector.access);
    if (!org || !way || !mayUse?.(connector.openTo)) throw notBegunHere();
    return { org, connector, way, userId };
  });
}

async function clientOf(
  deps: ConnectDeps,
  { org, connector }: LinkTarget,
  { clientId, server }: Attempt,
): Promise<Client> {
  const key = { connectorId: connector.id, clientId };
  const stored = await withOrg(deps.db, org.id, (scope) => findUpstreamClientById(scope, key));
  if (!stored) throw new Fault("conflict", "The OAuth app that this was begun with is no longer there. Begin anew.");
  return openClient(deps, org.id, stored, server);
}

/** All of it in one transaction: the account is linked and it is known who did so, or neither. */
async function keep({ db, vault }: ConnectDeps, target: LinkTarget, attempt: Attempt, tokens: Tokens): Promise<void> {
  const { org, connector, userId } = target;
  await withOrg(db, org.id, async (scope) => {
    const key = { connectorId: connector.id, userId, slot: "member-oauth" };
    const reserved = await reserveCredential(scope, key);
    const sentTo = { upstreamOrigin: attempt.origin, tokenEndpoint: attempt.server.token_endpoint };
    const dataKey = await vault.dataKey(org.id);
    const sealed = sealCredential(dataKey, { org: org.id, ...reserved }, sentTo, accountOf(attempt, tokens));
    const granted = tokens.scopes ?? [...attempt.scopes];
    await putCredential(scope, {
      ...{ ...reserved, ...key, kind: "member-oauth", sealed, scopes: granted },
      ...{ ...sentTo, expiresAt: tokens.expiresAt, label: tokens.label },
    });
    await auditLinked(scope, target, { scopes: granted, missing: missingScopes(attempt, tokens), tokens });
  });
}

function accountOf({ server, clientId, resource, scopeDelimiter }: Attempt, tokens: Tokens): LinkedAccount {
  const { issuer, authorization_endpoint, token_endpoint, revocation_endpoint } = server;
  return {
    ...{ accessToken: tokens.accessToken, refreshToken: tokens.refreshToken, clientId, resource },
    server: { issuer, authorization_endpoint, token_endpoint, ...(revocation_endpoint ? { revocation_endpoint } : {}) },
    ...(scopeDelimiter ? { scopeDelimiter } : {}),
  };
}

function auditLinked(
  scope: OrgScope,
  { connector, userId }: LinkTarget,
  { scopes, missing, tokens }: { scopes: string[]; missing: string[]; tokens: Tokens },
): Promise<void> {
  return insertAudit(scope, {
    event: "link.created",
    outcome: "ok",
    userId,
    connectorId: connector.id,
    entry: {
      ...{ way: "member-oauth", scope: scopes.join(" "), renewable: tokens.refreshToken !== null },
      ...(missing.length > 0 ? { not_granted: missing.join(" ") } : {}),
    },
  });
}

/** `offline_access` asks for a refresh token, and is often left out of what was granted (OpenID Connect Core §11). */
function missingScopes({ scopes }: Attempt, tokens: Tokens): string[] {
  const granted = tokens.scopes;
  return granted === null ? [] : scopes.filter((scope) => scope !== "offline_access" && !granted.includes(scope));
}

function notesOn({ connector }: LinkTarget, attempt: Attempt, tokens: Tokens): string[] {
  const missing = missingScopes(attempt, tokens);
  const { host } = new URL(attempt.server.authorization_endpoint);
  return [
    ...(missing.length > 0
      ? [`${host} granted less than was asked for. Not granted: ${missing.join(", ")}. Tools that need it will fail.`]
      : []),
    ...(tokens.refreshToken === null && tokens.expiresAt !== null
      ? [`${host} gave no way to renew the link: ${connector.name} stops working ${tokens.expiresAt.toUTCString()}.`]
      : []),
  ];
}

/** A server that no longer knows the client that it registered: the next attempt registers anew. */
async function forgetRefusedClient(
  { db }: ConnectDeps,
  target: LinkTarget,
  clientId: string,
  error: unknown,
): Promise<void> {
  const { error: code } = ((error as Error).cause ?? {}) as { error?: string };
  if (code !== "invalid_client" && code !== "unauthorized_client") return;
  await withOrg(db, target.org.id, async (scope) => {
    const key = { connectorId: target.connector.id, clientId };
    if ((await findUpstreamClientById(scope, key))?.registration === "dynamic") await deleteUpstreamClient(scope, key);
  });
}
