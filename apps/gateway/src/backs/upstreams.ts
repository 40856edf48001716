import { describeFailure } from "@gatehouse/egress/egress";
import { type Guard, type GuardState, openGuard } from "@gatehouse/egress/guard";
import { SIGN_OF_LIFE } from "@gatehouse/egress/limits";
import { Fault } from "@gatehouse/faults";
import { type Database, withOrg } from "@gatehouse/store/database";
import { deleteOutage, putOutage } from "@gatehouse/store/outages";
import {
  breakerOpen,
  connectorUp,
  upstreamActive,
  upstreamRefusals,
  upstreamRetries,
  upstreamTimeouts,
} from "@gatehouse/telemetry/events";
import type { Dependencies } from "../dependencies.ts";
import { errorTypeOf } from "../error-type.ts";
import type { Exchange } from "../exchange.ts";
import type { ConnectorSnapshot, OrgSnapshot } from "../snapshots.ts";
import { addressOf } from "./upstream-request.ts";

/** One request to an upstream: let in by its guard, and traced. It ends in one of three ways. */
export interface UpstreamRequest {
  /** W3C Trace Context of its span. */
  readonly traceparent: string;
  answered(status: number, errorType?: string): void;
  /** `status` is 0 where no response began. */
  failed(error: Error, status: number): void;
  /** Nothing of a response has come, and the budget has room: as many milliseconds later; `null` where it is not to be. */
  retryAfterMs(error: Error): number | null;
}

/** What is known of upstreams by what becomes of requests to them, and by a light probe of those that nobody calls. */
export interface Upstreams extends Disposable {
  /** Throws where the upstream is left alone, or has too much to do. */
  begin(exchange: Exchange, options?: RequestOptions): UpstreamRequest;
}

export interface RequestOptions {
  attributes?: Record<string, string>;
  /** It lasts for as long as somebody listens, so that how long it takes says nothing. */
  isStream?: boolean;
}

interface Known {
  connector: ConnectorSnapshot;
  orgId: string;
  orgSlug: string;
  guard: Guard;
  /** At which look it is probed, unless somebody calls it before. */
  probedAt: number;
}

/** Full jitter. */
const RETRY_MS_MAX = 250;
const LOOK_EVERY_MS = 10_000;
/** So many looks without a call, more or less, and it is probed. */
const QUIET_LOOKS = 30;
const PROBES_MAX = 32;
/** A gateway knows of no more. */
const KNOWN_MAX = 10_000;

export interface UpstreamsOptions extends Pick<Dependencies, "egress" | "log" | "snapshots"> {
  db: Database;
  lookEveryMs?: number | undefined;
}

export function openUpstreams({
  egress,
  db,
  log,
  snapshots,
  lookEveryMs = LOOK_EVERY_MS,
}: UpstreamsOptions): Upstreams {
  const byId = new Map<string, Known>();
  let looks = 0;
  let probing = 0;

  snapshots.onChange((org, orgId) => {
    const there = org && !org.suspended ? org.connectors : new Map<string, ConnectorSnapshot>();
    for (const [id, known] of byId) if (known.orgId === orgId && !there.has(id)) byId.delete(id);
    for (const connector of there.values()) if (byId.size < KNOWN_MAX) find(org!, connector);
  });

  function find(org: Pick<OrgSnapshot, "id" | "slug">, connector: ConnectorSnapshot): Known {
    const known = byId.get(connector.id);
    if (known && known.connector.origin === connector.origin) {
      known.connector = connector;
      known.orgSlug = org.slug;
      return known;
    }
    if (byId.size >= KNOWN_MAX) byId.delete(byId.keys().next().value!);
    const labels = [org.slug, connector.slug] as const;
    const guard = openGuard({
      name: connector.name,
      onRefusal: (reason) => upstreamRefusals.add(1, ...labels, reason),
      onChange: (state) => void tell(made, state),
    });
    const made: Known = { connector, orgId: org.id, orgSlug: org.slug, guard, probedAt: someTimeLater() };
    byId.set(connector.id, made);
    return made;
  }

  /** Not all at once, and not when other replicas do. */
  const someTimeLater = () => looks + Math.ceil(QUIET_LOOKS * (0.5 + Math.random()));

  function guardOf({ org, connector }: Exchange): Guard {
    const known = find(org, connector);
    known.probedAt = looks + QUIET_LOOKS;
    return known.guard;
  }

  /** For the dashboard. */
  async function tell({ orgId, connector }: Known, { isUp, reason }: GuardState): Promise<void> {
    const { id: connectorId, slug } = connector;
    if (isUp) log.info({ connector: slug }, "an upstream answers again");
    else log.warn({ connector: slug, reason }, "an upstream does not answer");
    await withOrg(db, orgId, (org) =>
      isUp ? deleteOutage(org, connectorId) : putOutage(org, { connectorId, reason: reason! }),
    ).catch((err) => log.warn({ err }, "an upstream's state is not written"));
  }

  /**
   * Any answer at all is a sign of life; nothing is shown that opens anything. What is asked has no effect, and opens no stream
   * (RFC 9110 §9.3.7).
   */
  async function probe(known: Known): Promise<void> {
    const { connector, guard } = known;
    try {
      guard.enter();
    } catch {
      return;
    }
    known.probedAt = looks + 1;
    try {
      const url = new URL(connector.path.split("?", 1)[0]!, connector.origin);
      const { egressException: exception, id: boundary } = connector;
      const asked = { method: "OPTIONS" as const, headers: { "user-agent": "gatehouse" }, exception, boundary };
      const { status } = await egress.fetch(url, { ...SIGN_OF_LIFE, ...asked, enough: () => true });
      if (isOutage(status)) guard.failed(`HTTP ${status}`);
      else guard.answered();
    } catch (error) {
      guard.failed(describeFailure(error, new URL(connector.origin).host).message);
    }
    if (guard.state.reason === null) known.probedAt = someTimeLater();
    if (!guard.state.isUp) await tell(known, guard.state);
  }

  /** Whoever has waited longest comes first. */
  function look(): void {
    looks++;
    const due = byId.values().filter((known) => !known.guard.state.isUp || isQuiet(known));
    for (const known of due.take(PROBES_MAX - probing).toArray()) {
      byId.delete(known.connector.id);
      byId.set(known.connector.id, known);
      probing++;
      void probe(known).finally(() => probing--);
    }
  }

  /** Who asks for a certificate may say nothing to somebody without one. */
  const isQuiet = ({ probedAt, connector }: Known) =>
    probedAt <= looks && !connector.access.some(({ kind }) => kind === "mtls");

  const timer = setInterval(look, lookEveryMs);
  timer.unref();

  const observed = new DisposableStack();
  const each = (value: (state: GuardState) => number) => () =>
    Array.from(
      byId.values(),
      ({ guard, orgSlug, connector }) => [value(guard.state), orgSlug, connector.slug] as [number, string, string],
    );
  observed.use(connectorUp.observe(each(({ isUp }) => (isUp ? 1 : 0))));
  observed.use(breakerOpen.observe(each(({ open }) => open)));
  observed.use(upstreamActive.observe(each(({ active }) => active)));
  observed.defer(() => clearInterval(timer));

  return {
    begin(exchange, { attributes = {}, isStream = false } = {}) {
      const guard = isStream ? UNGUARDED : guardOf(exchange);
      guard.enter();
      return beginRequest(exchange, guard, attributes);
    },
    [Symbol.dispose]: () => observed.dispose(),
  };
}

