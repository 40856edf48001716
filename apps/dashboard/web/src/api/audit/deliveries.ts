import type { InferResponseType } from "hono/client";
import { client } from "../client.ts";
import { over } from "../preconditions.ts";

const deliveries = client.orgs[":org"]["audit-deliveries"];
export type Delivery = InferResponseType<typeof deliveries.$get>["deliveries"][number];
export type NewDelivery = Parameters<typeof deliveries.$post>[0]["json"];

export async function listDeliveries(org: string): Promise<{ deliveries: Delivery[] }> {
  return (await deliveries.$get({ param: { org } })).json();
}

/** Tells the secret of a webhook, this once. */
export async function createDelivery(org: string, json: NewDelivery) {
  return (await deliveries.$post({ param: { org }, json })).json();
}

export async function pauseDelivery(org: string, { id, etag }: Delivery, paused: boolean): Promise<void> {
  await deliveries[":id"].$patch({ param: { org, id }, json: { paused }, ...over(etag) });
}

export async function replaceDeliverySecret(org: string, { id, etag }: Delivery): Promise<string> {
  return (await (await deliveries[":id"].secret.$post({ param: { org, id }, ...over(etag) })).json()).secret;
}

/** Sends something without rows. */
export async function tryDelivery(org: string, id: string) {
  return (await deliveries[":id"].test.$post({ param: { org, id } })).json();
}

export async function deleteDelivery(org: string, { id, etag }: Delivery): Promise<void> {
  await deliveries[":id"].$delete({ param: { org, id }, ...over(etag) });
}
