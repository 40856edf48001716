import type { InferResponseType } from "hono/client";
import { client } from "../client.ts";

const { risk } = client.orgs[":org"].connectors[":slug"];
export type RiskReport = Extract<InferResponseType<typeof risk.$get>, { score: number }>;

export async function readRisks(org: string, slug: string): Promise<RiskReport> {
  return (await risk.$get({ param: { org, slug }, query: {} })).json() as Promise<RiskReport>;
}

/** Where the report is as a file. */
export function riskFile(org: string, slug: string, format: "json" | "sarif"): string {
  return risk.$path({ param: { org, slug }, query: { format } });
}
