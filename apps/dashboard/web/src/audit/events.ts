import type { AuditEvent as Kind } from "@gatehouse/store/audit-events";
import type { AuditEntry } from "../api/audit/audit.ts";

/** One line of the log. A write that has begun and not ended yet is `started`, or `unknown` once that can't be any more. */
export interface AuditEvent {
  id: string;
  at: Date;
  /** With the name of the token, where one was called with that the member or service account had made. */
  user: string | null;
  connector: string | null;
  /** What was done, in the protocol's words or ours. */
  action: string;
  isTool: boolean;
  outcome: string;
  durationMs: number | undefined;
}

/** No call runs longer: an intent that is older and has no outcome will never have one. */
const CALL_MS_MAX = 15 * 60_000;

/** A write stands in the log twice, as intent and as outcome. Newest come first, so an intent's outcome was seen before it. */
export function eventsOf(entries: readonly AuditEntry[]): AuditEvent[] {
  const ended = new Set<string>();
  const events: AuditEvent[] = [];
  for (const entry of entries) {
    const { phase, call } = entry.entry;
    if (phase === "outcome" && call) ended.add(call);
    if (phase === "intent" && call && ended.has(call)) continue;
    events.push(eventOf(entry));
  }
  return events;
}

export function eventOf({ id, at, event, outcome, user, connector, entry }: AuditEntry): AuditEvent {
  const { phase, tool, method, duration_ms: durationMs, token_name: token } = entry;
  const lost = phase === "intent" && Date.now() - Date.parse(at) > CALL_MS_MAX;
  const isCall = event === "call";
  const isTool = isCall && method === "tools/call" && tool !== undefined;
  const action = isTool ? tool : isCall ? (method ?? "") : (ACTIONS[event as Exclude<Kind, "call">] ?? event);
  const detail = !isCall && tool ? `${action}: ${tool}` : action;
  return {
    id,
    at: new Date(at),
    user: user && token ? `${user} · ${token}` : user,
    connector,
    action: detail,
    isTool,
    outcome: lost ? "unknown" : outcome,
    durationMs,
  };
}

/** In words that follow on who did it. */
const ACTIONS: Record<Exclude<Kind, "call">, string> = {
  "api.refused": "was refused in the dashboard or its API",
  "signing_key.rotated": "had another key sign tokens",
  "master_key.rotated": "wrapped the data keys anew",
  "link.created": "linked an account",
  "link.failed": "could not link an account",
  "link.ended": "lost the link to an account",
  "link.removed": "unlinked an account",
  "link.revoked_upstream": "ended a link upstream",
  "oauth_app.changed": "changed the OAuth app",
  sign_in: "signed in",
  sign_out: "signed out",
  "session.ended": "signed browsers out",
  "password.reset": "chose a new password",
  "email.changed": "changed their email address",
  "org.created": "created the organisation",
  "invitation.sent": "invited somebody",
  "invitation.resent": "sent an invitation again",
  "invitation.withdrawn": "withdrew an invitation",
  "invitation.accepted": "accepted an invitation",
  "member.role_changed": "changed a member's role",
  "member.removed": "removed a member",
  "connector.registered": "registered the connector",
  "connector.probed": "checked the upstream",
  "connector.changed": "changed the connector",
  "connector.deleted": "deleted the connector",
  "tool.changed": "changed a tool",
  "tools.changed": "changed which tools are offered",
  "api.imported": "imported the description anew",
  "team.created": "made a team",
  "team.changed": "changed who is in a team",
  "team.deleted": "deleted a team",
  "client_policy.changed": "changed which clients are allowed",
  "client_host.listed": "put a host on the list of clients",
  "client_host.unlisted": "took a host off the list of clients",
  "client.refused": "came with a client that is not allowed",
  "client.requested": "asked for a client",
  "client.allowed": "allowed a client for everybody",
  "client.blocked": "blocked a client",
  "client.undecided": "took back a decision on a client",
  "own_client.registered": "registered a client by hand",
  "own_client.secret_replaced": "gave a client a new secret",
  "own_client.deleted": "deleted a client",
  "static_token.minted": "made a token",
  "static_token.ended": "ended a token",
  "service_account.created": "created a service account",
  "service_account.suspended": "suspended a service account",
  "service_account.resumed": "resumed a service account",
  "service_account.deleted": "deleted a service account",
  "token_lifetimes.changed": "changed how long tokens live",
  "consent.granted": "allowed a client",
  "consent.denied": "denied a client",
  "authorization.failed": "was shown an error",
  "refresh.reused": "had a refresh token used twice",
  "org.suspended": "the organisation was suspended",
  "org.resumed": "the organisation was resumed",
  "grant.revoked": "ended a client's access",
  "limit.refused": "was over a limit",
  "strangers.refused": "came without a valid token",
  "password.changed": "changed their password",
  "token.issued": "was given a token",
  "token.refreshed": "had a token renewed",
  "token.refused": "was refused a token",
  "link.renewed": "had a linked account renewed",
  "connector.announced": "announced the connector",
  "operator.added": "made somebody an operator",
  "operator.removed": "took the operator's role from somebody",
  "org.changed": "changed the organisation",
  "org.deleted": "deleted the organisation",
  "plan.changed": "was given another plan",
  "plan.saved": "changed a plan",
  "limits.changed": "changed limits",
  "member.left": "left the organisation",
  "audit_settings.changed": "changed what the audit log keeps",
  "audit_delivery.created": "had the audit log sent somewhere",
  "audit_delivery.changed": "changed where the audit log is sent",
  "audit_delivery.deleted": "had the audit log sent there no longer",
  "arguments.read": "opened the arguments of a call",
};

/** All that can be searched for. */
export const EVENTS: readonly string[] = ["call", ...Object.keys(ACTIONS)];
