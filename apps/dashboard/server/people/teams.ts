import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { pageMembers } from "@gatehouse/store/members";
import {
  addTeamMembers,
  deleteTeam,
  findTeam,
  insertTeam,
  listTeams,
  removeTeamMember,
  type Team,
} from "@gatehouse/store/teams";
import { Hono } from "hono";
import { z } from "zod";
import { jsonBody, Page, pageOf, query, SearchedPage } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";

const NewTeam = z.object({
  name: z.string("Give the team a name").trim().min(1, "Give the team a name").max(80, "Use at most 80 characters"),
});
const Members = z.object({ userIds: z.array(z.uuid()).max(10_000) });

/** `members` is how many. */
const TeamAnswer = z.object({ id: z.uuid(), name: z.string(), members: z.int() });
const MemberAnswer = z.object({ id: z.uuid(), name: z.string(), email: z.string() });
const TeamMembersAnswer = z.object({ team: z.string(), members: z.array(MemberAnswer), next: z.uuid().nullable() });
const TeamsAnswer = z.object({ teams: z.array(TeamAnswer), next: z.uuid().nullable() });

/** `/api/orgs/:org/teams` */
export function teams({ db }: Deps) {
  return new Hono<InOrg>()
    .get(
      "/",
      operation("listTeams", { summary: "List the org's teams", needs: "manage people", answers: TeamsAnswer }),
      query(Page),
      async function list(c) {
        const { after, limit } = c.req.valid("query");
        const page = { after, limit: limit + 1 };
        const rows = await withOrg(db, c.var.membership.org.id, (scope) => listTeams(scope, page));
        const { items, next } = pageOf(rows, limit, ({ id }) => id);
        return c.json({ teams: items, next });
      },
    )
    .post(
      "/",
      operation("createTeam", { summary: "Make a team", needs: "manage people", answers: TeamAnswer, status: 201 }),
      jsonBody(NewTeam),
      async function create(c) {
        const { name } = c.req.valid("json");
        const id = await withOrg(db, c.var.membership.org.id, async (scope) => {
          const made = await insertTeam(scope, name);
          const entry = { team: name, after: { name } };
          await insertAudit(scope, { event: "team.created", outcome: "ok", userId: c.var.session.user.id, entry });
          return made;
        });
        return c.json({ id, name, members: 0 }, 201);
      },
    )
    .delete(
      "/:id",
      operation("deleteTeam", { summary: "Delete a team", needs: "manage people" }),
      async function remove(c) {
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const team = await teamFor(scope, c.req.param("id"));
          await deleteTeam(scope, team.id);
          const { name, members } = team;
          const entry = { team: name, before: { name, members } };
          await insertAudit(scope, { event: "team.deleted", outcome: "ok", userId: c.var.session.user.id, entry });
        });
        return c.body(null, 204);
      },
    )
    .get(
      "/:id/members",
      operation("listTeamMembers", {
        summary: "List who is in a team, by name",
        needs: "manage people",
        answers: TeamMembersAnswer,
      }),
      query(SearchedPage),
      async function listMembers(c) {
        const { limit, ...wanted } = c.req.valid("query");
        const [team, rows] = await withOrg(db, c.var.membership.org.id, async (scope) => {
          const team = await teamFor(scope, c.req.param("id"));
          return [team, await pageMembers(scope, { ...wanted, limit: limit + 1, teamId: team.id })];
        });
        const { items, next } = pageOf(rows, limit, ({ userId }) => userId);
        const members = items.map(({ userId, name, email }) => ({ id: userId, name, email }));
        return c.json({ team: team.name, members, next });
      },
    )
    .post(
      "/:id/members",
      operation("addToTeam", { summary: "Put members into a team", needs: "manage people" }),
      jsonBody(Members),
      async function add(c) {
        const { userIds } = c.req.valid("json");
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const team = await teamFor(scope, c.req.param("id"));
          const added = await addTeamMembers(scope, team.id, userIds);
          if (added.length === 0) return;
          const entry = { team: team.name, ...counted(team, added.length), added };
          await insertAudit(scope, { event: "team.changed", outcome: "ok", userId: c.var.session.user.id, entry });
        });
        return c.body(null, 204);
      },
    )
    .delete(
      "/:id/members/:user",
      operation("removeFromTeam", { summary: "Take a member out of a team", needs: "manage people" }),
      async function take(c) {
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const team = await teamFor(scope, c.req.param("id"));
          const userId = z.uuid().safeParse(c.req.param("user")).data;
          const removed = userId && (await removeTeamMember(scope, { teamId: team.id, userId }));
          if (!removed) throw new Fault("not_found", "There is no such member in this team");
          const entry = { team: team.name, ...counted(team, -1), removed: [removed] };
          await insertAudit(scope, { event: "team.changed", outcome: "ok", userId: c.var.session.user.id, entry });
        });
        return c.body(null, 204);
      },
    );
}

async function teamFor(scope: OrgScope, id: string): Promise<Team> {
  const team = z.uuid().safeParse(id).success ? await findTeam(scope, id) : null;
  if (!team) throw new Fault("not_found", "There is no such team");
  return team;
}

function counted({ members }: Team, more: number) {
  return { before: { members }, after: { members: members + more } };
}
