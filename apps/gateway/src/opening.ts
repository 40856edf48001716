import { isMembers, type Way } from "@gatehouse/credentials/access";
import { type Presented, present } from "@gatehouse/credentials/present";
import { openCredential, tokenEndpointOf } from "@gatehouse/credentials/sealed-credential";
import type { ClientTls } from "@gatehouse/egress/egress";
import type { Credential } from "@gatehouse/store/credentials";
import type { DataKey } from "@gatehouse/vault/vault";

/** A way into an upstream, and the credential that goes with it. */
export interface Key {
  way: Way;
  credential: Credential;
}

/** What opens an upstream. All of it stays sealed until a request, or a connection, is about to be made. */
export interface Opening {
  /** Connections to the upstream are shared by those that it opens for alone. */
  boundary: string;
  present(): Presented;
  tls: (() => ClientTls) | undefined;
}

export function openWith(
  keys: readonly Key[],
  { org, origin, dataKey }: { org: string; origin: string; dataKey: DataKey },
): Opening {
  const open = <Opened extends object>({ way, credential: { id, version, sealed, tokenEndpoint } }: Key) =>
    openCredential<Opened>(dataKey, { org, id, version }, sealed!, {
      upstreamOrigin: origin,
      tokenEndpoint: isMembers(way) ? tokenEndpoint : tokenEndpointOf(way),
    });
  const certificate = keys.find(({ way }) => way.kind === "mtls");
  return {
    boundary: keys.map(({ credential: { id, linkedAt } }) => `${id}/${linkedAt.getTime()}`).join(),
    present() {
      const presented: Presented = { headers: [], query: "" };
      for (const key of keys) if (key !== certificate) present(key.way, open(key), presented);
      return presented;
    },
    tls: certificate && (() => open<ClientTls>(certificate)),
  };
}
