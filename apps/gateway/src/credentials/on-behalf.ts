import type { OnBehalfWay, WayOf } from "@gatehouse/credentials/access";
import type { WithToken } from "@gatehouse/credentials/present";
import { openCredential, sealCredential } from "@gatehouse/credentials/sealed-credential";
import { asFetch } from "@gatehouse/egress/as-fetch";
import { AUTHORIZATION } from "@gatehouse/egress/limits";
import { ASSERTIONS, audienceOf, openAssertionKey } from "@gatehouse/oauth/client/assertion";
import { exchangeToken } from "@gatehouse/oauth/client/token-exchange";
import type { Credential } from "@gatehouse/store/credentials";
import type { Dependencies } from "../dependencies.ts";
import type { Exchange } from "../exchange.ts";
import type { Key } from "../opening.ts";

/** What names the person who calls to an upstream that trusts us, or to an authorization server of the org's that does. */
export interface OnBehalf {
  /** Signed when it is sent, for this upstream alone. */
  assertion(exchange: Exchange, way: OnBehalfWay): Key;
  /** The org's client, with a token for whoever calls instead of its secret. */
  exchanged(exchange: Exchange, key: ExchangeKey): Credential | Promise<Credential>;
  /** After the upstream has refused it: `true` where there is another by now, or can be had. */
  forget(exchange: Exchange): boolean;
}

interface ExchangeKey {
  way: WayOf<"token-exchange">;
  credential: Credential;
}

interface Got {
  credential: Credential;
  /** Of the org's client that it was got with. */
  linkedAt: number;
  at: number;
}

/** A token that ends sooner is replaced first. */
const AHEAD_MS = 30_000;
/** Where a server does not say how long its tokens live. */
const LIFETIME_MS = 5 * 60_000;
const REMEMBERED_MAX = 20_000;
/** One that is refused when it is newer than this would be refused again. */
const JUST_NEW_MS = 10_000;

export function openOnBehalf(deps: Pick<Dependencies, "vault" | "egress" | "publicUrl">): OnBehalf {
  const { vault, egress, publicUrl } = deps;
  const assertions = openAssertionKey({ issuer: publicUrl.origin, secret: vault.derive(ASSERTIONS) });
  const got = new Map<string, Got>();
  const asking = new Map<string, Promise<Credential>>();

  function askOnce(exchange: Exchange, key: ExchangeKey): Promise<Credential> {
    const name = nameOf(exchange);
    let pending = asking.get(name);
    if (!pending) {
      pending = ask(exchange, key).finally(() => asking.delete(name));
      asking.set(name, pending);
    }
    return pending;
  }

  async function ask({ org, token, connector }: Exchange, { way, credential }: ExchangeKey): Promise<Credential> {
    const dataKey = await vault.dataKey(org.id);
    const sentTo = { upstreamOrigin: connector.origin, tokenEndpoint: way.tokenEndpoint };
    const client = openCredential<WithToken>(dataKey, { org: org.id, ...credential }, credential.sealed!, sentTo);
    const subjectToken = assertions.sign(callerOf({ org, token }), way.tokenEndpoint);
    const { origin, egressException: exception } = connector;
    const upstream = { fetch: asFetch(egress, { ...AUTHORIZATION, exception }), allowHttp: origin.startsWith("http:") };
    const { accessToken, expiresAt } = await exchangeToken({ ...way, ...client, subjectToken }, upstream);
    const row = { org: org.id, id: `${credential.id}/${token.subject}`, version: credential.version };
    const sealed = sealCredential(dataKey, row, sentTo, { accessToken });
    const made = { ...credential, id: row.id, sealed, expiresAt: expiresAt ?? new Date(Date.now() + LIFETIME_MS) };
    remember(nameOf({ token, connector }), {
      credential: made,
      linkedAt: credential.linkedAt.getTime(),
      at: Date.now(),
    });
    return made;
  }

  function remember(name: string, entry: Got): void {
    got.delete(name);
    if (got.size >= REMEMBERED_MAX) got.delete(got.keys().next().value!);
    got.set(name, entry);
  }

  return {
    assertion(exchange, way) {
      const audience = audienceOf(new URL(exchange.connector.path, exchange.connector.origin));
      const make = () => ({ accessToken: assertions.sign(callerOf(exchange), audience) });
      return { way, credential: null, subject: exchange.token.subject, make };
    },
    exchanged(exchange, key) {
      const known = got.get(nameOf(exchange));
      const isOurs = known?.linkedAt === key.credential.linkedAt.getTime();
      const isFresh = isOurs && known!.credential.expiresAt!.getTime() - AHEAD_MS > Date.now();
      if (isFresh) return note(exchange, known!.credential);
      return askOnce(exchange, key).then((credential) => note(exchange, credential));
    },
    forget(exchange) {
      const name = nameOf(exchange);
      const known = got.get(name);
      if (!known || known.credential !== exchange.clientToken) return true;
      if (Date.now() - known.at < JUST_NEW_MS) return false;
      return got.delete(name);
    },
  };
}

function note(exchange: Exchange, credential: Credential): Credential {
  exchange.clientToken = credential;
  return credential;
}

const nameOf = ({ token, connector }: Pick<Exchange, "token" | "connector">) => `${connector.id} ${token.subject}`;

function callerOf({ org, token }: Pick<Exchange, "org" | "token">) {
  const { subject, clientId } = token;
  return { subject, email: org.facts.get(subject)?.email ?? null, clientId, org };
}
