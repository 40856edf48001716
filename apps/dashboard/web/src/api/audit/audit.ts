import type { InferResponseType } from "hono/client";
import type { AuditVerdict } from "../../../../server/audit/verify-once.ts";
import { client } from "../client.ts";
import { type Progress, resultOf } from "../lines.ts";
import { platform } from "../org/platform.ts";
import { over, type Seen, seen } from "../preconditions.ts";

const { audit } = client.orgs[":org"];
export type AuditPage = InferResponseType<typeof audit.$get>;

/** With all that it says, which differs from event to event. */
export type FullAuditEntry = Omit<AuditEntry, "entry"> & { seq: number | null; entry: Record<string, unknown> };
export type AuditIntegrity = InferResponseType<typeof audit.integrity.$get>;
export type AuditSettings = InferResponseType<typeof audit.settings.$get>;
type AuditQuery = Parameters<typeof audit.$get>[0]["query"];

/** In an org's place: what belongs to none. No org has this address. */
export const DEPLOYMENT = "platform";

export async function listAudit(org: string, query: AuditQuery): Promise<AuditPage> {
  return (await (org === DEPLOYMENT ? platform.audit.$get({ query }) : audit.$get({ param: { org }, query }))).json();
}

export async function readAuditEntry(org: string, id: string) {
  const answer =
    org === DEPLOYMENT ? platform.audit[":id"].$get({ param: { id } }) : audit[":id"].$get({ param: { org, id } });
  const { otherHalf, neighbours, ...row } = await (await answer).json();
  return { row: row as FullAuditEntry, otherHalf: otherHalf as FullAuditEntry | null, neighbours };
}

/** What was sealed of a call's arguments. */
export async function openArguments(org: string, id: string): Promise<unknown> {
  return (await (await audit[":id"].arguments.$get({ param: { org, id } })).json()).arguments;
}

/** Line by line, as it comes. */
export function exportAudit(
  org: string,
  query: Parameters<typeof audit.export.$get>[0]["query"],
  signal: AbortSignal,
): Promise<Response> {
  return audit.export.$get({ param: { org }, query }, { init: { signal } }) as Promise<Response>;
}

export async function readAuditIntegrity(org: string): Promise<AuditIntegrity> {
  return (await audit.integrity.$get({ param: { org } })).json();
}

/** Looks at every row. */
export async function verifyAudit(org: string, onProgress: (progress: Progress) => void): Promise<AuditVerdict> {
  return resultOf<AuditVerdict>(await audit.verdict.$get({ param: { org } }), onProgress);
}

export async function readAuditSettings(org: string): Promise<Seen<AuditSettings>> {
  return seen(await audit.settings.$get({ param: { org } }));
}

export async function changeAuditSettings(org: string, json: AuditSettings, etag: string | null): Promise<void> {
  await audit.settings.$put({ param: { org }, json, ...over(etag) });
}

export type AuditEntry = InferResponseType<typeof audit.$get>["entries"][number];
