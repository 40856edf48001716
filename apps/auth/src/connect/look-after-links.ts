import type { ConnectDeps } from "./connect.ts";
import { revokeUpstream } from "./revoke-upstream.ts";
import { tellBroken } from "./tell-broken.ts";

const LOOK_INTERVAL_MS = 1000;

/** What links need besides anybody's request, until it is disposed: revocations upstream, and mail to their members. */
export function lookAfterLinks(
  deps: Pick<ConnectDeps, "db" | "vault" | "egress" | "log" | "publicUrl" | "operatorClients">,
): AsyncDisposable {
  let looking: Promise<unknown> | null = null;
  const timer = setInterval(() => {
    looking ??= Promise.all([revokeUpstream(deps), tellBroken(deps)])
      .catch((error) => deps.log.error({ err: error }, "links not looked after"))
      .finally(() => {
        looking = null;
      });
  }, LOOK_INTERVAL_MS);
  timer.unref();
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await looking;
    },
  };
}
