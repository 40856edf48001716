import { Fault } from "@gatehouse/faults";
import {
  type AuditEntry,
  type AuditFilter,
  findAuditEntry,
  findOtherHalf,
  insertAudit,
  listAudit,
  listConnectorIds,
  listSubjectIds,
  searchAudit,
} from "@gatehouse/store/audit";
import { findChain, findLastHead } from "@gatehouse/store/audit-chain";
import { findAuditSettings, updateAuditSettings } from "@gatehouse/store/audit-settings";
import { type Database, type OrgScope, withOrg } from "@gatehouse/store/database";
import { Hono } from "hono";
import { z } from "zod";
import { jsonBody, Page, query } from "../api/fields.ts";
import { inLines } from "../api/in-lines.ts";
import type { InOrg } from "../api/membership.ts";
import { operation } from "../api/operation.ts";
import type { Deps } from "../dashboard.ts";
import { EXPORT_FORMATS, exportLines, streamOf } from "./export-audit.ts";
import { verifyOnce } from "./verify-once.ts";

const Text = z.string().trim().min(1).max(200);

const Filter = z.object({
  event: z
    .string()
    .regex(/^[a-z._]{1,64}$/, "An event is named by lower-case letters, dots and underscores")
    .optional(),
  outcome: Text.optional(),
  /** An email address, or the name of a service account. */
  who: Text.optional(),
  connector: Text.optional(),
  tool: Text.optional(),
  client: Text.optional(),
  token: Text.optional(),
  address: Text.optional(),
  trace: Text.optional(),
  error: Text.optional(),
  method: Text.optional(),
  grant: Text.optional(),
  /** Their SHA-256, as an entry has it. */
  arguments: Text.optional(),
  /** Milliseconds. */
  slower: z.coerce.number("This is a number of milliseconds").min(0).optional(),
  /** Bytes, of the request or its answer. */
  larger: z.coerce.number("This is a number of bytes").min(0).optional(),
  from: z.iso.datetime({ offset: true, error: "A time is written as 2026-01-31T12:00:00Z" }).optional(),
  to: z.iso.datetime({ offset: true, error: "A time is written as 2026-01-31T12:00:00Z" }).optional(),
});

type Filter = z.output<typeof Filter>;

export const EntriesPage = Page.extend(Filter.shape);
type EntriesPage = z.output<typeof EntriesPage>;

const Settings = z.object({
  arguments: z.enum(["hashed", "redacted", "sealed"], { error: "Choose what is kept of arguments" }),
  retentionDays: z
    .int()
    .min(30, "Keep rows for 30 days at least")
    .max(3650, "Keep rows for ten years, or for good")
    .nullable(),
});

const CONTENT_TYPES = { jsonl: "application/jsonl", csv: "text/csv; charset=utf-8" };
const NEIGHBOURS_MAX = 50;

const Told = z.object({
  ...{ id: z.uuid(), at: z.iso.datetime(), event: z.string(), outcome: z.string() },
  user: z.string().nullable(),
  connector: z.string().nullable(),
  connectorSlug: z.string().nullable(),
  /** What only some events have. */
  entry: z.looseObject({}),
});
const ToldInFull = Told.extend({ seq: z.int().nullable() });

export const EntriesAnswer = z.object({ entries: z.array(Told), next: z.uuid().nullable() });
export const EntryAnswer = ToldInFull.extend({ otherHalf: ToldInFull.nullable(), neighbours: z.array(Told) });

const IntegrityAnswer = z.object({
  chained: z.object({ seq: z.int(), at: z.iso.datetime().nullable() }).nullable(),
  signed: z.object({ seq: z.int(), at: z.iso.datetime(), hash: z.string(), key: z.string() }).nullable(),
  retainedFrom: z.int(),
});

