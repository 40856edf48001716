import { insertAudit } from "@gatehouse/store/audit";
import { archiveConnector, updateConnectorName } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import { Hono } from "hono";
import { z } from "zod";
import { Confirmation, confirmBy } from "../api/confirmation.ts";
import { jsonBody } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import { NameField } from "../clients/mint.ts";
import type { Deps } from "../dashboard.ts";
import { findConnector } from "./find-connector.ts";

/** `/api/orgs/:org/connectors/:slug`: its name, and its end. */
export function connectorSettings({ db }: Deps) {
  return new Hono<InOrg>()
    .put(
      "/:slug/name",
      operation("renameConnector", { summary: "Give a connector another name", needs: "change connectors" }),
      jsonBody(z.object({ name: NameField })),
      async function rename(c) {
        const { name } = c.req.valid("json");
        const userId = c.var.session.user.id;
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const { id, name: before } = await findConnector(scope, c.req.param("slug"));
          await updateConnectorName(scope, id, name);
          const entry = { before: { name: before }, after: { name } };
          await insertAudit(scope, { event: "connector.changed", outcome: "ok", userId, connectorId: id, entry });
        });
        return c.body(null, 204);
      },
    )
    .delete(
      "/:slug",
      operation("deleteConnector", {
        summary: "Delete a connector, its credential, its members' links, and what is connected to it",
        needs: "change connectors",
      }),
      jsonBody(Confirmation),
      async function remove(c) {
        const userId = c.var.session.user.id;
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const { id, slug, name, url } = await findConnector(scope, c.req.param("slug"));
          confirmBy(slug, c.req.valid("json"));
          const ended = await archiveConnector(scope, id);
          const entry = { before: { slug, name, upstream: new URL(url).origin }, ended };
          await insertAudit(scope, { event: "connector.deleted", outcome: "ok", userId, connectorId: id, entry });
        });
        return c.body(null, 204);
      },
    );
}
