import { type LookupAddress, type LookupOptions, lookup as resolve } from "node:dns";
import { networkInterfaces } from "node:os";
import { createSecureContext, type SecureContext } from "node:tls";
import { Fault } from "@gatehouse/faults";
import { poolConnections, poolWaiting } from "@gatehouse/telemetry/events";
import type { Observation } from "@gatehouse/telemetry/metrics";
import { buildConnector, type Dispatcher, Pool } from "undici";
import { isLoopbackAddress, isPublicAddress, literalAddress } from "./addresses.ts";
import { readAllowance } from "./allowance.ts";
import { CONNECT_TIMEOUT_MS, REQUEST_BYTES_MAX } from "./limits.ts";
import { type OutboundProxy, openProxy } from "./tunnel.ts";

export interface EgressOptions {
  /** What the operator allows though it is not public: hosts and CIDR blocks, with or without a port. */
  allow: readonly string[];
  /** Our own public origins and listeners, never reached from here. */
  ownOrigins: readonly URL[];
  /** Through which everything leaves. Addresses are looked up and filtered here all the same. */
  proxy?: URL | undefined;
  /** Time to connect, TLS included. */
  connectTimeoutMs?: number;
  /** To one place; half of what a machine has ports for, where nothing is said. */
  streamsMax?: number;
}

/** What we show at the TLS handshake, and what the server is checked by. */
export interface ClientTls {
  certificate: string;
  key: string;
  /** In place of the public authorities. */
  ca?: string | undefined;
}

/** An upstream's origin, and the `host:port` that its connector alone may reach though it is not public. */
export interface Target {
  origin: string;
  exception?: string | null | undefined;
  /** Connections are shared within it alone: whose they are, and what they were opened with. */
  boundary?: string | undefined;
  /** Asked for when a connection is made. */
  tls?: (() => ClientTls) | undefined;
}

export interface FetchOptions extends Omit<Target, "origin"> {
  method?: "GET" | "OPTIONS" | "POST" | "DELETE";
  headers?: Record<string, string>;
  body?: string;
  /** The answer may not be longer than this. */
  bytesMax: number;
  /** For the whole exchange, from the look-up of the name to the last byte. */
  timeoutMs: number;
  /** Ends the exchange before that. */
  signal?: AbortSignal | undefined;
  /** How many redirects are followed; none where nothing is said. For GET alone, and headers go to no other origin. */
  redirectsMax?: number | undefined;
  /** Is given each chunk, and says when nothing more is waited for: some servers leave their streams open. */
  enough?: ((chunk: Buffer) => boolean) | undefined;
}

export interface FetchedAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** The only way out of the house. Redirects are followed where that is asked for, and each is checked again. */
export interface Egress extends AsyncDisposable {
  /** Throws `egress_refused` for what is refused without looking a name up: scheme, userinfo, literals, our own origins. */
  check(url: URL, exception?: string | null): void;
  /**
   * Connections for calls; `streams` has its own, so that long streams never take a call's place. Throws where there are so
   * many streams that one more would wait for another's end.
   */
  pool(target: Target, kind?: "calls" | "streams"): Dispatcher;
  /** One small exchange, bounded in time and size, for everything that is not the path of a call. */
  fetch(url: URL, options: FetchOptions): Promise<FetchedAnswer>;
}

const IDLE_POOL_MS = 10 * 60_000;
const CALLS_MAX = 256;
const STREAMS_MAX = 14_000;

const KINDS = ["calls", "streams"] as const;
type Kind = (typeof KINDS)[number];

interface PooledConnections {
  kind: Kind;
  pool: Pool;
  usedAt: number;
}

