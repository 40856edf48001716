import { AUDIT_EVENTS, type AuditEvent } from "@gatehouse/store/audit-events";
import type { Database } from "@gatehouse/store/database";
import { expect } from "vitest";

type Maker = "dashboard" | "command";

interface Change {
  /** What is made has no `before`, and what ends no `after`. */
  told: "made" | "changed" | "ended";
  /** Each of them writes it, and is tried. */
  by: readonly Maker[];
}

const by = (...by: Maker[]) => ({
  made: { told: "made", by } as Change,
  changed: { told: "changed", by } as Change,
  ended: { told: "ended", by } as Change,
});
const [there, command, both] = [by("dashboard"), by("command"), by("dashboard", "command")];

/** Which events are changes of configuration. `null` is what only happens. */
const CHANGES: Record<AuditEvent, Change | null> = {
  call: null,
  "limit.refused": null,
  "strangers.refused": null,
  "api.refused": null,

  sign_in: null,
  sign_out: null,
  "session.ended": null,
  "password.changed": null,
  "password.reset": null,
  "email.changed": null,

  "consent.granted": null,
  "consent.denied": null,
  "authorization.failed": null,
  "token.issued": null,
  "token.refreshed": null,
  "token.refused": null,
  "refresh.reused": null,
  "grant.revoked": null,
  "static_token.minted": null,
  "static_token.ended": null,

  "client.refused": null,
  "client.requested": null,
  "client.allowed": there.changed,
  "client.blocked": there.changed,
  "client.undecided": there.changed,
  "client_policy.changed": there.changed,
  "client_host.listed": there.made,
  "client_host.unlisted": there.ended,
  "own_client.registered": there.made,
  "own_client.secret_replaced": there.changed,
  "own_client.deleted": there.ended,

  "link.created": null,
  "link.failed": null,
  "link.renewed": null,
  "link.ended": null,
  "link.removed": null,
  "link.revoked_upstream": null,
  "oauth_app.changed": there.changed,

  "connector.registered": there.made,
  "connector.changed": there.changed,
  "connector.probed": there.changed,
  "connector.announced": null,
  "connector.deleted": there.ended,
  "api.imported": there.changed,
  "tool.changed": there.changed,
  "tools.changed": there.changed,

  "signing_key.rotated": command.changed,
  "master_key.rotated": command.changed,
  "operator.added": command.made,
  "operator.removed": command.ended,
  "org.created": there.made,
  "org.changed": there.changed,
  "org.suspended": both.changed,
  "org.resumed": both.changed,
  "org.deleted": both.ended,
  "plan.changed": both.changed,
  "plan.saved": both.changed,
  "limits.changed": there.changed,
  "token_lifetimes.changed": there.changed,

  "invitation.sent": there.made,
  "invitation.resent": there.changed,
  "invitation.withdrawn": there.ended,
  "invitation.accepted": there.made,
  "member.role_changed": there.changed,
  "member.removed": there.ended,
  "member.left": there.ended,
  "team.created": there.made,
  "team.changed": there.changed,
  "team.deleted": there.ended,
  "service_account.created": there.made,
  "service_account.suspended": there.changed,
  "service_account.resumed": there.changed,
  "service_account.deleted": there.ended,

  "audit_settings.changed": there.changed,
  "audit_delivery.created": there.made,
  "audit_delivery.changed": there.changed,
  "audit_delivery.deleted": there.ended,
  "arguments.read": null,
};

/** Every change that is made there has been, and each of its rows says what was before it and what is after. */
export async function expectChangesTold(db: Database, maker: Maker): Promise<void> {
  expect(Object.keys(CHANGES)).toEqual([...AUDIT_EVENTS]);
  const waiting = await db.selectFrom("audit").select(["event", "entry"]).execute();
  const chained = await db.selectFrom("audit_log").select(["event", "entry"]).execute();
  const rows = [...waiting, ...chained].map(({ event, entry }) => ({ event: event as AuditEvent, entry }));
  const found = Map.groupBy(rows, ({ event }) => event);
  const wanted = Object.entries(CHANGES).filter(([, change]) => change?.by.includes(maker));
  expect(wanted.map(([event]) => event).filter((event) => !found.has(event as AuditEvent))).toEqual([]);
  const untold = rows.filter(({ event, entry }) => !isTold(entry, CHANGES[event]?.told));
  expect(untold).toEqual([]);
}

function isTold({ before, after }: Record<string, unknown>, told: Change["told"] | undefined): boolean {
  const [hasBefore, hasAfter] = [before !== undefined, after !== undefined];
  if (told === "made") return !hasBefore && hasAfter;
  if (told === "ended") return hasBefore && !hasAfter;
  return told === undefined || (hasAfter && (hasBefore || isSecret(after)));
}

/** Nobody is told what a secret was. */
const isSecret = (after: unknown): boolean => JSON.stringify(after) === '{"secret":"changed"}';
