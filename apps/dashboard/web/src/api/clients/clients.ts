import type { InferResponseType } from "hono/client";
import type { PageQuery } from "../../ui/use-pages.ts";
import { client } from "../client.ts";
import { over } from "../preconditions.ts";

const { clients, "own-clients": ownClients } = client.orgs[":org"];

export async function readClients(org: string) {
  return (await clients.$get({ param: { org } })).json();
}

type ClientPolicy = Parameters<typeof clients.policy.$put>[0]["json"];

export async function chooseClientPolicy(org: string, { etags }: Clients, json: ClientPolicy): Promise<void> {
  await clients.policy.$put({ param: { org }, json, ...over(etags.policy) });
}

/** A host, or the URL of a client's metadata document. */
export async function putOnClientList(org: string, entry: string): Promise<void> {
  await clients.list.$post({ param: { org }, json: { entry } });
}

export async function takeOffClientList(
  org: string,
  { etags }: Clients,
  json: { host: string; confirmed?: boolean },
): Promise<void> {
  await clients.list.$delete({ param: { org }, json, ...over(etags.hosts) });
}

const { decision } = clients[":identity"];
type ClientDecision = Parameters<typeof decision.$put>[0]["json"];

/** In place of what has been decided so far, as the client was shown. */
export async function decideOnClient(
  org: string,
  { identity, etag }: Pick<KnownClient, "identity" | "etag">,
  json: ClientDecision,
): Promise<void> {
  await decision.$put({ param: { org, identity: encodeURIComponent(identity) }, json, ...over(etag) });
}

export type NewOwnClient = Parameters<typeof ownClients.$post>[0]["json"];

/** Tells the secret, this once; `null` for a public client. */
export async function registerOwnClient(
  org: string,
  json: NewOwnClient,
): Promise<{ id: string; secret: string | null }> {
  return (await ownClients.$post({ param: { org }, json })).json();
}

export async function replaceOwnClientSecret(org: string, { id, etag }: OwnClient): Promise<string> {
  return (await (await ownClients[":id"].secret.$post({ param: { org, id }, ...over(etag) })).json()).secret;
}

export async function deleteOwnClient(org: string, { id, etag }: OwnClient): Promise<void> {
  await ownClients[":id"].$delete({ param: { org, id }, ...over(etag) });
}

export async function pageOwnClients(org: string, query: PageQuery) {
  return (await ownClients.$get({ param: { org }, query })).json();
}

/** A part of those that members ask for, or of the others. */
export async function pageClients(org: string, waiting: boolean, query: PageQuery) {
  return (await clients.known.$get({ param: { org }, query: { ...query, waiting: String(waiting) } })).json();
}

export type Clients = InferResponseType<typeof clients.$get>;
export type KnownClient = InferResponseType<typeof clients.known.$get>["clients"][number];
export type OwnClient = InferResponseType<typeof ownClients.$get>["clients"][number];
