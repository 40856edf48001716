import { lookup as resolve } from "node:dns";
import { networkInterfaces } from "node:os";
import { Fault } from "@gatehouse/faults";
import { buildConnector, type Dispatcher, Pool } from "undici";
import { isLoopbackAddress, isPublicAddress, literalAddress } from "./addresses.ts";

export interface EgressOptions {
  /** What the operator allows though it is not public: `host` or `host:port`. */
  allow: readonly string[];
  /** Our own public origins and listeners, never reached from here. */
  ownOrigins: readonly URL[];
  /** Time to connect, TLS included. */
  connectTimeoutMs?: number;
}

/** An upstream's origin, and the `host:port` that its connector alone may reach though it is not public. */
export interface Target {
  origin: string;
  exception?: string | null | undefined;
}

export interface FetchOptions {
  method?: "GET" | "POST" | "DELETE";
  headers?: Record<string, string>;
  body?: string;
  /** The answer may not be longer than this. */
  bytesMax: number;
  /** For the whole exchange, from the look-up of the name to the last byte. */
  timeoutMs: number;
  /** Ends the exchange before that. */
  signal?: AbortSignal | undefined;
  exception?: string | null | undefined;
  /** Is given each chunk, and says when nothing more is waited for: some servers leave their streams open. */
  enough?: ((chunk: Buffer) => boolean) | undefined;
}

export interface FetchedAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** The only way out of the house. Redirects are never followed. */
export interface Egress extends AsyncDisposable {
  /** Throws `egress_refused` for what is refused without looking a name up: scheme, userinfo, literals, our own origins. */
  check(url: URL, exception?: string | null): void;
  /** Connections for calls; `streams` has its own, so that long streams never take a call's place. */
  pool(target: Target, kind?: "calls" | "streams"): Dispatcher;
  /** One small exchange, bounded in time and size, for everything that is not the path of a call. */
  fetch(url: URL, options: FetchOptions): Promise<FetchedAnswer>;
}

const IDLE_POOL_MS = 10 * 60_000;
const CONNECTIONS_MAX = { calls: 256, streams: 4096 };

interface PooledConnections {
  pool: Pool;
  usedAt: number;
}

export function openEgress({ allow, ownOrigins, connectTimeoutMs = 5000 }: EgressOptions): Egress {
  const allowed = new Set(allow.map((entry) => entry.toLowerCase()));
  const own = new Set(ownOrigins.map(hostAndPort));
  const ownPorts = new Set(ownOrigins.map(portOf));
  const pools = new Map<string, PooledConnections>();

  function isAllowed(url: URL, exception: string | null | undefined): boolean {
    return allowed.has(url.hostname) || allowed.has(hostAndPort(url)) || hostAndPort(url) === exception;
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
    if (isPublicAddress(address) || isAllowed(url, exception)) return;
    throw refused(url, `${address} is not an address of the public internet`);
  }

  /** Every address that the name has must pass, so that none can be slipped in among good ones. */
  function connector(origin: URL, exception: string | null | undefined): buildConnector.connector {
    const connect = buildConnector({
      timeout: connectTimeoutMs,
      lookup(hostname, options, done) {
        resolve(hostname, { ...options, all: true }, (error, addresses) => {
          if (error) return done(error, [] as never);
          try {
            for (const { address } of addresses) checkAddress(origin, address, exception);
          } catch (fault) {
            return done(fault as Error, [] as never);
          }
          if (options.all) return done(null, addresses);
          done(null, addresses[0]!.address, addresses[0]!.family);
        });
      },
    });
    return (options, done) => {
      try {
        check(origin, exception);
      } catch (fault) {
        return done(fault as Error, null);
      }
      connect(options, done);
    };
  }

  function pool({ origin, exception }: Target, kind: keyof typeof CONNECTIONS_MAX = "calls"): Pool {
    const key = `${kind} ${origin} ${exception ?? ""}`;
    let entry = pools.get(key);
    if (!entry) {
      const settings = { connect: connector(new URL(origin), exception), connections: CONNECTIONS_MAX[kind] };
      const timeouts = kind === "streams" ? { bodyTimeout: 0 } : {};
      entry = { pool: new Pool(origin, { ...settings, ...timeouts }), usedAt: 0 };
      pools.set(key, entry);
    }
    entry.usedAt = Date.now();
    return entry.pool;
  }

  const sweep = setInterval(() => {
    for (const [key, { pool, usedAt }] of pools) {
      if (Date.now() - usedAt < IDLE_POOL_MS || pool.stats.running > 0) continue;
      pools.delete(key);
      pool.close().catch(() => {});
    }
  }, IDLE_POOL_MS / 10);
  sweep.unref();

  return {
    check,
    pool,
    async fetch(url, options) {
      check(url, options.exception);
      return fetchBounded(pool({ origin: url.origin, exception: options.exception }), url, options);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(sweep);
      await Promise.all([...pools.values()].map(({ pool }) => pool.destroy()));
    },
  };
}

async function fetchBounded(
  pool: Pool,
  url: URL,
  { method = "GET", headers = {}, body, bytesMax, timeoutMs, signal: given, enough }: FetchOptions,
): Promise<FetchedAnswer> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const signal = given ? AbortSignal.any([timeout, given]) : timeout;
  try {
    const answer = await pool.request({
      path: url.pathname + url.search,
      method,
      headers,
      body: body ?? null,
      signal,
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

/** What undici or the system threw, in words for whoever chose the upstream. */
export function describeFailure(error: unknown, host: string): Fault {
  if (error instanceof Fault) return error;
  const { code = "", name = "" } = error as { code?: string; name?: string };
  if (name === "TimeoutError" || /TIMEOUT/.test(code) || code === "ETIMEDOUT") {
    return new Fault("upstream_timeout", `${host} did not answer in time`, { cause: error });
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return new Fault("upstream_failed", `There is no server by the name ${host}`, { cause: error });
  }
  if (code === "ECONNREFUSED") return new Fault("upstream_failed", `${host} refuses connections`, { cause: error });
  if (/CERT|SSL|TLS|UNABLE_TO_VERIFY|SELF_SIGNED/.test(code)) {
    return new Fault("upstream_failed", `${host} has no valid TLS certificate (${code})`, { cause: error });
  }
  return new Fault("upstream_failed", `The connection to ${host} failed (${code || name || "unknown error"})`, {
    cause: error,
  });
}

function refused(url: URL, reason: string): Fault {
  return new Fault("egress_refused", `${url.origin === "null" ? url.protocol : url.origin} is refused: ${reason}`);
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
