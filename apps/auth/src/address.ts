import type { Context } from "hono";

/** Where a request comes from, as the router says, which lets nobody else say it. */
export function addressOf(c: Context): string {
  return c.req.header("x-forwarded-for") ?? "";
}
