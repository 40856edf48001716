import type { AccessToken } from "@gatehouse/oauth/access-token";
import type { OrgSnapshot, OrgSnapshots } from "./snapshots.ts";
import { isAdmitted } from "./steps/authenticate.ts";

/** Answers that stay open, so that they end when what opened them does. */
export interface OpenStreams {
  readonly count: number;
  /** Answers what is to be called when the stream has ended. */
  add(org: OrgSnapshot, token: AccessToken, close: () => void, sessionId?: string): () => void;
  closeSession(id: string): void;
  /** Calls `end` when this process goes away, at once where it already does: whatever would wait on by itself ends then. */
  whenLeaving(end: () => void): () => void;
  leave(): void;
  closeAll(): void;
}

interface OpenStream {
  token: AccessToken;
  close: () => void;
  sessionId: string | undefined;
}

const LOOK_FOR_EXPIRED_MS = 1000;

export function openStreams({ snapshots }: { snapshots: OrgSnapshots }): OpenStreams {
  const byOrg = new Map<string, Set<OpenStream>>();
  const waiting = new Set<() => void>();
  let isLeaving = false;

  snapshots.onChange((org, orgId) => {
    for (const stream of byOrg.get(orgId) ?? []) if (!org || !isAdmitted(org, stream.token)) stream.close();
  });

  const expiry = setInterval(() => {
    const now = Date.now() / 1000;
    for (const streams of byOrg.values()) {
      for (const { token, close } of streams) if (token.expiresAt <= now) close();
    }
  }, LOOK_FOR_EXPIRED_MS);
  expiry.unref();

  return {
    get count() {
      return byOrg.values().reduce((sum, { size }) => sum + size, 0);
    },
    add(org, token, close, sessionId) {
      const stream = { token, close, sessionId };
      const streams = byOrg.get(org.id) ?? new Set();
      byOrg.set(org.id, streams.add(stream));
      return () => {
        streams.delete(stream);
        if (streams.size === 0 && byOrg.get(org.id) === streams) byOrg.delete(org.id);
      };
    },
    closeSession(id) {
      for (const streams of byOrg.values()) {
        for (const { sessionId, close } of streams) if (sessionId === id) close();
      }
    },
    whenLeaving(end) {
      if (isLeaving) end();
      else waiting.add(end);
      return () => void waiting.delete(end);
    },
    leave() {
      isLeaving = true;
      for (const end of waiting) end();
    },
    closeAll() {
      for (const streams of byOrg.values()) for (const { close } of streams) close();
    },
  };
}
