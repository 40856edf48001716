import { findRevocationLag } from "@gatehouse/store/upstream-revocations";
import { keepDoing } from "@gatehouse/telemetry/jobs";
import type { ConnectDeps } from "./connect.ts";
import { revokeUpstream } from "./revoke-upstream.ts";
import { tellBroken } from "./tell-broken.ts";

const LOOK_INTERVAL_MS = 1000;

/** What links need besides anybody's request, until it is disposed: revocations upstream, and mail to their members. */
export function lookAfterLinks(
  deps: Pick<ConnectDeps, "db" | "vault" | "egress" | "log" | "publicUrl" | "operatorClients">,
): AsyncDisposable {
  const stack = new AsyncDisposableStack();
  stack.use(
    keepDoing(
      {
        ...{ name: "revocations", everyMs: LOOK_INTERVAL_MS, failure: "links not revoked upstream" },
        work: () => revokeUpstream(deps),
        findLagSeconds: () => findRevocationLag(deps.db),
      },
      deps.log,
    ),
  );
  stack.use(
    keepDoing(
      {
        ...{ name: "broken_links", everyMs: LOOK_INTERVAL_MS, failure: "members not told of broken links" },
        work: () => tellBroken(deps),
      },
      deps.log,
    ),
  );
  return stack;
}
