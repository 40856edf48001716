import { Fault } from "@gatehouse/faults";
import type { Limiter } from "@gatehouse/state/limiter";
import type { HttpBindings } from "@hono/node-server";
import { createMiddleware } from "hono/factory";
import type { SignedIn } from "../signing-in/session.ts";

/** Two hundred at once, and fifty a second for as long as one likes. */
const MAX = 200;
const SECONDS = 4;

/** Of each token, and of each person in their browsers (draft-ietf-httpapi-ratelimit-headers-10). */
export function limitCallers({ limiter }: { limiter: Limiter }) {
  return createMiddleware<SignedIn>(async function limitCallers(c, next) {
    // What the API asks of itself comes with no request of HTTP's.
    if (!(c.env as Partial<HttpBindings> | undefined)?.incoming) return next();
    const { bearer, session } = c.var;
    const caller = bearer ? "token" : "session";
    const meter = limiter.rate(`api:${caller}:${bearer ? bearer.id : session.user.id}`, MAX, SECONDS);
    const waitMs = await meter.take();
    if (waitMs > 0) throw tooMany(caller, Math.ceil(waitMs / 1000));
    await next();
    c.header("ratelimit-policy", policyOf(caller));
    c.header("ratelimit", `"${caller}";r=${meter.remaining}`);
  });
}

const policyOf = (caller: string): string => `"${caller}";q=${MAX};w=${SECONDS}`;

function tooMany(caller: string, seconds: number): Fault {
  const sentence = `This ${caller} is limited to ${MAX} requests in ${SECONDS} s. Try again in ${seconds} s.`;
  return new Fault("rate_limited", sentence, {
    data: { retryAfterSeconds: seconds },
    headers: {
      "retry-after": String(seconds),
      "ratelimit-policy": policyOf(caller),
      ratelimit: `"${caller}";r=0;t=${seconds}`,
    },
  });
}
