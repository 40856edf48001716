import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import {
  countInvitations,
  deleteInvitation,
  findInvitation,
  type Invitation,
  insertInvitation,
  listInvitations,
  listInvited,
  renewInvitation,
} from "@gatehouse/store/invitations";
import { takeMails } from "@gatehouse/store/mail-counts";
import { newMailedToken } from "@gatehouse/store/mailed-token";
import { insertMail } from "@gatehouse/store/mails";
import { listMembersAmong } from "@gatehouse/store/members";
import type { Membership } from "@gatehouse/store/orgs";
import type { Role } from "@gatehouse/store/tables";
import type { User } from "@gatehouse/store/users";
import { type Context, Hono } from "hono";
import { z } from "zod";
import { invalidFields, jsonBody, Page, pageOf, query } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";
import { signatureOf } from "../signing-in/session.ts";
import { EmailField, type Pasted, pastedAddresses } from "./pasted-addresses.ts";
import { RoleField, refuseOwnerRole } from "./roles.ts";

const INVITATION_DAYS = 7;
/** Waiting at once. */
const INVITATIONS_MAX = 1000;
/** So that nobody sends mail to the whole world in our name. */
const MAILS = { purpose: "invitation", countMax: 200, windowSeconds: 3600 };
const PASTED_MAX = 1000;

const InvitationFields = z.object({ email: EmailField, role: RoleField });
const ManyFields = z.object({
  addresses: z
    .string("Enter email addresses")
    .max(50_000, "Paste at most 50,000 characters at once")
    .transform(pastedAddresses)
    .refine((pasted) => pasted.length > 0, "Enter at least one email address")
    .refine((pasted) => pasted.length <= PASTED_MAX, `Paste at most ${PASTED_MAX} addresses at once`),
  role: RoleField,
});

/** What became of one that was pasted. `later` is for when more mail may be sent. */
const Result = z.enum(["invited", "member", "already_invited", "repeated", "not_an_address", "later"]);
type Result = z.output<typeof Result>;

const ManyAnswer = z.object({
  results: z.array(z.object({ entry: z.string(), email: z.string().nullable(), result: Result })),
  /** When those that are for later can be invited, where it is mail that there is too much of. */
  moreAt: z.iso.datetime().nullable(),
});
export const InvitationAnswer = z.object({
  ...{ id: z.uuid(), email: z.string(), role: RoleField, expired: z.boolean() },
  ...{ createdAt: z.iso.datetime(), expiresAt: z.iso.datetime() },
});
const InvitationsAnswer = z.object({ invitations: z.array(InvitationAnswer), next: z.uuid().nullable() });

const INVITE_MANY = { summary: "Invite many people by mail", needs: "manage people", answers: ManyAnswer } as const;

/** `/api/orgs/:org/people/invitations`, for who may manage people. */
export function invitations(deps: Deps) {
  const { db } = deps;
  return new Hono<InOrg>()
    .get(
      "/",
      operation("listInvitations", {
        summary: "List invitations that wait, newest first",
        needs: "manage people",
        answers: InvitationsAnswer,
      }),
      query(Page),
      async function list(c) {
        const { after, limit } = c.req.valid("query");
        const page = { after, limit: limit + 1 };
        const rows = await withOrg(db, c.var.membership.org.id, (scope) => listInvitations(scope, page));
        const { items, next } = pageOf(rows, limit, ({ id }) => id);
        return c.json({ invitations: items.map(invitationView), next });
      },
    )
    .post(
      "/",
      operation("invite", { summary: "Invite somebody by mail", needs: "manage people", status: 201 }),
      jsonBody(InvitationFields),
      async function invite(c) {
        const { email, role } = c.req.valid("json");
        const inviter = inviterOf(c);
        refuseOwnerRole(inviter, role);
        await withOrg(db, inviter.org.id, async (scope) => {
          if ((await listMembersAmong(scope, [email])).size > 0)
            throw invalidFields({ email: `${email} is a member already` });
          if ((await countInvitations(scope)) >= INVITATIONS_MAX) throw tooManyWaiting();
          await takeOneMail(scope);
          await sendInvitation(deps, scope, inviter, { email, role });
        });
        return c.body(null, 201);
      },
    )
    .post("/many", operation("inviteMany", INVITE_MANY), jsonBody(ManyFields), async function inviteMany(c) {
      const { addresses, role } = c.req.valid("json");
      const inviter = inviterOf(c);
      refuseOwnerRole(inviter, role);
      return c.json(
        await withOrg(db, inviter.org.id, async (scope) => {
          const { results, moreAt } = await sortOut(scope, addresses);
          for (const { email, result } of results) {
            if (email && result === "invited") await sendInvitation(deps, scope, inviter, { email, role });
          }
          return { results, moreAt: moreAt?.toISOString() ?? null };
        }),
      );
    })
    .post(
      "/:id/send",
      operation("sendInvitationAgain", { summary: "Send an invitation again", needs: "manage people" }),
      async function sendAgain(c) {
        const inviter = inviterOf(c);
        await withOrg(db, inviter.org.id, async (scope) => {
          const { id, email, role, expiresAt: before } = await find(scope, c.req.param("id"));
          refuseOwnerRole(inviter, role);
          await takeOneMail(scope);
          const { token, tokenHash } = newMailedToken();
          const { user } = inviter;
          const expiresAt = expiry();
          await renewInvitation(scope, { id, tokenHash, invitedBy: user.id, expiresAt });
          await mailInvitation(deps, scope, inviter, { email, role, token });
          await insertAudit(scope, {
            event: "invitation.resent",
            outcome: "ok",
            userId: user.id,
            entry: { email, before: { expiresAt: before }, after: { expiresAt, link: "changed" } },
          });
        });
        return c.body(null, 204);
      },
    )
    .delete(
      "/:id",
      operation("withdrawInvitation", { summary: "Withdraw an invitation", needs: "manage people" }),
      async function withdraw(c) {
        const { org, user, ...membership } = inviterOf(c);
        await withOrg(db, org.id, async (scope) => {
          const { id, email, role } = await find(scope, c.req.param("id"));
          refuseOwnerRole({ org, ...membership }, role);
          await deleteInvitation(scope, id);
          const row = { outcome: "ok", userId: user.id, entry: { email, before: { email, role } } };
          await insertAudit(scope, { event: "invitation.withdrawn", ...row });
        });
        return c.body(null, 204);
      },
    );
}

