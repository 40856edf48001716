import type { Exchange } from "../exchange.ts";
import { nameOf, type Refusal } from "./call-limits.ts";

/** What passes says how much is left (draft-ietf-httpapi-ratelimit-headers-10); as a flat list of names and values. */
export function rateLimitHeaders({ limits, toolLimits }: Exchange): string[] {
  const [all, ofTool] = [limits?.tightest ?? null, toolLimits?.tightest ?? null];
  const tightest = all && ofTool ? (share(ofTool) < share(all) ? ofTool : all) : (all ?? ofTool);
  if (tightest === null) return [];
  const policy = limits && toolLimits ? `${limits.policy}, ${toolLimits.policy}` : (limits ?? toolLimits)!.policy;
  return ["ratelimit-policy", policy, "ratelimit", `${nameOf(tightest)};r=${tightest.gauge.remaining}`];
}

const share = ({ gauge, max }: Refusal["limit"]): number => gauge.remaining / max;

/** In whole seconds, so that it has ended by then. */
export function refusalHeaders({ limit, waitMs }: Refusal): Record<string, string> {
  const seconds = Math.ceil(waitMs / 1000);
  return { "retry-after": String(seconds), ratelimit: `${nameOf(limit)};r=0;t=${seconds}` };
}
