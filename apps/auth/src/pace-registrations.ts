import { isIPv6 } from "node:net";
import type { KoaContextWithOIDC } from "oidc-provider";
import { openPace, type PaceOptions } from "./pace.ts";

export interface RegistrationLimits {
  everybody: PaceOptions;
  oneAddress: PaceOptions;
  /** So many clients that nobody has used are kept; beyond that, the oldest go first. */
  unusedCountMax: number;
}

/**
 * All of Claude's users come from a handful of addresses, and each connection registers a client: an address may go on
 * at five a second for good. Clients wait 10 s for an answer, so they are made to wait before they are refused.
 */
export const REGISTRATION_LIMITS: RegistrationLimits = {
  everybody: { perSecond: 20, burst: 400, waitMsMax: 4000 },
  oneAddress: { perSecond: 5, burst: 200, waitMsMax: 4000 },
  unusedCountMax: 100_000,
};

/** A flood of registrations (RFC 7591) is slowed, by address first; nobody is locked out. */
export function paceRegistrations({ oneAddress, everybody }: RegistrationLimits) {
  const [paceAddress, paceAll] = [openPace(oneAddress), openPace(everybody)];
  return async function paceRegistrations(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
    if (ctx.method === "POST" && ctx.path === "/oauth/register") {
      await paceAddress(networkOf(ctx.get("x-forwarded-for")));
      await paceAll("");
    }
    await next();
  };
}

/** One subscriber has a whole /64 of IPv6 addresses. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.startsWith("::ffff:")) return address;
  const [head = "", tail = ""] = address.split("%")[0]!.split("::");
  const [first, last] = [head.split(":").filter(Boolean), tail.split(":").filter(Boolean)];
  const zeros = Array<string>(Math.max(0, 8 - first.length - last.length)).fill("0");
  return [...first, ...zeros, ...last].slice(0, 4).join(":");
}