export function openEgress({
  allow,
  ownOrigins,
  proxy: proxyUrl,
  connectTimeoutMs = CONNECT_TIMEOUT_MS,
  streamsMax = STREAMS_MAX,
}: EgressOptions): Egress {
  const allowance = readAllowance(allow);
  const proxy = proxyUrl ? openProxy(proxyUrl, connectTimeoutMs) : null;
  const own = new Set(ownOrigins.map(hostAndPort));
  const ownPorts = new Set(ownOrigins.map(portOf));
  const pools = new Map<string, PooledConnections>();

  function isAllowed(url: URL, address: string, exception: string | null | undefined): boolean {
    if (hostAndPort(url) === exception || allowance.allowsName(url.hostname, portOf(url))) return true;
    return allowance.allowsAddress(address, portOf(url));
  }

  function check(url: URL, exception?: string | null): void {
    if (url.protocol !== "https:" && url.protocol !== "http:") throw refused(url, "only http and https are allowed");
    if (url.username || url.password) throw refused(url, "a URL must not hold a user name or password");
    if (own.has(hostAndPort(url))) throw refused(url, "it is Gatehouse itself");
    const literal = literalAddress(url.hostname);
    if (literal) checkAddress(url, literal, exception);
  }

  function checkAddress(url: URL, address: string, exception: string | null | undefined): void {
    if (ownPorts.has(portOf(url)) && isOwnAddress(address)) throw refused(url, "it is Gatehouse itself");
    if (isPublicAddress(address) || isAllowed(url, address, exception)) return;
    throw refused(url, `${address} is not an address of the public internet`, { canBeAllowed: true });
  }

  /** Every address that the name has must pass, so that none can be slipped in among good ones. */
  function lookUp(origin: URL, exception: string | null | undefined) {
    return function lookUp(hostname: string, options: LookupOptions, done: LookedUp): void {
      resolve(hostname, { ...options, all: true }, (error, addresses) => {
        if (error) return done(error, []);
        try {
          for (const { address } of addresses) checkAddress(origin, address, exception);
        } catch (fault) {
          return done(fault as Error, []);
        }
        if (options.all) return done(null, addresses);
        done(null, addresses[0]!.address, addresses[0]!.family);
      });
    };
  }

  function connector({ origin, exception, tls }: Target): buildConnector.connector {
    const url = new URL(origin);
    const lookup = lookUp(url, exception);
    return function connect(options, done) {
      try {
        check(url, exception);
        const material = tls ? { secureContext: contextOf(tls()) } : {};
        const direct = buildConnector({ timeout: connectTimeoutMs, lookup: lookup as never, ...material });
        if (proxy) connectThrough(proxy, { url, lookup, direct }, options, done);
        else direct(options, done);
      } catch (fault) {
        done(fault as Error, null);
      }
    };
  }

  function pool(target: Target, kind: Kind = "calls"): Pool {
    const { origin, exception, boundary } = target;
    const key = `${kind} ${origin} ${exception ?? ""} ${boundary ?? ""}`;
    let entry = pools.get(key);
    if (!entry) {
      const bounds = kind === "streams" ? { connections: streamsMax, bodyTimeout: 0 } : { connections: CALLS_MAX };
      entry = { kind, pool: new Pool(origin, { connect: connector(target), ...bounds }), usedAt: 0 };
      pools.set(key, entry);
    }
    entry.usedAt = Date.now();
    if (kind === "streams" && entry.pool.stats.size >= streamsMax) throw tooManyStreams(origin);
    return entry.pool;
  }

  /** One exchange, and those that it redirects to. */
  async function fetch(url: URL, options: FetchOptions): Promise<FetchedAnswer> {
    const { redirectsMax = 0, method = "GET", exception, boundary, tls } = options;
    check(url, exception);
    const answer = await fetchBounded(pool({ origin: url.origin, exception, boundary, tls }), url, options);
    const next = method === "GET" && redirectsMax > 0 ? redirectOf(answer, url) : null;
    if (!next) return answer;
    const sameOrigin = next.origin === url.origin;
    const more = sameOrigin
      ? options
      : { ...options, headers: harmless(options.headers), tls: undefined, boundary: "" };
    return fetch(next, { ...more, redirectsMax: redirectsMax - 1 });
  }

  const sweep = setInterval(() => {
    for (const [key, { pool, usedAt }] of pools) {
      if (Date.now() - usedAt < IDLE_POOL_MS || pool.stats.running > 0) continue;
      pools.delete(key);
      pool.close().catch(() => {});
    }
  }, IDLE_POOL_MS / 10);
  sweep.unref();

  const observed = new DisposableStack();
  observed.use(poolConnections.observe(() => KINDS.flatMap((kind) => connectionsOf(kind, statsOf(kind)))));
  observed.use(poolWaiting.observe(() => KINDS.map((kind) => [sum(statsOf(kind), "queued"), nameOf(kind)])));

  function statsOf(kind: Kind): Pool["stats"][] {
    return [...pools.values()].filter((entry) => entry.kind === kind).map(({ pool }) => pool.stats);
  }

  return {
    check,
    pool,
    fetch(url, { timeoutMs, signal: given, ...options }) {
      const timeout = AbortSignal.timeout(timeoutMs);
      const signal = given ? AbortSignal.any([timeout, given]) : timeout;
      return fetch(url, { ...options, timeoutMs, signal });
    },
    async [Symbol.asyncDispose]() {
      observed[Symbol.dispose]();
      clearInterval(sweep);
      await Promise.all([...pools.values()].map(({ pool }) => pool.destroy()));
      await proxy?.[Symbol.asyncDispose]();
    },
  };
}

