import type { AccessToken } from "@gatehouse/oauth/access-token";
import type { OrgSnapshot, OrgSnapshots } from "./snapshots.ts";
import { isAdmitted } from "./steps/authenticate.ts";

/** Answers that stay open, so that they end when what opened them does. */
export interface OpenStreams {
  /** Answers what is to be called when the stream has ended. */
  add(org: OrgSnapshot, token: AccessToken, close: () => void, sessionId?: string): () => void;
  closeSession(id: string): void;
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
    closeAll() {
      for (const streams of byOrg.values()) for (const { close } of streams) close();
    },
  };
}
