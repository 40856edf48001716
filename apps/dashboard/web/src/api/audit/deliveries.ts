import type { InferResponseType } from "hono/client";
import { client } from "../client.ts";
import { overPart, type Seen, seen } from "../preconditions.ts";

const deliveries = client.orgs[":org"]["audit-deliveries"];
export type Delivery = InferResponseType<typeof deliveries.$get>["deliveries"][number];
export type NewDelivery = Parameters<typeof deliveries.$post>[0]["json"];

export async function listDeliveries(org: string): Promise<Seen<{ deliveries: Delivery[] }>> {
  return seen(await deliveries.$get({ param: { org } }));
}

/** Tells the secret of a webhook, this once. */
export async function createDelivery(org: string, json: NewDelivery) {
  return (await deliveries.$post({ param: { org }, json })).json();
}

export async function pauseDelivery(org: string, { id, paused: shown }: Delivery, paused: boolean): Promise<void> {
  const unless = await overPart(
    { paused: shown },
    () => listDeliveries(org),
    ({ deliveries }) => deliveries.filter((one) => one.id === id).map(({ paused }) => ({ paused }))[0],
  );
  await deliveries[":id"].$patch({ param: { org, id }, json: { paused }, ...unless });
}

export async function replaceDeliverySecret(org: string, id: string): Promise<string> {
  return (await (await deliveries[":id"].secret.$post({ param: { org, id } })).json()).secret;
}

/** Sends something without rows. */
export async function tryDelivery(org: string, id: string) {
  return (await deliveries[":id"].test.$post({ param: { org, id } })).json();
}

export async function deleteDelivery(org: string, id: string): Promise<void> {
  await deliveries[":id"].$delete({ param: { org, id } });
}