type Inviter = Membership & { user: User };

const inviterOf = (c: Context<InOrg>): Inviter => ({ ...c.var.membership, user: c.var.session.user });

async function find(scope: OrgScope, id: string): Promise<Invitation> {
  const invitation = z.uuid().safeParse(id).success ? await findInvitation(scope, id) : null;
  if (!invitation) throw new Fault("not_found", "There is no such invitation; perhaps it has been accepted");
  return invitation;
}

/** What is to become of each; takes as many mails as are to be sent. */
async function sortOut(scope: OrgScope, pasted: Pasted[]) {
  const emails = [...new Set(pasted.flatMap(({ email }) => email ?? []))];
  const members = await listMembersAmong(scope, emails);
  const invited = await listInvited(scope, emails);
  const fresh = emails.filter((email) => !members.has(email) && !invited.has(email));
  const room = Math.max(0, INVITATIONS_MAX - (await countInvitations(scope)));
  const wanted = Math.min(fresh.length, room);
  const { granted, moreAt } = await takeMails(scope, MAILS, wanted);
  const now = new Set(fresh.slice(0, granted));
  const seen = new Set<string>();

  function resultOf(email: string | null): Result {
    if (email === null) return "not_an_address";
    if (seen.has(email)) return "repeated";
    seen.add(email);
    if (members.has(email)) return "member";
    if (invited.has(email)) return "already_invited";
    return now.has(email) ? "invited" : "later";
  }

  const results = pasted.map(({ entry, email }) => ({ entry, email, result: resultOf(email) }));
  return { results, moreAt: granted < wanted ? moreAt : null };
}

async function takeOneMail(scope: OrgScope): Promise<void> {
  const { granted, moreAt } = await takeMails(scope, MAILS, 1);
  if (granted === 1) return;
  const seconds = Math.max(1, Math.ceil((moreAt.getTime() - Date.now()) / 1000));
  const minutes = Math.ceil(seconds / 60);
  const when = minutes === 1 ? "in a minute" : `in ${minutes} minutes`;
  throw new Fault("rate_limited", `${MAILS.countMax} invitations an hour are the most. Try again ${when}`, {
    headers: { "retry-after": String(seconds) },
  });
}

function tooManyWaiting(): Fault {
  return new Fault(
    "conflict",
    `${INVITATIONS_MAX} invitations are waiting already. Withdraw those that nobody will accept`,
  );
}

function expiry(): Date {
  return new Date(Date.now() + INVITATION_DAYS * 86_400_000);
}

interface Invited {
  email: string;
  role: Role;
}

async function sendInvitation(deps: Deps, scope: OrgScope, inviter: Inviter, invited: Invited): Promise<void> {
  const { token, tokenHash } = newMailedToken();
  const userId = inviter.user.id;
  await insertInvitation(scope, { ...invited, tokenHash, invitedBy: userId, expiresAt: expiry() });
  await mailInvitation(deps, scope, inviter, { ...invited, token });
  await insertAudit(scope, {
    event: "invitation.sent",
    outcome: "ok",
    userId,
    entry: { email: invited.email, after: invited },
  });
}

async function mailInvitation(
  { vault, publicUrl }: Deps,
  scope: OrgScope,
  { org, user }: Inviter,
  { email, role, token }: Invited & { token: string },
): Promise<void> {
  const url = new URL("/account/invitation", publicUrl);
  url.searchParams.set("token", token);
  await insertMail(scope.db, vault, {
    to: email,
    subject: `Join ${org.name} on Gatehouse`,
    text: `${signatureOf(user)} invites you to join ${org.name} as ${role}.\n\nGo on here:\n\n${url.href}\n\nThe link works once, for ${INVITATION_DAYS} days, and for this email address alone.\n`,
  });
}

export function invitationView({ id, email, role, createdAt, expiresAt }: Invitation) {
  const expired = expiresAt.getTime() <= Date.now();
  return { id, email, role, createdAt: createdAt.toISOString(), expiresAt: expiresAt.toISOString(), expired };
}
