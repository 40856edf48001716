import { Fault } from "@gatehouse/faults";
import type { Wait } from "@gatehouse/state/limiter";
import type { Dependencies } from "../dependencies.ts";
import type { Step } from "../exchange.ts";

/** Per member, then per org: whoever is over the limit is told whose it is, and when it ends. */
export function limit({ state, limits }: Pick<Dependencies, "state" | "limits">): Step {
  return function limit({ token, org }) {
    const member = state.limiter.take(`member:${org.id}:${token.subject}`, limits.member);
    if (typeof member !== "number") return member.then((wait) => takeForOrg(wait, org.id));
    return takeForOrg(member, org.id);
  };

  function takeForOrg(memberWait: Wait, orgId: string): void | Promise<void> {
    if (memberWait > 0) throw limited("member", memberWait, limits.member.points, limits.member.seconds);
    const org = state.limiter.take(`org:${orgId}`, limits.org);
    if (typeof org !== "number") return org.then(refuseForOrg);
    refuseForOrg(org);
  }

  function refuseForOrg(wait: Wait): void {
    if (wait > 0) throw limited("org", wait, limits.org.points, limits.org.seconds);
  }
}

function limited(whose: "member" | "org", waitMs: Wait, points: number, seconds: number): Fault {
  const retryAfter = Math.ceil(waitMs / 1000);
  return new Fault(
    "rate_limited",
    `This ${whose} has used up ${points} calls in ${seconds} s. Try again in ${retryAfter} s.`,
    { headers: { "retry-after": String(retryAfter) }, data: { limit: whose, retryAfterSeconds: retryAfter } },
  );
}
