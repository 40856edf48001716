import { hash } from "node:crypto";
import { Fault } from "@gatehouse/faults";
import { META } from "@gatehouse/mcp/eras";
import type { Notification, Params, Request } from "@gatehouse/mcp/message";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import { isChange } from "./changes.ts";
import { openUpstreamSession, type UpstreamSession } from "./upstream-session.ts";

export interface UpstreamSessions extends AsyncDisposable {
  /** The replica that has the session of this exchange's client; where none has, this one takes it upon itself. */
  holder(exchange: Exchange): string | Promise<string>;
  open(exchange: Exchange): Promise<UpstreamSession>;
  /** Tells of changes that the session of this exchange's client hears of while it is in use. Answers what ends that. */
  overhear(exchange: Exchange, listener: Overhear): () => void;
  /** The upstream does not know it any more: the next `open` opens another. */
  forget(session: UpstreamSession): void;
}

const IDLE_MS = 5 * 60_000;
const SWEEP_MS = 30_000;
const CLAIM_SECONDS = 90;
/** Hints that a replica has opened the session of this key, and that the session has heard of a change. */
const OPENED = "upstream-session.opened";
const CHANGED = "upstream-session.changed";
/** A client that says something else of itself each time opens a session each time. */
const SESSIONS_PER_MEMBER_MAX = 16;

type Used = Pick<Dependencies, "backs" | "state" | "replicaId" | "vault">;

type Overhear = (message: Notification) => void;

/** A session that another replica has. */
interface Holding {
  holder: string;
  /** On the clock of `performance.now()`. */
  until: number;
}

interface Kept {
  session: Promise<UpstreamSession>;
  opened: UpstreamSession | null;
  exchange: Exchange;
  usedAt: number;
}

/**
 * One session per member, grant, connector, credential, capabilities and version: it declares exactly what that client
 * can do. It is ended when it has not been used for five minutes.
 */
export function openUpstreamSessions(deps: Used): UpstreamSessions {
  const { state, replicaId } = deps;
  const kept = new Map<string, Kept>();
  const elsewhere = new Map<string, Holding>();
  const overhearing = new Map<string, Set<Overhear>>();
  const sealer = deps.vault.sealer("upstream sessions");
  state.onHint(OPENED, (key) => elsewhere.delete(key));
  state.onHint(CHANGED, (hint) => {
    const [key, sealed] = hint.split(" ") as [string, string];
    const change = overhearing.has(key) && sealer.open(key, sealed);
    if (change) for (const listener of overhearing.get(key)!) listener(JSON.parse(change));
  });
  state.onGap(() => elsewhere.clear());

  function claim(key: string): void {
    state.set(claimOf(key), replicaId, CLAIM_SECONDS).catch(() => {});
  }

  /** What another replica holds is remembered until that replica would have to claim it anew, or a third one opens it. */
  async function find(key: string): Promise<string> {
    const until = performance.now() + CLAIM_SECONDS * 1000;
    const holder = await state.claim(claimOf(key), replicaId, CLAIM_SECONDS);
    if (holder !== replicaId) elsewhere.set(key, { holder, until });
    return holder;
  }

  async function end(key: string, { session, exchange }: Kept): Promise<void> {
    kept.delete(key);
    state.delete(claimOf(key)).catch(() => {});
    await (await session).end(exchange);
  }

  function keep(key: string, exchange: Exchange): Kept {
    const tell = (message: Notification) => {
      if (isChange(message)) state.hint(CHANGED, `${key} ${sealer.seal(key, JSON.stringify(message))}`);
    };
    const entry: Kept = { session: initialize(exchange, deps, tell), opened: null, exchange, usedAt: 0 };
    entry.session.then(
      (session) => {
        entry.opened = session;
      },
      () => {},
    );
    return entry;
  }

  /** The member's session that nobody has used for the longest time goes; where all are in use, no other is opened. */
  function makeRoom({ token }: Exchange): void {
    const own = [...kept].filter(([, { exchange }]) => isSameMember(exchange, token));
    if (own.length < SESSIONS_PER_MEMBER_MAX) return;
    const unused = own.filter(([, { opened }]) => opened?.users() === 0);
    const [oldest] = unused.sort(([, a], [, b]) => a.usedAt - b.usedAt);
    if (!oldest) throw new Fault("rate_limited", `This member has ${own.length} sessions at upstreams in use already`);
    end(...oldest).catch(() => {});
  }

  const sweep = setInterval(async () => {
    for (const [key, { until }] of elsewhere) if (until < performance.now()) elsewhere.delete(key);
    for (const [key, entry] of kept) {
      claim(key);
      if (performance.now() - entry.usedAt < IDLE_MS) continue;
      const session = await entry.session.catch(() => null);
      if (!session?.users()) await end(key, entry).catch(() => {});
    }
  }, SWEEP_MS);
  sweep.unref();

  return {
    holder(exchange) {
      const key = keyOf(exchange);
      if (kept.has(key)) return replicaId;
      const known = elsewhere.get(key);
      return known && performance.now() < known.until ? known.holder : find(key);
    },
    open(exchange) {
      const key = keyOf(exchange);
      let entry = kept.get(key);
      if (!entry) {
        makeRoom(exchange);
        claim(key);
        state.hint(OPENED, key);
        entry = keep(key, exchange);
        kept.set(key, entry);
        entry.session.catch(() => kept.delete(key));
      }
      entry.usedAt = performance.now();
      return entry.session;
    },
    overhear(exchange, listener) {
      const key = keyOf(exchange);
      const listeners = overhearing.get(key) ?? new Set();
      overhearing.set(key, listeners.add(listener));
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) overhearing.delete(key);
      };
    },
    forget(session) {
      for (const [key, entry] of kept) if (entry.opened === session) kept.delete(key);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(sweep);
      await Promise.allSettled([...kept].map(([key, entry]) => end(key, entry)));
    },
  };
}

function isSameMember({ token }: Exchange, { orgId, subject }: Exchange["token"]): boolean {
  return token.orgId === orgId && token.subject === subject;
}

const claimOf = (key: string) => `upstream-session:${key}`;

function keyOf({ token, connector, opening, message }: Exchange): string {
  const meta = (message as Request).params?._meta ?? {};
  const parts = [token.orgId, token.subject, token.grantId, connector.id, connector.path, connector.origin];
  return hash("sha256", JSON.stringify([...parts, opening?.boundary ?? "", meta[META.clientCapabilities]]), "base64");
}

/** Says of the client what it says of itself. */
function initialize(exchange: Exchange, deps: Used, overhear: Overhear): Promise<UpstreamSession> {
  const meta = (exchange.message as Request).params?._meta ?? {};
  const { extensions: _, ...capabilities } = meta[META.clientCapabilities] as Params;
  const clientInfo = meta[META.clientInfo] ?? { name: "unknown", version: "0" };
  return openUpstreamSession(exchange, { capabilities, clientInfo }, deps, overhear);
}
