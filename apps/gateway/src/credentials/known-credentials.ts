import { type Credential, listCredentialsOfMember } from "@gatehouse/store/credentials";
import { type Database, withOrg } from "@gatehouse/store/database";
import type { OrgSnapshots } from "../snapshots.ts";

interface Member {
  orgId: string;
  userId: string;
}

/** Members' credentials, sealed, by connector. What is known is given at once; what changes is read again. */
export interface KnownCredentials {
  find(member: Member, connectorId: string): Credential | null | Promise<Credential | null>;
  /** Replaces what is known, ahead of the change being told. */
  note(orgId: string, credential: Credential): void;
  /** Settles when the member's credentials are no longer what they were, or after `ms`. */
  changed(member: Member, ms: number): Promise<void>;
}

type ByConnector = Map<string, Credential>;

const MEMBERS_MAX = 50_000;

const keyOf = ({ orgId, userId }: Member) => `${orgId} ${userId}`;

export function openKnownCredentials(deps: {
  db: Database;
  snapshots: Pick<OrgSnapshots, "onMemberChange">;
}): KnownCredentials {
  const { db, snapshots } = deps;
  const known = new Map<string, ByConnector>();
  const loading = new Map<string, Promise<ByConnector>>();
  const waiting = new Map<string, Set<() => void>>();

  snapshots.onMemberChange((member) => {
    const key = keyOf(member);
    known.delete(key);
    loading.delete(key);
    for (const proceed of waiting.get(key) ?? []) proceed();
  });

  /** What was read before a change is told is not kept: it may be from before it. */
  function load(member: Member): Promise<ByConnector> {
    const key = keyOf(member);
    let pending = loading.get(key);
    if (!pending) {
      pending = read(member).finally(() => {
        if (loading.get(key) === pending) loading.delete(key);
      });
      pending.then((read) => loading.get(key) === pending && remember(key, read)).catch(() => {});
      loading.set(key, pending);
    }
    return pending;
  }

  async function read({ orgId, userId }: Member): Promise<ByConnector> {
    const rows = await withOrg(db, orgId, (scope) => listCredentialsOfMember(scope, userId));
    return new Map(rows.map((row) => [row.connectorId, row]));
  }

  function remember(key: string, read: ByConnector): void {
    if (known.size >= MEMBERS_MAX) known.delete(known.keys().next().value!);
    known.set(key, read);
  }

  return {
    find(member, connectorId) {
      const rows = known.get(keyOf(member));
      if (rows) return rows.get(connectorId) ?? null;
      return load(member).then((rows) => rows.get(connectorId) ?? null);
    },
    note(orgId, credential) {
      known.get(keyOf({ orgId, userId: credential.userId! }))?.set(credential.connectorId, credential);
    },
    changed(member, ms) {
      const key = keyOf(member);
      const { promise, resolve } = Promise.withResolvers<void>();
      const listeners = waiting.get(key) ?? new Set();
      waiting.set(key, listeners.add(resolve));
      const timer = setTimeout(resolve, ms);
      return promise.finally(() => {
        clearTimeout(timer);
        listeners.delete(resolve);
        if (listeners.size === 0) waiting.delete(key);
      });
    },
  };
}
