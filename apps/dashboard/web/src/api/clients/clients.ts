import type { InferResponseType } from "hono/client";
import type { PageQuery } from "../../ui/use-pages.ts";
import { client } from "../client.ts";
import { overPart, type Seen, seen } from "../preconditions.ts";

const { clients, "own-clients": ownClients } = client.orgs[":org"];

export async function readClients(org: string) {
  return seen(await clients.$get({ param: { org } }));
}

type ClientPolicy = Parameters<typeof clients.policy.$put>[0]["json"];

export async function chooseClientPolicy(org: string, shown: Clients["policy"], json: ClientPolicy): Promise<void> {
  const unless = await overPart(
    shown,
    () => readClients(org),
    ({ policy }) => policy,
  );
  await clients.policy.$put({ param: { org }, json, ...unless });
}

/** A host, or the URL of a client's metadata document. */
export async function putOnClientList(org: string, entry: string): Promise<void> {
  await clients.list.$post({ param: { org }, json: { entry } });
}

export async function takeOffClientList(org: string, json: { host: string; confirmed?: boolean }): Promise<void> {
  await clients.list.$delete({ param: { org }, json });
}

type ClientDecision = Parameters<typeof clients.decision.$put>[0]["json"];

/** `shown` is what has been decided so far, as whoever decides has seen it. */
export async function decideOnClient(
  org: string,
  shown: Pick<KnownClient, "decision">,
  json: ClientDecision,
): Promise<void> {
  const decisionOf = ({ decision }: Pick<KnownClient, "decision">) => ({ decision });
  const unless = await overPart(
    decisionOf(shown),
    () => readClients(org),
    ({ decided }) => ({ decision: decided.find(({ identity }) => identity === json.identity)?.decision ?? null }),
  );
  await clients.decision.$put({ param: { org }, json, ...unless });
}

export type NewOwnClient = Parameters<typeof ownClients.$post>[0]["json"];

/** Tells the secret, this once; `null` for a public client. */
export async function registerOwnClient(
  org: string,
  json: NewOwnClient,
): Promise<{ id: string; secret: string | null }> {
  return (await ownClients.$post({ param: { org }, json })).json();
}

/** A change of the client as it is `shown`. */
function overOwnClient(org: string, shown: OwnClient) {
  const read = async () => seen(await ownClients[":id"].$get({ param: { org, id: shown.id } }));
  return overPart(shown, read, ({ etag: _, ...now }: Seen<OwnClient>) => now);
}

export async function replaceOwnClientSecret(org: string, shown: OwnClient): Promise<string> {
  const param = { org, id: shown.id };
  return (await (await ownClients[":id"].secret.$post({ param, ...(await overOwnClient(org, shown)) })).json()).secret;
}

export async function deleteOwnClient(org: string, shown: OwnClient): Promise<void> {
  await ownClients[":id"].$delete({ param: { org, id: shown.id }, ...(await overOwnClient(org, shown)) });
}

/** A part of those that members ask for, or of the others. */
export async function pageClients(org: string, waiting: boolean, query: PageQuery) {
  return (await clients.known.$get({ param: { org }, query: { ...query, waiting: String(waiting) } })).json();
}

export type Clients = InferResponseType<typeof clients.$get>;
export type KnownClient = InferResponseType<typeof clients.known.$get>["clients"][number];
export type OwnClient = Clients["own"][number];
