import { isMembers, type OrgWay, slotOf, type Way } from "@gatehouse/credentials/access";
import { Fault } from "@gatehouse/faults";
import type { Credential } from "@gatehouse/store/credentials";
import type { DataKey } from "@gatehouse/vault/vault";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange, Step } from "../exchange.ts";
import { type Key, openWith } from "../opening.ts";
import type { ConnectorSnapshot } from "../snapshots.ts";

/** Finds what opens the upstream, and leaves it sealed. The client's own token never goes there. */
export function withCredential(deps: Pick<Dependencies, "vault" | "clientTokens" | "members" | "onBehalf">): Step {
  const { vault, clientTokens, members, onBehalf } = deps;

  return function withCredential(exchange) {
    const { org, connector } = exchange;
    if (connector.access.length === 0) return;
    const keys = connector.access.map((way) => keyTo(exchange, way));
    const dataKey = vault.dataKey(org.id);
    if (dataKey instanceof Promise || keys.some((key) => key instanceof Promise)) return wait(exchange, dataKey, keys);
    take(exchange, dataKey, keys as Key[]);
  };

  function keyTo(exchange: Exchange, way: Way): Key | Promise<Key> {
    if (way.kind === "assertion") return onBehalf.assertion(exchange, way);
    const credential = isMembers(way) ? members.fresh(exchange) : orgsOwn(exchange, way);
    return credential instanceof Promise
      ? credential.then((found) => ({ way, credential: found }))
      : { way, credential };
  }

  function orgsOwn(exchange: Exchange, way: OrgWay): Credential | Promise<Credential> {
    const credential = storedFor(exchange.connector, way);
    if (way.kind === "token-exchange") return onBehalf.exchanged(exchange, { way, credential });
    return way.kind === "client-credentials" ? clientTokens.fresh(exchange, { way, credential }) : credential;
  }
}

async function wait(
  exchange: Exchange,
  dataKey: DataKey | Promise<DataKey>,
  keys: (Key | Promise<Key>)[],
): Promise<void> {
  const [opened, ...rest] = await Promise.all([dataKey, ...keys]);
  take(exchange, opened, rest);
}

function take(exchange: Exchange, dataKey: DataKey, keys: Key[]): void {
  const { org, connector } = exchange;
  exchange.opening = openWith(keys, { org, connector, dataKey });
}

function storedFor({ name, origin, credentials }: ConnectorSnapshot, way: OrgWay): Credential {
  const credential = credentials.get(slotOf(way));
  if (credential?.status === "live" && credential.upstreamOrigin === origin) return credential;
  throw new Fault("upstream_failed", `${name} needs a credential of the org's that is missing. An owner can enter it.`);
}
