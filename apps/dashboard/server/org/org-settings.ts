import { insertAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { lockMember, removeMember } from "@gatehouse/store/members";
import { insertPlatformAudit } from "@gatehouse/store/operators";
import { markDeleted } from "@gatehouse/store/org-deletion";
import { updateOrgName } from "@gatehouse/store/orgs";
import { Hono } from "hono";
import { z } from "zod";
import { Confirmation, confirmBy } from "../api/confirmation.ts";
import { jsonBody } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import { NameField } from "../clients/mint.ts";
import type { Deps } from "../dashboard.ts";
import { refuseLastOwner } from "../people/people.ts";

const Name = z.object({ name: NameField });

/** `/api/orgs/:org`: its name, its end, and leaving it. */
export function orgSettings({ db }: Deps) {
  return new Hono<InOrg>()
    .get(
      "/name",
      operation("readOrgName", { summary: "Read the org's name", needs: "belong to the org", answers: Name }),
      (c) => c.json({ name: c.var.membership.org.name }),
    )
    .put(
      "/name",
      operation("renameOrg", { summary: "Give the org another name", needs: "rename the organisation" }),
      jsonBody(Name),
      async function rename(c) {
        const { id, name: before } = c.var.membership.org;
        const { name } = c.req.valid("json");
        const userId = c.var.session.user.id;
        await withOrg(db, id, async (scope) => {
          await updateOrgName(scope, name);
          const entry = { before: { name: before }, after: { name } };
          await insertAudit(scope, { event: "org.changed", outcome: "ok", userId, entry });
        });
        return c.body(null, 204);
      },
    )
    .delete(
      "/",
      operation("deleteOrg", {
        summary: "Delete the org, for good, with all that it kept secret",
        needs: "delete the organisation",
      }),
      jsonBody(Confirmation),
      async function remove(c) {
        const { id, slug } = c.var.membership.org;
        const userId = c.var.session.user.id;
        confirmBy(slug, c.req.valid("json"));
        await withOrg(db, id, async (scope) => {
          if (!(await markDeleted(scope))) return;
          await insertAudit(scope, {
            event: "org.deleted",
            outcome: "ok",
            userId,
            entry: { by: "owner", before: { slug } },
          });
          await insertPlatformAudit(scope.db, {
            event: "org.deleted",
            userId,
            entry: { org: slug, by: "owner", before: { slug } },
          });
        });
        return c.body(null, 204);
      },
    )
    .post(
      "/leave",
      operation("leaveOrg", { summary: "Leave the org", needs: "be signed in" }),
      async function leave(c) {
        const { id } = c.var.session.user;
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const member = await lockMember(scope, id);
          if (!member) return;
          if (member.role === "owner") await refuseLastOwner(scope, member);
          await removeMember(scope, id);
          const entry = { member: member.email, before: { role: member.role } };
          await insertAudit(scope, { event: "member.left", outcome: "ok", userId: id, entry });
        });
        return c.body(null, 204);
      },
    );
}
