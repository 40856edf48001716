import { randomBytes } from "node:crypto";
import type { Params } from "@gatehouse/mcp/message";
import type { AccessToken } from "@gatehouse/oauth/access-token";
import type { State } from "@gatehouse/state/state";
import { type Operation, recordSession } from "@gatehouse/telemetry/mcp";

/** A legacy client's session, and the one upstream session that belongs to it. */
export interface ClientSession {
  id: string;
  /** Milliseconds since the epoch. */
  openedAt: number;
  memberId: string;
  clientId: string;
  endpointId: string;
  /** `null` where the upstream keeps none. */
  upstreamId: string | null;
  protocolVersion: string;
  /** What the client opened with, to open an upstream session again that the upstream has forgotten. */
  initialize: Params;
  /** What the client wants of the log; a modern upstream is told with every request. */
  logLevel?: string;
  /** Resources that the client wants to be told of; a modern upstream is told with every stream. */
  subscriptions?: string[];
}

export interface Sessions {
  create(
    token: AccessToken,
    session: Omit<ClientSession, "id" | "openedAt" | "memberId" | "clientId" | "endpointId">,
  ): Promise<ClientSession>;
  /** `null` for a session that has ended, and for another member's, client's or endpoint's. */
  find(id: string, token: AccessToken): ClientSession | null | Promise<ClientSession | null>;
  /** The upstream has forgotten its session; this is the new one. */
  renew(session: ClientSession, upstreamId: string | null): Promise<void>;
  /** Takes over what another replica has changed in it. */
  refresh(session: ClientSession): Promise<unknown>;
  /** Makes what was changed in the session known to every replica. */
  save(session: ClientSession): Promise<void>;
  /** `operation` ends it. */
  end(session: ClientSession, operation: Operation): Promise<void>;
  /** Another replica has changed a session that is remembered here. */
  onChange(listener: (session: ClientSession) => void): void;
  /** Here or at another replica. */
  onEnd(listener: (id: string) => void): void;
}

interface Remembered {
  session: ClientSession;
  /** When it was last written to `state`, on the clock of `performance.now()`. */
  savedAt: number;
  /** Under way where another replica has changed it; settles as `null` where it has ended. */
  reading: Promise<ClientSession | null> | null;
}

/** All sessions of one member, as text, as far as this process knows them. */
const MEMBER_LENGTH_MAX = 32 * 1024 * 1024;
const ENDED = "session.ended";
const CHANGED = "session.changed";

/** What a member's sessions take, the oldest first. */
interface Share {
  length: number;
  lengths: Map<string, number>;
}

