import { Fault } from "@gatehouse/faults";
import { type Database, withOrg } from "@gatehouse/store/database";
import { findMembershipBySlug, findOrg, type Membership, SLUG } from "@gatehouse/store/orgs";
import { findSuspension } from "@gatehouse/store/suspensions";
import type { Role } from "@gatehouse/store/tables";
import type { Context, Next } from "hono";
import { createMiddleware } from "hono/factory";
import type { SignedIn } from "../signing-in/session.ts";
import { isRead } from "./bearer.ts";

export interface Conditional {
  Variables: SignedIn["Variables"] & {
    /** None where operators change what is no org's. */
    membership?: Membership;
    /** Makes the change where `If-Match` holds; for who may make it. */
    onCondition?: (change: Next) => Promise<void>;
    /** It was only said what would change. */
    isUnchanged?: boolean;
  };
}

export interface InOrg {
  Variables: Conditional["Variables"] & { membership: Membership };
}

/** The org that the path names, for its members. For everyone else there is no such org. */
export function requireMembership({ db }: { db: Database }) {
  return createMiddleware<InOrg, "/orgs/:org/*">(async function requireMembership(c, next) {
    const membership = await findMembership(db, c.req.param("org"), c.var);
    if (!membership) throw new Fault("not_found", "There is no such organisation, or you are not a member of it");
    if (!isRead(c.req.method)) await refuseSuspended(db, membership);
    c.set("membership", membership);
    await next();
  });
}

/** A token is of one org, and there what its holder is at the moment. */
async function findMembership(db: Database, slug: string, { session, bearer }: SignedIn["Variables"]) {
  if (!SLUG.test(slug)) return null;
  if (bearer?.serviceAccountRole) {
    const org = await withOrg(db, bearer.orgId, findOrg);
    return org?.slug === slug ? { org, role: bearer.serviceAccountRole } : null;
  }
  const membership = await findMembershipBySlug(db, { userId: session.user.id, slug });
  return bearer && membership?.org.id !== bearer.orgId ? null : membership;
}

/** Its people see what there is, and it does nothing more: no mail, no look at an upstream. */
async function refuseSuspended(db: Database, { org }: Membership): Promise<void> {
  if ((await withOrg(db, org.id, findSuspension)) === null) return;
  throw new Fault("forbidden", `${org.name} is suspended, and cannot be changed. Ask whoever runs this server.`);
}

const MAY = {
  "change connectors": ["owner", "admin"],
  "decide on clients": ["owner", "admin"],
  "see what has access": ["owner", "admin"],
  "change service accounts": ["owner", "admin"],
  "set how long tokens live": ["owner", "admin"],
  "manage people": ["owner", "admin"],
  "read the audit log": ["owner", "admin", "auditor"],
  "set what the audit log keeps": ["owner"],
  "send the audit log elsewhere": ["owner"],
  "set limits": ["owner", "admin"],
  "see what is used": ["owner", "admin", "auditor"],
  "rename the organisation": ["owner", "admin"],
  "delete the organisation": ["owner"],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof MAY;

export function may(role: Role, permission: Permission): boolean {
  return (MAY[permission] as readonly Role[]).includes(role);
}

const ROLES = ["owner", "admin", "member", "auditor"] as const satisfies readonly Role[];

/** Who may do something: whoever has the permission, whoever belongs to the org, any person in their browser, or an operator. */
export type Need = Permission | "belong to the org" | "be signed in" | "operate the deployment";

export function rolesThat(need: Need): readonly (Role | "operator")[] {
  if (need === "operate the deployment") return ["operator"];
  return need === "belong to the org" || need === "be signed in" ? ROLES : MAY[need];
}

/** Whether somebody is an operator, `requireOperator` has looked at. */
export function refuseUnless(c: Context<InOrg>, need: Need): void {
  if (need === "operate the deployment") return;
  if (need === "be signed in") return refuseTokens(c);
  const { org, role } = c.var.membership;
  if (rolesThat(need).includes(role)) return;
  throw new Fault("forbidden", `In ${org.name} you are ${role}, and only ${listed(rolesThat(need))} may ${need}`);
}

/** What a person does for themselves: no token makes others, or acts at a connector. */
function refuseTokens(c: Context<InOrg>): void {
  if (c.var.bearer) throw new Fault("forbidden", "This is done in the dashboard, by a person who is signed in there");
}

function listed(roles: readonly string[]): string {
  return new Intl.ListFormat("en").format(roles.map((role) => `${role}s`));
}
