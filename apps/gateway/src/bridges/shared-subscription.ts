import { randomUUID } from "node:crypto";
import type { Notification } from "@gatehouse/mcp/message";
import type { Sealer } from "@gatehouse/vault/vault";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import { type Capabilities, everything, type Filter, grant, isWanted, updated } from "./changes.ts";
import { type OwnSubscription, openOwnSubscription } from "./own-subscription.ts";

/** A client's stream, which is told of changes. */
export interface Listener {
  /** May be called before the listener has joined. */
  changed(change: Notification): unknown;
  /** There will be no more: the connector is not what it was. */
  ended(): void;
}

/** What one client has of a shared subscription. */
export interface Share {
  /** As much of what was asked for as the upstream has. */
  readonly granted: Filter;
  want(asked: Filter): Promise<void>;
  leave(): void;
}

export interface Used extends Pick<Dependencies, "backs" | "state" | "replicaId" | "log"> {
  sealer: Sealer;
  withCredential: Step;
}

/** Topics of hints: who has the lease has changed; something is wanted, or has changed. */
export const LEASE = "listening.lease";
export const SAID = "listening.said";

const LEASE_SECONDS = 10;
/** A replica that has not said for so long what it wants is gone. */
const WANTED_MS = 15_000;
/** Between two attempts to subscribe: twice as long each time, where they fail. */
const AGAIN_MS = { min: 1000, max: 60_000 };

/** What `state` says of who is subscribed. `source` is another each time that the upstream is subscribed to anew. */
interface Lease {
  replicaId: string;
  source: string | null;
  capabilities: Capabilities;
}

/** From one replica to the others. */
interface Said {
  by: string;
  /** Its clients want to hear of these resources; `null`: it has no clients any more. */
  wanted?: string[] | null;
  changed?: Notification;
}

interface Client extends Share {
  granted: Filter;
  listener: Listener;
}

/**
 * One view of an upstream's changes, as this replica has it. One of the replicas is subscribed, by a lease, to what the clients
 * of all of them want, and tells the others. Where something may have been missed, everything has changed.
 */
export class SharedSubscription {
  readonly exchange: Exchange;
  readonly #view: string;
  readonly #deps: Used;
  readonly #onEmpty: () => void;
  readonly #clients = new Set<Client>();
  /** By replica, what its clients want. */
  readonly #wanted = new Map<string, { uris: string[]; at: number }>();
  /** What the upstream has; known once anybody has subscribed. */
  readonly #capabilities = Promise.withResolvers<Capabilities>();
  #hasLease = false;
  #source: string | null = null;
  #own: OwnSubscription | null = null;
  #subscribing: Promise<void> = Promise.resolve();
  #opening = false;
  #again = { at: 0, ms: AGAIN_MS.min };
  #closed = false;

  constructor(view: string, exchange: Exchange, deps: Used, onEmpty: () => void) {
    this.#view = view;
    this.exchange = exchange;
    this.#deps = deps;
    this.#onEmpty = onEmpty;
    this.#capabilities.promise.catch(() => {});
  }

  /** Settles when everything that is granted is told from now on. */
  async join(asked: Filter, listener: Listener): Promise<Share> {
    const client: Client = {
      granted: grant(asked),
      listener,
      want: (filter) => this.#grant(client, filter),
      leave: () => this.#leave(client),
    };
    this.#clients.add(client);
    try {
      await this.look();
      await this.#grant(client, asked);
    } catch (error) {
      this.#leave(client);
      throw error;
    }
    return client;
  }

  async #grant(client: Client, asked: Filter): Promise<void> {
    client.granted = grant(asked, await this.#capabilities.promise);
    await this.#subscribe();
  }

