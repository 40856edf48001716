import { createHmac } from "node:crypto";
import type { WebhookSecret } from "./recipient.ts";
import type { Batch } from "./send.ts";

/** As Standard Webhooks has it. Rows are those of an export, so that they can be verified as one. */
export function webhookMessage({ id, org, rows }: Batch, secrets: WebhookSecret[], at = new Date()) {
  const type = rows.length > 0 ? "audit.rows" : "audit.test";
  const body = JSON.stringify({ type, timestamp: at.toISOString(), data: { org, rows } });
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const signing = secrets.filter(({ endsAt = Number.POSITIVE_INFINITY }) => endsAt > at.getTime());
  const signatures = signing.map(({ secret }) => signatureOf(`${id}.${timestamp}.${body}`, secret));
  return {
    body,
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": signatures.join(" "),
    },
  };
}

function signatureOf(text: string, secret: string): string {
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  return `v1,${createHmac("sha256", key).update(text).digest("base64")}`;
}
