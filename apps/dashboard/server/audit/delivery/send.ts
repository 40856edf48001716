import type { Egress } from "@gatehouse/egress/egress";
import { DELIVERY } from "@gatehouse/egress/limits";
import { Fault } from "@gatehouse/faults";
import type { DeliveredRow } from "@gatehouse/store/audit-deliveries";
import { otlpMessage, rejectedBy } from "./otlp.ts";
import type { Recipient } from "./recipient.ts";
import { webhookMessage } from "./webhook.ts";

export interface Batch {
  /** The same when it is sent again. */
  id: string;
  /** The org's slug. */
  org: string;
  /** In the order of the chain; none to try whether they would be taken. */
  rows: DeliveredRow[];
}

const RETRY_AFTER_SECONDS_MAX = 3600;

/** Throws where it was not taken, in words for owners. Answers what the receiver has to say of what it took. */
export async function sendBatch(
  { egress, signal }: { egress: Egress; signal?: AbortSignal },
  recipient: Recipient,
  batch: Batch,
): Promise<string | null> {
  const { body, headers } =
    recipient.kind === "webhook" ? webhookMessage(batch, recipient.secrets) : otlpMessage(batch, recipient.headers);
  const url = new URL(recipient.url);
  const answer = await egress.fetch(url, {
    method: "POST",
    headers: { ...headers, "user-agent": "gatehouse" },
    body,
    ...DELIVERY,
    boundary: "audit",
    signal,
  });
  if (answer.status < 200 || answer.status > 299) throw refusedBy(url, answer);
  return recipient.kind === "otlp" ? rejectedBy(answer.body) : null;
}

interface Refusal {
  status: number;
  headers: Record<string, string | string[] | undefined>;
}

function refusedBy(url: URL, { status, headers }: Refusal): Fault {
  const seconds = Math.min(Number(headers["retry-after"]) || 0, RETRY_AFTER_SECONDS_MAX);
  const said = status >= 300 && status < 400 ? `${status}: redirects are not followed` : String(status);
  return new Fault("upstream_failed", `${url.host} answered ${said}`, { headers: { "retry-after": String(seconds) } });
}