/** `/api/orgs/:org/audit` */
export function audit(deps: Deps) {
  const { db, vault } = deps;
  return new Hono<InOrg>()
    .get(
      "/",
      operation("searchAudit", {
        summary: "Search the audit log, newest first",
        needs: "read the audit log",
        answers: EntriesAnswer,
      }),
      query(EntriesPage),
      async function search(c) {
        return c.json(await searchLog(db, c.var.membership.org.id, c.req.valid("query")));
      },
    )
    .get(
      "/export",
      operation("exportAudit", {
        summary: "Export the audit log, or a choice of it",
        needs: "read the audit log",
        media: ["application/jsonl", "text/csv"],
      }),
      query(Filter.extend({ format: z.enum(EXPORT_FORMATS) })),
      async function exportRows(c) {
        const { format, ...filter } = c.req.valid("query");
        const { org } = c.var.membership;
        const resolved = await withOrg(db, org.id, (scope) => resolve(scope, filter));
        const wanted = Object.values(filter).some((term) => term !== undefined) ? resolved : null;
        const name = `${org.slug}-audit-${new Date().toISOString().slice(0, 10)}.${format}`;
        c.header("content-type", CONTENT_TYPES[format]);
        c.header("content-disposition", `attachment; filename="${name}"`);
        return c.body(streamOf(exportLines(format, { db, orgId: org.id, filter: wanted })));
      },
    )
    .get(
      "/integrity",
      operation("readIntegrity", {
        summary: "Read how far the log is chained and signed",
        needs: "read the audit log",
        answers: IntegrityAnswer,
      }),
      async function readIntegrity(c) {
        const { org } = c.var.membership;
        const { chain, head } = await withOrg(db, org.id, async (scope) => ({
          chain: await findChain(scope.db, org.id),
          head: await findLastHead(scope.db, org.id),
        }));
        return c.json({
          chained: chain && { seq: chain.seq, at: chain.at },
          signed: head ? { seq: head.seq, at: head.at, hash: head.hash, key: head.key } : null,
          retainedFrom: (chain?.retainedSeq ?? 0) + 1,
        });
      },
    )
    .get(
      "/verdict",
      operation("verifyAudit", {
        summary: "Verify the log's chain; progress and the verdict are lines of JSON",
        needs: "read the audit log",
        media: ["application/x-ndjson"],
      }),
      async function verify(c) {
        const verify = await verifyOnce(deps, c.var.membership.org.id);
        return inLines(c, verify);
      },
    )
    .get(
      "/settings",
      operation("readAuditSettings", {
        summary: "Read what the audit log keeps",
        needs: "read the audit log",
        answers: Settings,
      }),
      async function readSettings(c) {
        return c.json(await withOrg(db, c.var.membership.org.id, findAuditSettings));
      },
    )
    .put(
      "/settings",
      operation("changeAuditSettings", {
        summary: "Change what the audit log keeps",
        needs: "set what the audit log keeps",
      }),
      jsonBody(Settings),
      async function changeSettings(c) {
        const after = c.req.valid("json");
        const userId = c.var.session.user.id;
        await withOrg(db, c.var.membership.org.id, async (scope) => {
          const before = await findAuditSettings(scope);
          await updateAuditSettings(scope, after);
          const entry = { before, after };
          await insertAudit(scope, { event: "audit_settings.changed", outcome: "ok", userId, entry });
        });
        return c.body(null, 204);
      },
    )
    .get(
      "/:id",
      operation("readAuditEntry", {
        summary: "Read an entry, with its neighbours in the same trace",
        needs: "read the audit log",
        answers: EntryAnswer,
      }),
      async function readEntry(c) {
        return c.json(await readLogEntry(db, c.var.membership.org.id, c.req.param("id")));
      },
    )
    .get(
      "/:id/arguments",
      operation("openArguments", {
        summary: "Open the arguments of a call, which is an entry of its own",
        needs: "read the audit log",
        answers: z.object({ arguments: z.looseObject({}) }),
      }),
      async function openArguments(c) {
        const { org } = c.var.membership;
        const userId = c.var.session.user.id;
        const id = c.req.param("id");
        const text = await withOrg(db, org.id, async (scope) => {
          const { entry } = await findEntry(scope, id);
          const { sealed } = (entry.arguments ?? {}) as { sealed?: string };
          if (!sealed) throw new Fault("not_found", "The arguments of this call were not kept whole");
          await insertAudit(scope, { event: "arguments.read", outcome: "ok", userId, entry: { row: id } });
          return vault.open({ org: org.id, row: `audit/${id}` }, Buffer.from(sealed, "base64"));
        });
        return c.json({ arguments: JSON.parse(text) as Record<string, never> });
      },
    );
}

/** A page of an org's log, or of the deployment's. */
export async function searchLog(db: Database, orgId: string, { limit, after, ...filter }: EntriesPage) {
  const { entries, next } = await withOrg(db, orgId, async (scope) =>
    searchAudit(scope, { ...(await resolve(scope, filter)), before: after, limit }),
  );
  return { entries: entries.map(shown), next };
}

/** With its neighbours in the same trace. */
export async function readLogEntry(db: Database, orgId: string, id: string) {
  const { entry, otherHalf, neighbours } = await withOrg(db, orgId, async (scope) => {
    const entry = await findEntry(scope, id);
    const traceId = entry.entry.trace_id;
    const page = { limit: NEIGHBOURS_MAX, traceId: String(traceId) };
    const neighbours = traceId ? await listAudit(scope, page) : [];
    return { entry, otherHalf: await findOtherHalf(scope, entry), neighbours };
  });
  const others = neighbours.filter(({ id }) => id !== entry.id && id !== otherHalf?.id);
  return { ...inFull(entry), otherHalf: otherHalf && inFull(otherHalf), neighbours: others.map(shown) };
}

async function findEntry(scope: OrgScope, id: string): Promise<AuditEntry> {
  const entry = z.uuid().safeParse(id).success ? await findAuditEntry(scope, id) : null;
  if (!entry) throw new Fault("not_found", "There is no such entry in the audit log");
  return entry;
}

/** Names become ids. */
async function resolve(scope: OrgScope, { who, connector, trace, from, to, ...terms }: Filter): Promise<AuditFilter> {
  return {
    ...terms,
    traceId: trace,
    userIds: who === undefined ? undefined : await listSubjectIds(scope, who),
    connectorIds: connector === undefined ? undefined : await listConnectorIds(scope, connector),
    from: from === undefined ? undefined : new Date(from),
    to: to === undefined ? undefined : new Date(to),
  };
}

/** In a list: without the arguments, which may be long. */
function shown(row: AuditEntry) {
  const { arguments: kept, ...entry } = row.entry;
  return { ...told(row), entry: entry as AuditDetails };
}

function inFull(row: AuditEntry) {
  return { ...told(row), seq: row.seq, entry: row.entry as Record<string, never> };
}

function told({ id, at, event, outcome, connectorName, connectorSlug, ...who }: AuditEntry) {
  return {
    id,
    at: at.toISOString(),
    event,
    outcome,
    user: who.userEmail ?? who.serviceAccountName,
    connector: connectorName,
    connectorSlug,
  };
}

/** What an entry may say; each event has some of it. A write is told twice, before it is sent and after, under one `call`. */
export interface AuditDetails {
  method?: string;
  tool?: string;
  client?: string;
  /** The static token that was called with. */
  token?: string;
  token_name?: string;
  grant?: string;
  address?: string;
  error?: string;
  duration_ms?: number;
  trace_id?: string;
  phase?: "whole" | "intent" | "outcome";
  call?: string;
}