/** Held in `state` for some time after their last use, and in memory where they were used, so that calls don't ask Redis. */
export function openSessions({
  state,
  replicaId,
  ttlSeconds,
}: {
  state: State;
  replicaId: string;
  /** Since the session was last used. */
  ttlSeconds: number;
}): Sessions {
  const remembered = new Map<string, Remembered>();
  const shares = new Map<string, Share>();
  const changeListeners: ((session: ClientSession) => void)[] = [];
  state.onHint(ENDED, forget);
  state.onHint(CHANGED, (hint) => {
    const [id, changedBy] = hint.split(" ") as [string, string];
    const entry = remembered.get(id);
    if (entry && changedBy !== replicaId) readAgain(id, entry);
  });
  const sweep = setInterval(() => {
    const oldest = performance.now() - ttlSeconds * 1000;
    for (const [id, { savedAt }] of remembered) if (savedAt < oldest) forget(id);
  }, ttlSeconds * 15);
  sweep.unref();

  async function save(session: ClientSession): Promise<void> {
    const text = JSON.stringify(session);
    remember(session, text.length);
    await state.set(keyOf(session.id), text, ttlSeconds);
  }

  function remember(session: ClientSession, length: number): void {
    const { id, memberId } = session;
    remembered.set(id, { session, savedAt: performance.now(), reading: null });
    const share = shares.get(memberId) ?? { length: 0, lengths: new Map() };
    share.length += length - (share.lengths.get(id) ?? 0);
    share.lengths.set(id, length);
    shares.set(memberId, share);
  }

  function forget(id: string): void {
    const memberId = remembered.get(id)?.session.memberId;
    if (memberId === undefined) return;
    remembered.delete(id);
    const share = shares.get(memberId)!;
    share.length -= share.lengths.get(id)!;
    share.lengths.delete(id);
    if (share.lengths.size === 0) shares.delete(memberId);
  }

  async function drop(id: string): Promise<void> {
    forget(id);
    await state.delete(keyOf(id));
    state.hint(ENDED, id);
  }

  /** Clients go away without a word, and their sessions stay for as long as they would be good for. */
  async function dropOldest(memberId: string): Promise<void> {
    const share = shares.get(memberId)!;
    while (share.length > MEMBER_LENGTH_MAX) await drop(share.lengths.keys().next().value!);
  }

  /** The hint leaves after what it hints at. */
  async function share(session: ClientSession): Promise<void> {
    const saved = save(session);
    state.hint(CHANGED, `${session.id} ${replicaId}`);
    await saved;
  }

  /** Into the same object, for streams and running calls have it too. */
  async function refresh(session: ClientSession): Promise<ClientSession | null> {
    const stored = await state.get(keyOf(session.id));
    if (stored === null) {
      forget(session.id);
      return null;
    }
    return Object.assign(session, JSON.parse(stored));
  }

  function readAgain(id: string, entry: Remembered): void {
    const reading = refresh(entry.session);
    entry.reading = reading;
    reading.then(
      (session) => {
        if (entry.reading === reading) entry.reading = null;
        if (session) for (const listener of changeListeners) listener(session);
      },
      () => forget(id),
    );
  }

  /** When half of its time has passed since it was written, the next use writes it again, and nobody waits for that. */
  function touch(entry: Remembered): void {
    if (performance.now() - entry.savedAt < (ttlSeconds / 2) * 1000) return;
    entry.savedAt = performance.now();
    state.set(keyOf(entry.session.id), JSON.stringify(entry.session), ttlSeconds).catch(() => {});
  }

  async function findInState(id: string, token: AccessToken): Promise<ClientSession | null> {
    const stored = await state.get(keyOf(id));
    if (stored === null) return null;
    const session: ClientSession = JSON.parse(stored);
    if (!belongsTo(session, token)) return null;
    remember(session, stored.length);
    return session;
  }

  const ownedBy = (token: AccessToken) => (session: ClientSession | null) =>
    session && belongsTo(session, token) ? session : null;

  return {
    async create(token, opened) {
      const id = randomBytes(24).toString("base64url");
      const { subject: memberId, clientId, endpointId } = token;
      const session = { id, openedAt: Date.now(), memberId, clientId, endpointId, ...opened };
      await save(session);
      await dropOldest(memberId);
      return session;
    },
    find(id, token) {
      const entry = remembered.get(id);
      if (!entry) return findInState(id, token);
      if (entry.reading) return entry.reading.then(ownedBy(token));
      touch(entry);
      return belongsTo(entry.session, token) ? entry.session : null;
    },
    async renew(session, upstreamId) {
      session.upstreamId = upstreamId;
      await share(session);
    },
    refresh,
    save: share,
    async end(session, operation) {
      recordSession(operation, session.openedAt);
      await drop(session.id);
    },
    onChange: (listener) => void changeListeners.push(listener),
    onEnd: (listener) => state.onHint(ENDED, listener),
  };
}

const keyOf = (id: string) => `session:${id}`;

function belongsTo(session: ClientSession, token: AccessToken): boolean {
  return (
    session.memberId === token.subject && session.endpointId === token.endpointId && session.clientId === token.clientId
  );
}
