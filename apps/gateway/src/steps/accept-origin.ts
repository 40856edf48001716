import { Fault } from "@gatehouse/faults";
import type { Dependencies } from "../dependencies.ts";
import type { Step } from "../exchange.ts";

/** A browser may call from our own pages alone; other clients send no `Origin` (2026-07-28, Streamable HTTP, Security). */
export function acceptOrigin({ publicUrl }: Pick<Dependencies, "publicUrl">): Step {
  return function acceptOrigin({ request }) {
    const { origin } = request.headers;
    if (origin === undefined || origin === publicUrl.origin) return;
    throw new Fault("forbidden", "Pages of this origin may not call here");
  };
}
