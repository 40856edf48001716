import { toFault } from "@gatehouse/faults";
import { claimConnectorsDueForProbe, findConnector } from "@gatehouse/store/connectors";
import { withOrg } from "@gatehouse/store/database";
import { findSuspension } from "@gatehouse/store/suspensions";
import type { DashboardDeps } from "../dashboard.ts";
import { renewVerdict } from "./probe-again.ts";

type Used = Pick<DashboardDeps, "db" | "egress" | "vault" | "log">;

const EVERY_MS = 10 * 60_000;
const AT_ONCE = 4;

/** Probes upstreams whose verdict is a day old, so that none stays wrong. Of many processes, each takes other ones. */
export function keepVerdictsFresh(deps: Used): AsyncDisposable {
  const ending = new AbortController();
  let timer: NodeJS.Timeout;
  let renewing: Promise<void> = Promise.resolve();

  /** At another time than the processes that were started along with this one. */
  function schedule(): void {
    timer = setTimeout(run, EVERY_MS * (0.5 + Math.random())).unref();
  }
  function run(): void {
    renewing = renewStaleVerdicts(deps, ending.signal)
      .catch((err) => deps.log.warn({ err }, "connectors could not be probed again"))
      .finally(() => ending.signal.aborted || schedule());
  }

  schedule();
  return {
    async [Symbol.asyncDispose]() {
      clearTimeout(timer);
      ending.abort();
      await renewing;
    },
  };
}

/** All that are due now, a few at a time. */
export async function renewStaleVerdicts(deps: Used, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const due = await claimConnectorsDueForProbe(deps.db, AT_ONCE);
    if (due.length === 0) return;
    await Promise.all(due.map((connector) => renew(deps, connector, signal)));
  }
}

/** An upstream that does not answer keeps its verdict, and the verdict its date. An org that is suspended looks at none. */
async function renew(deps: Used, { orgId, id }: { orgId: string; id: string }, signal: AbortSignal): Promise<void> {
  const connector = await withOrg(deps.db, orgId, async (scope) =>
    (await findSuspension(scope)) ? null : findConnector(scope, id),
  );
  if (!connector) return;
  await renewVerdict(deps, orgId, connector, signal).catch((thrown) => {
    const fault = toFault(thrown);
    const level = fault.code === "internal" ? "warn" : "debug";
    deps.log[level]({ connector: id, err: fault.cause ?? fault }, "an upstream could not be probed again");
  });
}
