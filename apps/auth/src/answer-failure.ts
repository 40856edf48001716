import { renderFault, toFault } from "@gatehouse/faults";
import { unavailableIfUnreachable } from "@gatehouse/store/database";
import type { Logger } from "@gatehouse/telemetry/log";
import type { KoaContextWithOIDC } from "oidc-provider";

/** What fails around oidc-provider, and not in it. */
export function answerFailure(log: Logger) {
  return async function answerFailure(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
    try {
      await next();
    } catch (error) {
      const fault = toFault(unavailableIfUnreachable(error));
      if (fault.status >= 500) log.error({ err: error }, "authorization server failed");
      const { status, headers, body } = renderFault(fault, "oauth");
      ctx.status = status;
      ctx.set(headers);
      ctx.body = body;
    }
  };
}
