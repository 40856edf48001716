import { randomBytes } from "node:crypto";
import type { Vault } from "@gatehouse/vault/vault";

/** Who is sent an org's audit log, and what proves to them that it is us. */
export type Recipient =
  | { kind: "webhook"; url: string; secrets: WebhookSecret[] }
  | { kind: "otlp"; url: string; headers: Record<string, string> };

/** Of Standard Webhooks: `whsec_` and base64. */
export interface WebhookSecret {
  secret: string;
  /** In milliseconds since the epoch; the one that is current has none. */
  endsAt?: number;
}

/** For so long a secret that was replaced signs as well. */
const REPLACED_MS = 24 * 60 * 60_000;

export const newWebhookSecret = (): string => `whsec_${randomBytes(32).toString("base64")}`;

/** The new one first; the one before it lasts for another day. */
export function replaceSecret([current]: WebhookSecret[], secret: string): WebhookSecret[] {
  return [{ secret }, { secret: current!.secret, endsAt: Date.now() + REPLACED_MS }];
}

interface Place {
  orgId: string;
  deliveryId: string;
}

export function sealRecipient(vault: Vault, place: Place, recipient: Recipient): Promise<Buffer> {
  return vault.seal(rowOf(place), JSON.stringify(recipient));
}

export async function openRecipient(vault: Vault, place: Place, sealed: Buffer): Promise<Recipient> {
  return JSON.parse(await vault.open(rowOf(place), sealed));
}

const rowOf = ({ orgId, deliveryId }: Place) => ({ org: orgId, row: `audit_deliveries/${deliveryId}` });