const UNGUARDED: Pick<Guard, "enter" | "answered" | "failed" | "givenUp" | "mayRetry"> = {
  enter() {},
  answered() {},
  failed() {},
  givenUp() {},
  mayRetry: () => false,
};

function beginRequest(
  exchange: Exchange,
  guard: typeof UNGUARDED,
  attributes: Record<string, string>,
): UpstreamRequest {
  const { connector } = exchange;
  const { slug: orgSlug } = exchange.org;
  const operation = exchange.operation.startClient(() => ({ ...addressOf(connector), ...attributes }));
  return {
    traceparent: operation.traceparent,
    answered(status, errorType) {
      if (isOutage(status)) guard.failed(`HTTP ${status}`);
      else guard.answered();
      operation.end(errorType);
    },
    failed(error, status) {
      const phase = latePhase(error);
      if (phase) upstreamTimeouts.add(1, orgSlug, connector.slug, phase);
      const fault = describeFailure(error, new URL(connector.origin).host);
      if (isOutage(status)) guard.failed(`HTTP ${status}`);
      else if (!(error instanceof Fault) || phase) guard.failed(fault.message);
      else if (status > 0) guard.answered();
      else guard.givenUp();
      operation.end(errorTypeOf(fault));
    },
    retryAfterMs(error) {
      const isSafe = exchange.access === "read" ? isConnectionLost(error) : isNeverConnected(error);
      if (!isSafe || !guard.mayRetry()) return null;
      upstreamRetries.add(1, orgSlug, connector.slug);
      return Math.random() * RETRY_MS_MAX;
    },
  };
}

/** What a proxy in front of the upstream says of it. */
const isOutage = (status: number) => status === 502 || status === 503 || status === 504;

const codeOf = (error: Error) => (error as { code?: string }).code ?? "";

/** Nothing can have been sent. */
const isNeverConnected = (error: Error) => /^(ECONNREFUSED|UND_ERR_CONNECT_TIMEOUT|EAI_AGAIN)$/.test(codeOf(error));

/** The connection is gone without an answer: what only reads may be asked again. */
const isConnectionLost = (error: Error) =>
  isNeverConnected(error) || /^(ECONNRESET|EPIPE|UND_ERR_SOCKET)$/.test(codeOf(error));

/** Which deadline it missed. */
function latePhase(error: Error): string | undefined {
  if (error instanceof Fault) return error.code === "upstream_timeout" ? "whole" : undefined;
  const phases: Record<string, string> = {
    UND_ERR_CONNECT_TIMEOUT: "connect",
    UND_ERR_HEADERS_TIMEOUT: "first_byte",
    UND_ERR_BODY_TIMEOUT: "idle",
  };
  return phases[codeOf(error)];
}
