import { isMembers, type Way } from "@gatehouse/credentials/access";
import { type Presented, present } from "@gatehouse/credentials/present";
import { openCredential, tokenEndpointOf } from "@gatehouse/credentials/sealed-credential";
import type { ClientTls } from "@gatehouse/egress/egress";
import type { Credential } from "@gatehouse/store/credentials";
import type { DataKey } from "@gatehouse/vault/vault";

/** A way into an upstream, and the credential that goes with it, or what is made for each request. */
export type Key = { way: Way; credential: Credential } | Made;

interface Made {
  way: Way;
  credential: null;
  /** Whom it names. */
  subject: string;
  make(): object;
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
  { org, connector, dataKey }: { org: { id: string }; connector: { origin: string }; dataKey: DataKey },
): Opening {
  function open<Opened extends object>(key: Key): Opened {
    if (key.credential === null) return key.make() as Opened;
    const { way, credential } = key;
    const { id, version, sealed } = credential;
    const tokenEndpoint = isMembers(way) ? credential.tokenEndpoint : tokenEndpointOf(way);
    return openCredential(dataKey, { org: org.id, id, version }, sealed!, {
      upstreamOrigin: connector.origin,
      tokenEndpoint,
    });
  }
  const certificate = keys.find(({ way }) => way.kind === "mtls");
  return {
    boundary: keys.map(boundaryOf).join(),
    present() {
      const presented: Presented = { headers: [], query: "" };
      for (const key of keys) if (key !== certificate) present(key.way, open(key), presented);
      return presented;
    },
    tls: certificate && (() => open<ClientTls>(certificate)),
  };
}

function boundaryOf(key: Key): string {
  if (key.credential === null) return `${key.way.kind}/${key.subject}`;
  const { id, linkedAt } = key.credential;
  return `${id}/${linkedAt.getTime()}`;
}
