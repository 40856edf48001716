import { withOrg } from "@gatehouse/store/database";
import { findFirstSteps } from "@gatehouse/store/first-steps";
import { Hono } from "hono";
import { z } from "zod";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";

const FirstStepsAnswer = z.object({
  /** The one that was registered first. */
  connector: z.object({ slug: z.string(), name: z.string() }).nullable(),
  ...{ isSeen: z.boolean(), hasChosen: z.boolean(), hasInvited: z.boolean(), hasConnected: z.boolean() },
});

/** `/api/orgs/:org/first-steps`: how far an org has come with its first connector. */
export function firstSteps({ db }: Deps) {
  return new Hono<InOrg>().get(
    "/",
    operation("readFirstSteps", {
      summary: "Read how far the org has come with its first connector",
      needs: "change connectors",
      answers: FirstStepsAnswer,
    }),
    async function read(c) {
      return c.json(await withOrg(db, c.var.membership.org.id, findFirstSteps));
    },
  );
}