const nameOf = (kind: Kind) => `upstream ${kind}`;

function connectionsOf(kind: Kind, stats: Pool["stats"][]): Observation[] {
  const idle = sum(stats, "free");
  return [
    [sum(stats, "connected") - idle, nameOf(kind), "used"],
    [idle, nameOf(kind), "idle"],
  ];
}

function sum(stats: Pool["stats"][], key: "connected" | "free" | "queued"): number {
  return stats.reduce((total, one) => total + one[key], 0);
}

type LookedUp = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

interface Way {
  url: URL;
  lookup: (hostname: string, options: LookupOptions, done: LookedUp) => void;
  direct: buildConnector.connector;
}

/** The name is looked up here, and the proxy is told of the address alone. TLS is between us and the upstream. */
function connectThrough(
  proxy: OutboundProxy,
  { url, lookup, direct }: Way,
  options: buildConnector.Options,
  done: buildConnector.Callback,
): void {
  const port = portOf(url);
  function tunnel(address: string): void {
    proxy.connect(address, port).then(
      (socket) => {
        if (url.protocol === "https:") direct({ ...options, httpSocket: socket }, done);
        else done(null, socket);
      },
      (error) => done(error, null),
    );
  }
  const literal = literalAddress(url.hostname);
  if (literal) return tunnel(literal);
  lookup(url.hostname, {}, (error, address) => (error ? done(error, null) : tunnel(address as string)));
}

/** A connection keeps the options that it was made with; the key is in the context, where the heap does not have it. */
function contextOf({ certificate: cert, key, ca }: ClientTls): SecureContext {
  return createSecureContext({ cert, key, ...(ca ? { ca } : {}) });
}

/** Where an answer sends us on to; `null` where it does not. Never from https to http. */
function redirectOf({ status, headers }: FetchedAnswer, from: URL): URL | null {
  if (![301, 302, 303, 307, 308].includes(status)) return null;
  const next = URL.parse(String(headers.location ?? ""), from.href);
  if (!next) return null;
  if (from.protocol === "https:" && next.protocol !== "https:") throw refused(next, "it is a redirect away from https");
  return next;
}

/** What may be said to an origin that was not chosen. */
function harmless(headers: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => /^(accept|user-agent|mcp-protocol-version)$/i.test(name)),
  );
}

