import { Fault } from "@gatehouse/faults";
import { MODERN_VERSIONS } from "@gatehouse/mcp/eras";
import type { Message, Notification, Params, Request, Response } from "@gatehouse/mcp/message";
import { toModernParams } from "@gatehouse/mcp/translate";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import { ALL_LISTS, type Capabilities, grant, isChange } from "./changes.ts";
import { ModernRequest } from "./modern-request.ts";
import { openUpstreamSession } from "./upstream-session.ts";

/** What an upstream tells of its changes to the gateway itself, which can be asked nothing. */
export interface OwnSubscription {
  /** The upstream's. */
  readonly capabilities: Capabilities;
  /** Subscribes to these resources and no others. */
  subscribe(uris: ReadonlySet<string>): Promise<void>;
  /** Settles when nothing more is told. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

type Used = Pick<Dependencies, "backs">;
type Tell = (change: Notification) => void;

const METHOD_NOT_FOUND = -32601;
const CLIENT = { capabilities: {}, clientInfo: { name: "gatehouse", version: "1" } };

export function openOwnSubscription(exchange: Exchange, tell: Tell, deps: Used): Promise<OwnSubscription> {
  const tellChange: Tell = (message) => isChange(message) && tell(message);
  return exchange.connector.era === "modern"
    ? openModern(exchange, tellChange, deps)
    : openLegacy(exchange, tellChange, deps);
}

async function openLegacy(exchange: Exchange, tell: Tell, deps: Used): Promise<OwnSubscription> {
  const session = await openUpstreamSession(exchange, CLIENT, deps);
  const capabilities = (session.initialized.capabilities ?? {}) as Capabilities;
  const subscribed = new Set<string>();
  const { promise: ended, resolve: lost } = Promise.withResolvers<void>();
  await session.hear(exchange, { notification: tell, lost });
  async function subscribe(uris: ReadonlySet<string>): Promise<void> {
    if (!capabilities.resources?.subscribe) return;
    for (const uri of uris.difference(subscribed)) {
      subscribed.add(uri);
      await session.ask(exchange, "resources/subscribe", { uri });
    }
    for (const uri of subscribed.difference(uris)) {
      subscribed.delete(uri);
      await session.ask(exchange, "resources/unsubscribe", { uri });
    }
  }

  return {
    ...{ ended, subscribe, capabilities },
    async close() {
      await subscribe(new Set());
      await session.end(exchange);
    },
  };
}

async function openModern(exchange: Exchange, tell: Tell, deps: Used): Promise<OwnSubscription> {
  const { result, error } = await new ModernRequest(exchange, deps).send(requestOf("server/discover"));
  if (!result) throw new Fault("upstream_failed", `${exchange.connector.name}: ${error?.message}`);
  const subscription = new ModernSubscription(exchange, (result.capabilities ?? {}) as Capabilities, tell, deps);
  await subscription.subscribe(new Set());
  return subscription;
}

/** One stream at a time: it is replaced by another when the resources change. */
class ModernSubscription implements OwnSubscription {
  readonly ended: Promise<void>;
  readonly #exchange: Exchange;
  readonly #tell: Tell;
  readonly #deps: Used;
  readonly #end: () => void;
  #capabilities: Capabilities;
  #uris: ReadonlySet<string> | null = null;
  #stream: ModernRequest | null = null;

  constructor(exchange: Exchange, capabilities: Capabilities, tell: Tell, deps: Used) {
    this.#exchange = exchange;
    this.#capabilities = capabilities;
    this.#tell = tell;
    this.#deps = deps;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    this.#end = resolve;
  }

  get capabilities(): Capabilities {
    return this.#capabilities;
  }

  /** The stream before is closed when the new one is open, so that nothing is missed. */
  async subscribe(uris: ReadonlySet<string>): Promise<void> {
    if (this.#uris?.symmetricDifference(uris).size === 0) return;
    this.#uris = uris;
    const filter = grant({ ...ALL_LISTS, resourceSubscriptions: [...uris] }, this.#capabilities);
    if (Object.keys(filter).length === 0) return;
    const former = this.#stream;
    await this.#listen({ notifications: filter });
    stop(former);
  }

  async #listen(params: Params): Promise<void> {
    const { promise: acknowledged, resolve: acknowledge } = Promise.withResolvers<void>();
    const event = (message: Message | null): boolean => {
      if (message && "method" in message) this.#hear(message, acknowledge);
      return true;
    };
    const stream = new ModernRequest(this.#exchange, this.#deps, { event, onDrain() {} });
    this.#stream = stream;
    const over = stream.send(requestOf("subscriptions/listen", params)).then((response) => this.#refuse(response));
    over
      .catch(() => {})
      .then(() => {
        if (this.#stream === stream) this.#end();
      });
    await Promise.race([acknowledged, over]);
  }

  #hear(message: Notification, acknowledge: () => void): void {
    if (message.method === "notifications/subscriptions/acknowledged") acknowledge();
    else this.#tell(message);
  }

  /** A server that knows nothing of subscriptions has none. */
  #refuse({ error }: Response): void {
    if (error?.code !== METHOD_NOT_FOUND) throw new Fault("upstream_failed", "its subscription has ended");
    this.#capabilities = {};
    this.#stream = null;
  }

  async close(): Promise<void> {
    const { ended } = this;
    const stream = this.#stream;
    this.#stream = null;
    stop(stream);
    this.#end();
    await ended;
  }
}

function stop(stream: ModernRequest | null): void {
  stream?.abort(new Fault("request_timeout", "Nobody listens any more"));
}

function requestOf(method: string, params: Params = {}): Request {
  const client = { protocolVersion: MODERN_VERSIONS[0]!, ...CLIENT };
  return { jsonrpc: "2.0", id: `gatehouse-${method}`, method, params: toModernParams(params, client) };
}
