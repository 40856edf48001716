import { TOKEN_LIFETIMES } from "@gatehouse/oauth/token-lifetimes";
import { insertAudit } from "@gatehouse/store/audit";
import { withOrg } from "@gatehouse/store/database";
import { findTokenLifetimes, updateTokenLifetimes } from "@gatehouse/store/token-lifetimes";
import { Hono } from "hono";
import { z } from "zod";
import { jsonBody } from "../api/fields.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";

const { accessTokenTtlSeconds, refreshTokenTtlSeconds, refreshTokenTtlSecondsMax } = TOKEN_LIFETIMES;

const Lifetimes = z
  .object({
    accessTokenTtlSeconds: within(accessTokenTtlSeconds, "An access token may live for 5 minutes to 12 hours"),
    refreshTokenTtlSeconds: within(refreshTokenTtlSeconds, "An unused connection may stay for 1 hour to 90 days"),
    refreshTokenTtlSecondsMax: within(refreshTokenTtlSecondsMax, "A connection may stay for 1 day to 365 days"),
  })
  .refine(
    (set) =>
      (set.refreshTokenTtlSeconds ?? refreshTokenTtlSeconds.usual) <=
      (set.refreshTokenTtlSecondsMax ?? refreshTokenTtlSecondsMax.usual),
    { path: ["refreshTokenTtlSeconds"], error: "An unused connection cannot stay longer than any connection may" },
  );

/** `null` is the usual. */
function within({ min, max }: { min: number; max: number }, error: string) {
  return z.int(error).min(min, error).max(max, error).nullable();
}

const Seconds = z.int().nullable();
const Bounds = z.object({ usual: z.int(), min: z.int(), max: z.int() });
const LifetimesAnswer = z.object({
  /** `null` is the usual. */
  set: z.object({
    accessTokenTtlSeconds: Seconds,
    refreshTokenTtlSeconds: Seconds,
    refreshTokenTtlSecondsMax: Seconds,
  }),
  bounds: z.object({
    accessTokenTtlSeconds: Bounds,
    refreshTokenTtlSeconds: Bounds,
    refreshTokenTtlSecondsMax: Bounds,
  }),
});

/** `/api/orgs/:org/token-lifetimes` */
export function tokenLifetimes({ db }: Deps) {
  return new Hono<InOrg>()
    .get(
      "/",
      operation("readTokenLifetimes", {
        summary: "Read how long tokens live",
        needs: "set how long tokens live",
        answers: LifetimesAnswer,
      }),
      async function read(c) {
        const set = await withOrg(db, c.var.membership.org.id, findTokenLifetimes);
        return c.json({ set, bounds: TOKEN_LIFETIMES });
      },
    )
    .put(
      "/",
      operation("changeTokenLifetimes", { summary: "Change how long tokens live", needs: "set how long tokens live" }),
      jsonBody(Lifetimes),
      async function change(c) {
        const after = c.req.valid("json");
        const userId = c.var.session.user.id;
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const before = await updateTokenLifetimes(scope, after);
          const entry = { before, after };
          await insertAudit(scope, { event: "token_lifetimes.changed", outcome: "ok", userId, entry });
        });
        return c.body(null, 204);
      },
    );
}
