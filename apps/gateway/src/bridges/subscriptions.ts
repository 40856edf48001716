import { createHmac } from "node:crypto";
import type { Dependencies } from "../dependencies.ts";
import { Exchange } from "../exchange.ts";
import type { ConnectorSnapshot } from "../snapshots.ts";
import { withCredential } from "../steps/with-credential.ts";
import type { Filter } from "./changes.ts";
import { LEASE, type Listener, SAID, type Share, SharedSubscription } from "./shared-subscription.ts";

/** One subscription at an upstream for as many clients as see the same thing: those that open it with the same credential. */
export interface Subscriptions extends AsyncDisposable {
  /** Settles when the client is told of everything that it is granted, from now on. */
  join(exchange: Exchange, asked: Filter, listener: Listener): Promise<Share>;
}

const LOOK_MS = 3000;

type Used = Pick<
  Dependencies,
  "backs" | "state" | "replicaId" | "log" | "vault" | "clientTokens" | "onBehalf" | "members" | "snapshots"
>;

export function openSubscriptions(deps: Used): Subscriptions {
  const { state, vault, snapshots, log } = deps;
  const shared = new Map<string, SharedSubscription>();
  const secret = vault.derive("views of upstreams");
  const used = { ...deps, sealer: vault.sealer("listening"), withCredential: withCredential(deps) };

  /** What is told at such an upstream, to whoever has this credential; the name tells neither. */
  function viewOf({ org, connector, opening }: Exchange): string {
    const view = JSON.stringify([org.id, connector.id, whatItIs(connector), opening?.boundary]);
    return createHmac("sha256", secret).update(view).digest("base64url");
  }

  function look(subscription: SharedSubscription | undefined): void {
    subscription?.look().catch((error) => log.debug({ err: error }, "a shared subscription was not looked at"));
  }

  function open(view: string, exchange: Exchange): SharedSubscription {
    const subscription = new SharedSubscription(view, ownExchange(exchange), used, () => {
      shared.delete(view);
      void subscription.close();
    });
    shared.set(view, subscription);
    return subscription;
  }

  state.onHint(LEASE, (view) => look(shared.get(view)));
  state.onHint(SAID, (hint) => {
    const [view, sealed] = hint.split(" ") as [string, string];
    shared.get(view)?.hear(sealed);
  });
  state.onGap(() => shared.forEach((subscription) => void subscription.missed()));
  snapshots.onChange((org, orgId) => {
    for (const subscription of shared.values()) {
      const { exchange } = subscription;
      const connector = org?.connectors.get(exchange.connector.id);
      const isSame = connector && whatItIs(connector) === whatItIs(exchange.connector);
      if (exchange.org.id === orgId && !isSame) subscription.end();
    }
  });
  const looking = setInterval(() => shared.forEach(look), LOOK_MS);
  looking.unref();

  return {
    join(exchange, asked, listener) {
      const view = viewOf(exchange);
      return (shared.get(view) ?? open(view, exchange)).join(asked, listener);
    },
    async [Symbol.asyncDispose]() {
      clearInterval(looking);
      await Promise.all([...shared.values()].map((subscription) => subscription.close()));
    },
  };
}

/** What makes a connector another one. */
function whatItIs({ era, transport, origin, path, access, credentials }: ConnectorSnapshot): string {
  const opened = [...credentials.values()].map(({ id, linkedAt }) => [id, linkedAt]);
  return JSON.stringify([era, transport, origin, path, access, opened]);
}

/** What the gateway sends of its own accord, where a client's exchange leads. */
function ownExchange(exchange: Exchange): Exchange {
  const { request, response, org, connector, token, operation, protocolVersion, opening } = exchange;
  const message = { jsonrpc: "2.0", id: 0, method: "subscriptions/listen" } as const;
  const own = new Exchange(request, response, exchange);
  return Object.assign(own, { org, connector, token, operation, protocolVersion, opening, message });
}
