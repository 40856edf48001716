import type { Exchange } from "../exchange.ts";

export const OUTCOME_ID = "gatehouse-outcome-id";
export const INTENT_ID = "gatehouse-intent-id";

/** What the replica that passed the exchange on has begun. Only the internal listener's requests are asked for it. */
export function takeOver(exchange: Exchange): void {
  const { headers } = exchange.request;
  exchange.outcomeId = headers[OUTCOME_ID] as string;
  exchange.intentId = (headers[INTENT_ID] as string | undefined) ?? null;
}
