import { Fault } from "@gatehouse/faults";
import { insertAudit } from "@gatehouse/store/audit";
import { type OrgScope, withOrg } from "@gatehouse/store/database";
import { deleteTeam, insertTeam, listTeams, setTeamMembers, type Team } from "@gatehouse/store/teams";
import { Hono } from "hono";
import { z } from "zod";
import { jsonBody, Page, pageOf, query } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";

const NewTeam = z.object({
  name: z.string("Give the team a name").trim().min(1, "Give the team a name").max(80, "Use at most 80 characters"),
});
const Members = z.object({ userIds: z.array(z.uuid()).max(10_000) });

const TeamAnswer = z.object({ id: z.uuid(), name: z.string(), memberIds: z.array(z.uuid()) });
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
          const entry = { team: name };
          await insertAudit(scope, { event: "team.created", outcome: "ok", userId: c.var.session.user.id, entry });
          return made;
        });
        return c.json({ id, name, memberIds: [] }, 201);
      },
    )
    .delete(
      "/:id",
      operation("deleteTeam", { summary: "Delete a team", needs: "manage people" }),
      async function remove(c) {
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const team = await findTeam(scope, c.req.param("id"));
          await deleteTeam(scope, team.id);
          const entry = { team: team.name, before: { members: team.memberIds } };
          await insertAudit(scope, { event: "team.deleted", outcome: "ok", userId: c.var.session.user.id, entry });
        });
        return c.body(null, 204);
      },
    )
    .put(
      "/:id/members",
      operation("setTeamMembers", { summary: "Say who is in a team", needs: "manage people" }),
      jsonBody(Members),
      async function change(c) {
        const { userIds } = c.req.valid("json");
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const team = await findTeam(scope, c.req.param("id"));
          await setTeamMembers(scope, team.id, userIds);
          const entry = { team: team.name, before: { members: team.memberIds }, after: { members: userIds } };
          await insertAudit(scope, { event: "team.changed", outcome: "ok", userId: c.var.session.user.id, entry });
        });
        return c.body(null, 204);
      },
    );
}

async function findTeam(scope: OrgScope, id: string): Promise<Team> {
  const team = (await listTeams(scope)).find((one) => one.id === id);
  if (!team) throw new Fault("not_found", "There is no such team");
  return team;
}