async function fetchBounded(
  pool: Pool,
  url: URL,
  { method = "GET", headers = {}, body, bytesMax, timeoutMs, signal, enough }: FetchOptions,
): Promise<FetchedAnswer> {
  if (body !== undefined && body.length > REQUEST_BYTES_MAX) {
    throw new Fault("too_large", `No more than ${REQUEST_BYTES_MAX} bytes are sent to ${url.host} at once`);
  }
  try {
    const answer = await pool.request({
      path: url.pathname + url.search,
      method,
      headers,
      body: body ?? null,
      signal: signal ?? null,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
    });
    answer.body.on("error", () => {});
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of answer.body) {
      length += chunk.length;
      if (length > bytesMax) {
        answer.body.destroy();
        throw new Fault("upstream_failed", `${url.host} sent more than ${bytesMax} bytes`);
      }
      chunks.push(chunk);
      if (enough?.(chunk)) break;
    }
    return { status: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) };
  } catch (error) {
    throw describeFailure(error, url.host);
  }
}

/** What kept an upstream from answering. */
export type Failure = "timeout" | "name" | "refused" | "client_certificate" | "tls" | "other";

/** What undici or the system threw. */
export function failureOf(error: unknown): Failure {
  const { code = "", name = "" } = (error ?? {}) as { code?: string; name?: string };
  if (name === "TimeoutError" || /TIMEOUT|ETIMEDOUT/.test(code)) return "timeout";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "name";
  if (code === "ECONNREFUSED") return "refused";
  if (/ALERT_(BAD_CERTIFICATE|CERTIFICATE_|UNKNOWN_CA|HANDSHAKE|ACCESS_DENIED)/.test(code)) return "client_certificate";
  return /CERT|SSL|TLS|EPROTO|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|SELF_SIGNED/.test(code) ? "tls" : "other";
}

/** As `failureOf`, in words for whoever chose the upstream. */
export function describeFailure(error: unknown, host: string): Fault {
  if (error instanceof Fault) return error;
  const { code = "", name = "" } = error as { code?: string; name?: string };
  const because = { cause: error };
  switch (failureOf(error)) {
    case "timeout":
      return new Fault("upstream_timeout", `${host} did not answer in time`, because);
    case "name":
      return new Fault("upstream_failed", `There is no server by the name ${host}`, because);
    case "refused":
      return new Fault("upstream_failed", `${host} refuses connections`, because);
    case "client_certificate":
      return new Fault("upstream_failed", `${host} refuses our client certificate, or wants one (${code})`, because);
    case "tls":
      return new Fault("upstream_failed", `${host} ${tlsProblem(code)} (${code})`, because);
    case "other":
      return new Fault(
        "upstream_failed",
        `The connection to ${host} failed (${code || name || "unknown error"})`,
        because,
      );
  }
}

function tlsProblem(code: string): string {
  if (code === "CERT_HAS_EXPIRED") return "has a TLS certificate that has expired";
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "has a TLS certificate for another name";
  if (/SELF_SIGNED|UNABLE_TO_/.test(code)) return "has a TLS certificate of no authority that is known here";
  return /WRONG_VERSION|EPROTO/.test(code) ? "does not speak TLS" : "has no valid TLS certificate";
}

function tooManyStreams(origin: string): Fault {
  return new Fault("upstream_failed", `so many streams are open at ${origin} that there is no place for one more`);
}

/** `canBeAllowed`: by whoever runs this. */
function refused(url: URL, reason: string, data?: { canBeAllowed: true }): Fault {
  const place = url.origin === "null" ? url.protocol : url.origin;
  return new Fault("egress_refused", `${place} is refused: ${reason}`, data && { data });
}

function portOf(url: URL): string {
  return url.port || (url.protocol === "https:" ? "443" : "80");
}

function hostAndPort(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

function isOwnAddress(address: string): boolean {
  if (isLoopbackAddress(address)) return true;
  return Object.values(networkInterfaces()).some((list) => list?.some((own) => own.address === address));
}
