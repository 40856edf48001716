import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { listInvitations } from "@gatehouse/store/invitations";
import { lockMember, lockOwners, type Member, pageMembers, removeMember, updateRole } from "@gatehouse/store/members";
import type { Membership } from "@gatehouse/store/orgs";
import { Hono } from "hono";
import { z } from "zod";
import { jsonBody, pageOf, query, SearchedPage } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";
import { InvitationAnswer, invitations, invitationView } from "./invitations.ts";
import { RoleField, refuseOwnerRole } from "./roles.ts";

const RoleChange = z.object({ role: RoleField });

const MemberAnswer = z.object({
  ...{ id: z.uuid(), email: z.string(), name: z.string(), role: RoleField, joinedAt: z.iso.datetime() },
});

/** `next` is to be sent as `after` for the next page. */
const MembersAnswer = z.object({ members: z.array(MemberAnswer), next: z.uuid().nullable() });

/** The first of each; the lists of their own have the others. */
const PeopleAnswer = z.object({
  /** Whoever asks. */
  me: z.uuid(),
  members: z.array(MemberAnswer),
  invitations: z.array(InvitationAnswer),
});

const FIRST = { limit: 100 };

/** `/api/orgs/:org/people`: who is in the org, and who is invited. */
export function people(deps: Deps) {
  const { db } = deps;
  return new Hono<InOrg>()
    .get(
      "/",
      operation("listPeople", {
        summary: "List the first hundred members and invitations",
        needs: "manage people",
        answers: PeopleAnswer,
      }),
      async function list(c) {
        const { user } = c.var.session;
        const [members, invited] = await withOrg(db, c.var.membership.org.id, async (scope) => [
          await pageMembers(scope, FIRST),
          await listInvitations(scope, FIRST),
        ]);
        return c.json({ me: user.id, members: members.map(memberView), invitations: invited.map(invitationView) });
      },
    )
    .get(
      "/members",
      operation("pageMembers", { summary: "List members by name", needs: "manage people", answers: MembersAnswer }),
      query(SearchedPage),
      async function page(c) {
        const { limit, ...wanted } = c.req.valid("query");
        const rows = await withOrg(db, c.var.membership.org.id, (scope) =>
          pageMembers(scope, { ...wanted, limit: limit + 1 }),
        );
        const { items, next } = pageOf(rows, limit, ({ userId }) => userId);
        return c.json({ members: items.map(memberView), next });
      },
    )
    .get(
      "/members/:user",
      operation("readMember", { summary: "Read a member", needs: "manage people", answers: MemberAnswer }),
      async function read(c) {
        const member = await withOrg(db, c.var.membership.org.id, (scope) => memberAt(scope, c.req.param("user")));
        return c.json(memberView(member));
      },
    )
    .patch(
      "/members/:user",
      operation("changeRole", { summary: "Change a member's role", needs: "manage people" }),
      jsonBody(RoleChange),
      async function changeRole(c) {
        const { org } = c.var.membership;
        const { role } = c.req.valid("json");
        await withOrg(db, org.id, async (scope) => {
          const member = await findMemberFor(scope, c.var.membership, c.req.param("user"));
          if (member.role === role) return;
          refuseOwnerRole(c.var.membership, role);
          if (member.role === "owner") await refuseLastOwner(scope, member);
          await updateRole(scope, { userId: member.userId, role });
          const entry = { member: member.email, before: { role: member.role }, after: { role } };
          await insertAudit(scope, {
            event: "member.role_changed",
            outcome: "ok",
            userId: c.var.session.user.id,
            entry,
          });
        });
        return c.body(null, 204);
      },
    )
    .delete(
      "/members/:user",
      operation("removeMember", { summary: "Remove a member", needs: "manage people" }),
      async function remove(c) {
        const { org } = c.var.membership;
        await withOrg(db, org.id, async (scope) => {
          const member = await findMemberFor(scope, c.var.membership, c.req.param("user"));
          if (member.role === "owner") await refuseLastOwner(scope, member);
          await removeMember(scope, member.userId);
          const entry = { member: member.email, before: { role: member.role } };
          await insertAudit(scope, { event: "member.removed", outcome: "ok", userId: c.var.session.user.id, entry });
        });
        return c.body(null, 204);
      },
    )
    .route("/invitations", invitations(deps));
}

/** A member whom this one may change: owners are owners' affair. */
async function findMemberFor(scope: OrgScope, { role }: Membership, userId: string): Promise<Member> {
  const member = await memberAt(scope, userId);
  if (member.role === "owner" && role !== "owner") throw new Fault("forbidden", "Only an owner may change an owner");
  return member;
}

async function memberAt(scope: OrgScope, userId: string): Promise<Member> {
  const member = z.uuid().safeParse(userId).success ? await lockMember(scope, userId) : null;
  if (!member) throw new Fault("not_found", "There is no such member");
  return member;
}

export async function refuseLastOwner(scope: OrgScope, { userId, name }: Member): Promise<void> {
  const owners = await lockOwners(scope);
  if (owners.some((owner) => owner !== userId)) return;
  throw new Fault("conflict", `${name} is the only owner. Make somebody else an owner first`);
}

function memberView({ userId, email, name, role, joinedAt }: Member) {
  return { id: userId, email, name, role, joinedAt: joinedAt.toISOString() };
}
