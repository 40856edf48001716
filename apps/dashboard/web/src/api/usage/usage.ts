import type { InferResponseType } from "hono/client";
import { client } from "../client.ts";

const { usage } = client.orgs[":org"];
export type UsageSummary = InferResponseType<typeof usage.$get>;

export async function readUsage(org: string, days: number): Promise<UsageSummary> {
  return (await usage.$get({ param: { org }, query: { days: String(days) } })).json();
}

/** Where usage by hour is as a file. */
export function usageFile(org: string, format: "json" | "csv", span: { from: Date; to: Date }): string {
  const query = { from: span.from.toISOString(), to: span.to.toISOString(), format };
  return usage.hours.$path({ param: { org }, query });
}
