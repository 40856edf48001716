import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import {
  deleteInvitation,
  findInvitation,
  type Invitation,
  insertInvitation,
  listInvitations,
  renewInvitation,
} from "@gatehouse/store/invitations";
import { newMailedToken } from "@gatehouse/store/mailed-token";
import { insertMail } from "@gatehouse/store/mails";
import { isMember } from "@gatehouse/store/members";
import type { Org } from "@gatehouse/store/orgs";
import type { Role } from "@gatehouse/store/tables";
import type { User } from "@gatehouse/store/users";
import { Hono } from "hono";
import { z } from "zod";
import type { Deps } from "./dashboard.ts";
import { invalidFields, jsonBody } from "./fields.ts";
import type { InOrg } from "./membership.ts";
import { RoleField, refuseOwnerRole } from "./roles.ts";

const INVITATION_DAYS = 7;
/** So that nobody sends mail to the whole world in our name. */
const INVITATIONS_MAX = 200;

const InvitationFields = z.object({
  email: z
    .string("Enter an email address")
    .trim()
    .toLowerCase()
    .max(254, "Use at most 254 characters")
    .pipe(z.email("Enter a whole email address, such as ada@example.com")),
  role: RoleField,
});

/** `/api/orgs/:org/people/invitations`, for who may manage people. */
export function invitations(deps: Deps) {
  const { db } = deps;
  return new Hono<InOrg>()
    .post("/", jsonBody(InvitationFields), async function invite(c) {
      const { org } = c.var.membership;
      const { email, role } = c.req.valid("json");
      refuseOwnerRole(c.var.membership, role);
      await withOrg(db, org.id, async (scope) => {
        if (await isMember(scope, email)) throw invalidFields({ email: `${email} is a member already` });
        await refuseTooMany(scope);
        const { token, tokenHash } = newMailedToken();
        const { user } = c.var.session;
        await insertInvitation(scope, { email, role, tokenHash, invitedBy: user.id, expiresAt: expiry() });
        await mailInvitation(deps, scope, { org, user, email, role, token });
        await insertAudit(scope, { event: "invitation.sent", outcome: "ok", userId: user.id, entry: { email, role } });
      });
      return c.body(null, 201);
    })
    .post("/:id/send", async function sendAgain(c) {
      const { org } = c.var.membership;
      await withOrg(db, org.id, async (scope) => {
        const { id, email, role } = await find(scope, c.req.param("id"));
        refuseOwnerRole(c.var.membership, role);
        const { token, tokenHash } = newMailedToken();
        const { user } = c.var.session;
        await renewInvitation(scope, { id, tokenHash, invitedBy: user.id, expiresAt: expiry() });
        await mailInvitation(deps, scope, { org, user, email, role, token });
        await insertAudit(scope, {
          event: "invitation.resent",
          outcome: "ok",
          userId: user.id,
          entry: { email, role },
        });
      });
      return c.body(null, 204);
    })
    .delete("/:id", async function withdraw(c) {
      await withOrg(db, c.var.membership.org.id, async (scope) => {
        const { id, email, role } = await find(scope, c.req.param("id"));
        refuseOwnerRole(c.var.membership, role);
        await deleteInvitation(scope, id);
        const { user } = c.var.session;
        const row = { outcome: "ok", userId: user.id, entry: { email, role } };
        await insertAudit(scope, { event: "invitation.withdrawn", ...row });
      });
      return c.body(null, 204);
    });
}

async function find(scope: OrgScope, id: string): Promise<Invitation> {
  const invitation = z.uuid().safeParse(id).success ? await findInvitation(scope, id) : null;
  if (!invitation) throw new Fault("not_found", "There is no such invitation; perhaps it has been accepted");
  return invitation;
}

async function refuseTooMany(scope: OrgScope): Promise<void> {
  if ((await listInvitations(scope)).length < INVITATIONS_MAX) return;
  throw new Fault(
    "conflict",
    `${INVITATIONS_MAX} invitations are waiting already. Withdraw those that nobody will accept`,
  );
}

function expiry(): Date {
  return new Date(Date.now() + INVITATION_DAYS * 86_400_000);
}

interface Letter {
  org: Org;
  user: User;
  email: string;
  role: Role;
  token: string;
}

async function mailInvitation(
  { vault, publicUrl }: Deps,
  scope: OrgScope,
  { org, user, email, role, token }: Letter,
): Promise<void> {
  const url = new URL("/account/invitation", publicUrl);
  url.searchParams.set("token", token);
  await insertMail(scope.db, vault, {
    to: email,
    subject: `Join ${org.name} on Gatehouse`,
    text: `${user.name} (${user.email}) invites you to join ${org.name} as ${role}.\n\nGo on here:\n\n${url.href}\n\nThe link works once, for ${INVITATION_DAYS} days, and for this email address alone.\n`,
  });
}
