import { randomUUID } from "node:crypto";
import { type Access, isOrgs, type OrgWay, slotOf, type Way, type WayOf } from "@gatehouse/credentials/access";
import { type Presented, present, type WithToken } from "@gatehouse/credentials/present";
import {
  openCredential,
  SECRETS,
  type SecretOf,
  sealCredential,
  tokenEndpointOf,
} from "@gatehouse/credentials/sealed-credential";
import { asFetch } from "@gatehouse/egress/as-fetch";
import type { ClientTls, Egress } from "@gatehouse/egress/egress";
import { AUTHORIZATION } from "@gatehouse/egress/limits";
import { toFault } from "@gatehouse/faults";
import { requestClientToken } from "@gatehouse/oauth/client/client-credentials";
import { exchangeToken } from "@gatehouse/oauth/client/token-exchange";
import { type Credential, putCredential, reserveCredential } from "@gatehouse/store/credentials";
import type { OrgScope } from "@gatehouse/store/database";
import type { DataKey } from "@gatehouse/vault/vault";
import { z } from "zod";
import { invalidFields } from "../api/fields.ts";
import type { Asker } from "../probe/asker.ts";

/** The org's secrets, in clear while they are tried and sealed, by the slots of their ways. */
export type Secrets = Map<string, object>;

/** How an upstream is opened when it is tried. */
export interface OpenedWith {
  presented: Presented;
  tls: (() => ClientTls) | undefined;
  /** Connections are shared with nobody. */
  boundary: string | undefined;
}

/** By slot; what each must hold is for its way to say. */
export const TypedSecrets = z.record(z.string().max(200), z.unknown());

export const orgWays = (access: Access): OrgWay[] => access.filter(isOrgs);

/** What was typed in, by slot; each way without anything there has to be in `stored`. */
export function readSecrets(access: Access, typed: Record<string, unknown>, stored: ReadonlySet<string>): Secrets {
  const secrets: Secrets = new Map();
  const problems: Record<string, string> = {};
  for (const way of orgWays(access)) {
    const slot = slotOf(way);
    if (typed[slot] === undefined && stored.has(slot)) continue;
    const parsed = SECRETS[way.kind].safeParse(typed[slot] ?? {});
    if (parsed.success) secrets.set(slot, parsed.data);
    else
      for (const { path, message } of parsed.error.issues) problems[["secrets", slot, ...path].join(".")] ??= message;
  }
  if (Object.keys(problems).length > 0) throw invalidFields(problems);
  return secrets;
}

/** Those that are stored and may be sent to this upstream. */
export function openSecrets(
  dataKey: DataKey,
  { org, access, origin }: { org: string; access: Access; origin: string },
  credentials: readonly Credential[],
): Secrets {
  const secrets: Secrets = new Map();
  for (const way of orgWays(access)) {
    const slot = slotOf(way);
    const row = usable(credentials, way, origin);
    const sentTo = { upstreamOrigin: origin, tokenEndpoint: tokenEndpointOf(way) };
    if (row) secrets.set(slot, openCredential(dataKey, { org, ...row }, row.sealed!, sentTo));
  }
  return secrets;
}

/** The credential that opens a way at this origin; `undefined` where there is none. */
export function usable(credentials: readonly Credential[], way: OrgWay, origin: string): Credential | undefined {
  return credentials.find(
    ({ userId, slot, status, upstreamOrigin, tokenEndpoint }) =>
      userId === null &&
      slot === slotOf(way) &&
      status === "live" &&
      upstreamOrigin === origin &&
      tokenEndpoint === tokenEndpointOf(way),
  );
}

/** A secret, its way, and when the token within it ends. */
export interface Tried {
  way: OrgWay;
  secret: object;
  expiresAt: Date | null;
  /** What is sent in its place, and not kept. */
  sent?: object;
}

/** Where secrets are tried, and who has them tried; `null` for nobody, who gets no token for themselves. */
export interface TrialPlace {
  access: Access;
  origin: string;
  exception?: string | null | undefined;
  asker: Asker | null;
}

/** Gets the token of clients that need one, which shows that their credentials are right. */
export async function tryClients(
  egress: Egress,
  { access, origin, exception, asker }: TrialPlace,
  secrets: Secrets,
): Promise<Tried[]> {
  const upstream = { fetch: asFetch(egress, { ...AUTHORIZATION, exception }), allowHttp: origin.startsWith("http:") };
  const ways = orgWays(access).filter((way) => secrets.has(slotOf(way)));
  async function exchange(way: WayOf<"token-exchange">, secret: object): Promise<Pick<Tried, "sent">> {
    if (!asker) return {};
    const subjectToken = asker.assertions.sign(asker, way.tokenEndpoint);
    const request = { ...way, ...(secret as SecretOf<"token-exchange">), subjectToken };
    const { accessToken } = await exchangeToken(request, upstream).catch(explain(way));
    return { sent: { accessToken } };
  }
  return Promise.all(
    ways.map(async (way) => {
      const secret = secrets.get(slotOf(way))!;
      if (way.kind === "token-exchange") return { way, secret, expiresAt: null, ...(await exchange(way, secret)) };
      if (way.kind !== "client-credentials") return { way, secret, expiresAt: null };
      const client = secret as SecretOf<"client-credentials">;
      const { accessToken, expiresAt } = await requestClientToken({ ...way, ...client }, upstream).catch(explain(way));
      return { way, secret: { ...client, accessToken } satisfies WithToken, expiresAt };
    }),
  );
}

const explain =
  (way: WayOf<"client-credentials" | "token-exchange">) =>
  (thrown: unknown): never => {
    const fault = toFault(thrown);
    if (fault.code === "internal") throw fault;
    throw invalidFields({ [`secrets.${slotOf(way)}.clientSecret`]: fault.message });
  };

/** `undefined` where nothing is needed. */
export function openedWith(all: readonly { way: Way; secret: object; sent?: object }[]): OpenedWith | undefined {
  const tried = all.filter(({ way, sent }) => way.kind !== "token-exchange" || sent);
  if (tried.length === 0) return undefined;
  const presented: Presented = { headers: [], query: "" };
  for (const { way, secret, sent } of tried) present(way, sent ?? secret, presented);
  const certificate = tried.find(({ way }) => way.kind === "mtls");
  const tls = certificate && (() => certificate.secret as ClientTls);
  return { presented, tls, boundary: randomUUID() };
}

/** Sealed together with the origin that they were given for; they are sent nowhere else. */
export async function keepSecrets(
  scope: OrgScope,
  dataKey: DataKey,
  { connectorId, origin, userId }: { connectorId: string; origin: string; userId: string },
  tried: readonly Tried[],
): Promise<void> {
  for (const { way, secret, expiresAt } of tried) {
    const slot = slotOf(way);
    const sentTo = { upstreamOrigin: origin, tokenEndpoint: tokenEndpointOf(way) };
    const row = await reserveCredential(scope, { connectorId, userId: null, slot });
    const sealed = sealCredential(dataKey, { org: scope.id, ...row }, sentTo, secret);
    const kept = { ...row, ...sentTo, connectorId, userId: null, kind: way.kind, slot, sealed, expiresAt };
    await putCredential(scope, { ...kept, setBy: userId });
  }
}