  #leave(client: Client): void {
    if (!this.#clients.delete(client)) return;
    if (this.#clients.size === 0) this.#onEmpty();
    else if (client.granted.resourceSubscriptions) this.#subscribe().catch(() => {});
  }

  /** Whether the lease is ours, or has passed to another. */
  async look(): Promise<void> {
    const lease = await this.#claim();
    if (this.#closed) return;
    if (lease.replicaId === this.#deps.replicaId) return this.#open();
    if (lease.source !== null) this.#hearOf(lease);
    await this.#letGo();
    this.#say({ wanted: this.#uris() });
  }

  /** Without `state`, each replica is subscribed by itself. */
  async #claim(): Promise<Lease> {
    const { state, replicaId } = this.#deps;
    const ours: Lease = { replicaId, source: null, capabilities: {} };
    if (this.#own) Object.assign(ours, { source: this.#source, capabilities: this.#own.capabilities });
    try {
      const text = JSON.stringify(ours);
      const lease: Lease = JSON.parse(await state.claim(keyOf(this.#view), text, LEASE_SECONDS));
      this.#hasLease = lease.replicaId === replicaId;
      if (!this.#hasLease) return lease;
      await state.set(keyOf(this.#view), text, LEASE_SECONDS);
    } catch (error) {
      this.#deps.log.debug({ err: error }, "who is subscribed is not known");
    }
    return ours;
  }

  #open(): void {
    if (this.#own || this.#opening || performance.now() < this.#again.at) return;
    this.#opening = true;
    this.#subscribeAnew()
      .catch((error) => this.#fail(error))
      .finally(() => {
        this.#opening = false;
      });
  }

  async #subscribeAnew(): Promise<void> {
    await this.#deps.withCredential(this.exchange);
    const own = await openOwnSubscription(this.exchange, (change) => this.#tellAll(change), this.#deps);
    if (this.#closed) return own.close();
    this.#own = own;
    const openedAt = performance.now();
    own.ended.then(() => this.#lose(own, openedAt));
    await this.#subscribe();
    const source = randomUUID();
    this.#hearOf({ source, capabilities: own.capabilities });
    await this.#claim();
    this.#deps.state.hint(LEASE, this.#view);
  }

  #fail(error: unknown): void {
    this.#deps.log.debug({ err: error, connector: this.exchange.connector.id }, "the upstream cannot be subscribed to");
    this.#capabilities.reject(error);
    this.#tryLater();
  }

  #lose(own: OwnSubscription, openedAt: number): void {
    if (this.#own !== own) return;
    this.#own = null;
    own.close().catch(() => {});
    if (performance.now() - openedAt > AGAIN_MS.max) this.#again.ms = AGAIN_MS.min;
    this.#tryLater();
  }

  #tryLater(): void {
    const { ms } = this.#again;
    this.#again = { at: performance.now() + ms, ms: Math.min(2 * ms, AGAIN_MS.max) };
  }

  /** Nobody knows what has happened between two sources. */
  #hearOf({ source, capabilities }: Omit<Lease, "replicaId">): void {
    const former = this.#source;
    this.#source = source;
    this.#capabilities.resolve(capabilities);
    if (former !== null && former !== source) this.missed();
  }

  /** Everything that is listened to may have changed. */
  missed(): void {
    for (const { granted, listener } of this.#clients) everything(granted).forEach(listener.changed);
  }

  /** The upstream tells what is wanted: by us, or by the replica that has the lease. */
  #subscribe(): Promise<void> {
    if (!this.#own) this.#say({ wanted: this.#uris() });
    this.#subscribing = this.#subscribing.catch(() => {}).then(() => this.#own?.subscribe(this.#allUris()));
    return this.#subscribing;
  }

  #uris(): string[] {
    return [...new Set([...this.#clients].flatMap(({ granted }) => granted.resourceSubscriptions ?? []))];
  }

  #allUris(): Set<string> {
    const oldest = performance.now() - WANTED_MS;
    for (const [replicaId, { at }] of this.#wanted) if (at < oldest) this.#wanted.delete(replicaId);
    return new Set([...this.#uris(), ...[...this.#wanted.values()].flatMap(({ uris }) => uris)]);
  }

  #tellAll(change: Notification): void {
    this.#tell(change);
    this.#say({ changed: change });
  }

  #tell(change: Notification): void {
    for (const { granted, listener } of this.#clients) if (isWanted(change, granted)) listener.changed(change);
  }

  /** A resource's URI is nobody else's business. */
  #say(said: Omit<Said, "by">): void {
    const { state, sealer, replicaId } = this.#deps;
    const sealed = sealer.seal(this.#view, JSON.stringify({ by: replicaId, ...said }));
    state.hint(SAID, `${this.#view} ${sealed}`);
  }

  /** What another replica has said. */
  hear(sealed: string): void {
    const said: Said = JSON.parse(this.#deps.sealer.open(this.#view, sealed) ?? "{}");
    if (said.by === undefined || said.by === this.#deps.replicaId) return;
    if (said.changed) this.#tell(said.changed);
    if (said.wanted !== undefined) this.#heed(said.by, said.wanted);
  }

  /** Clients of another replica have been told that they hear of these: what has changed until now, they may have missed. */
  #heed(replicaId: string, uris: string[] | null): void {
    const before = this.#allUris();
    if (uris) this.#wanted.set(replicaId, { uris, at: performance.now() });
    else this.#wanted.delete(replicaId);
    if (!this.#own) return;
    const added = [...this.#allUris()].filter((uri) => !before.has(uri));
    this.#subscribe().then(
      () => {
        for (const uri of added) this.#tellAll(updated(uri));
      },
      () => {},
    );
  }

  async #letGo(): Promise<void> {
    const own = this.#own;
    this.#own = null;
    await own?.close().catch(() => {});
  }

  end(): void {
    for (const { listener } of [...this.#clients]) listener.ended();
  }

  /** Another replica that has clients takes the lease. */
  async close(): Promise<void> {
    const { state } = this.#deps;
    this.#closed = true;
    this.#say({ wanted: null });
    await this.#letGo();
    if (!this.#hasLease) return;
    await state.delete(keyOf(this.#view)).catch(() => {});
    state.hint(LEASE, this.#view);
  }
}

const keyOf = (view: string) => `listening:${view}`;
