import { Fault } from "@gatehouse/faults";
import { auditCommitDuration, auditFailures, auditGroupSize, auditLag } from "@gatehouse/telemetry/events";
import pg from "pg";
import { type AuditRow, type AuditStream, entryText, newAuditStream } from "./audit.ts";
import { connectionSettings, type DatabaseAccess } from "./database.ts";

/** Appends rows of any org: the gateway's way into `audit`, by a role that can do nothing else. */
export interface AuditWriter extends AsyncDisposable {
  /** Settles when the row is durable. Throws `unavailable` where it cannot be made so. */
  append(row: AuditRow): Promise<void>;
  /** Written with the next group, and nobody waits for it. */
  enqueue(row: AuditRow): void;
  /** How long the oldest row has waited, in milliseconds: what cannot be recorded should not begin. */
  lagMs(): number;
}

interface Waiting {
  row: AuditRow;
  since: number;
  written: () => void;
  failed: (error: unknown) => void;
}

/** So many groups are on their way to the disk at the same time. */
const LANES = 2;
const GROUP_MAX = 1000;
/** A group waits for what keeps arriving, and for no more turns of the event loop than this. */
const TURNS_MAX = 8;
const RETRY_MS = 250;
/** A commit that takes longer is taken for lost. */
export const COMMIT_MS_MAX = 5000;

interface Options {
  access: DatabaseAccess;
  /** Is told once of each try that failed, however many rows it was of. */
  onError: (error: unknown) => void;
}

/** An org that writes all the time has one lane, and keeps no other org waiting. */
export function openAuditWriter(options: Options): AuditWriter {
  const lanes = Array.from({ length: LANES }, () => openLane(options));

  /** An org's rows stay in their order: where some are on their way, more follow. */
  function laneOf({ orgId }: AuditRow): Lane {
    return lanes.find((lane) => lane.has(orgId)) ?? lanes.reduce((best, lane) => (lane.size < best.size ? lane : best));
  }

  const lagMs = () => Math.max(...lanes.map((lane) => lane.lagMs()));
  const observed = auditLag.observe(() => [[lagMs() / 1000]]);
  return {
    append: (row) => new Promise((written, failed) => laneOf(row).push(row, written, failed)),
    enqueue: (row) => laneOf(row).push(row, tellNobody, tellNobody),
    lagMs,
    async [Symbol.asyncDispose]() {
      observed[Symbol.dispose]();
      await Promise.all(lanes.map((lane) => lane[Symbol.asyncDispose]()));
    },
  };
}

interface Lane extends AsyncDisposable {
  /** How many rows wait or are on their way. */
  readonly size: number;
  /** Some of them are the org's. */
  has(orgId: string): boolean;
  push(row: AuditRow, written: () => void, failed: (error: unknown) => void): void;
  lagMs(): number;
}

/**
 * Group commit without a timer: once the group before it is durable, a group leaves at the end of the first turn of the event
 * loop in which no more rows have come. A turn takes microseconds where little is going on; where much is, groups are larger
 * for it, and commits fewer. A group whose commit got lost is sent again; its rows' ids see to it that none is there twice.
 */
function openLane({ access, onError }: Options): Lane {
  const waiting: Waiting[] = [];
  let group: Waiting[] = [];
  const countOf = new Map<string, number>();
  let client: pg.Client | null = null;
  let writing: Promise<void> | null = null;
  let stream = newAuditStream();

  async function connected(): Promise<pg.Client> {
    if (client) return client;
    const fresh = new pg.Client({ ...connectionSettings(access, "gatehouse_audit"), query_timeout: COMMIT_MS_MAX });
    const forget = () => {
      if (client === fresh) client = null;
    };
    fresh.on("error", forget);
    fresh.on("end", forget);
    await fresh.connect();
    client = fresh;
    return fresh;
  }

  async function insertGroup(): Promise<void> {
    const counters = group.map(({ row }) => stream.next(row.orgId));
    const insert = async () => insertRows(await connected(), group, { stream, counters });
    try {
      await insert();
    } catch (error) {
      onError(error);
      dropConnection();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      await insert();
    }
  }

  function dropConnection(): void {
    const broken = client;
    client = null;
    broken?.connection.stream.destroy();
  }

  async function write(): Promise<void> {
    while (waiting.length > 0) {
      await noMoreCome();
      group = waiting.splice(0, GROUP_MAX);
      const startedAt = performance.now();
      try {
        await insertGroup();
        auditGroupSize.record(group.length, null);
        auditCommitDuration.record((performance.now() - startedAt) / 1000, null);
        for (const { written } of group) written();
      } catch (error) {
        onError(error);
        auditFailures.add(group.length);
        dropConnection();
        // Nobody knows whether the group is there: what follows must not seem to follow on it.
        stream = newAuditStream();
        for (const { failed } of group) failed(notRecorded(error));
      }
      for (const { row } of group) countDown(row);
      group = [];
    }
    writing = null;
  }

  async function noMoreCome(): Promise<void> {
    for (let turn = 0, before = 0; turn < TURNS_MAX && before < waiting.length; turn++) {
      before = waiting.length;
      await new Promise(setImmediate);
    }
  }

  function countDown({ orgId }: AuditRow): void {
    const count = countOf.get(orgId)! - 1;
    if (count > 0) countOf.set(orgId, count);
    else countOf.delete(orgId);
  }

  return {
    get size() {
      return waiting.length + group.length;
    },
    has: (orgId) => countOf.has(orgId),
    push(row, written, failed) {
      waiting.push({ row, since: performance.now(), written, failed });
      countOf.set(row.orgId, (countOf.get(row.orgId) ?? 0) + 1);
      writing ??= write();
    },
    lagMs() {
      const oldest = group[0] ?? waiting[0];
      return oldest ? performance.now() - oldest.since : 0;
    },
    async [Symbol.asyncDispose]() {
      await writing;
      // Nothing is under way, and whether Postgres still says goodbye is nobody's concern.
      dropConnection();
    },
  };
}

const tellNobody = () => {};

function notRecorded(cause: unknown): Fault {
  return new Fault("unavailable", "The audit log cannot be written", { cause, headers: { "retry-after": "2" } });
}

const INSERT = `
  insert into audit (id, org_id, at, event, user_id, connector_id, outcome, entry, boot_id, counter)
  select id, org_id, to_timestamp(at), event, user_id, connector_id, outcome, entry, $9::uuid, counter
  from unnest($1::uuid[], $2::uuid[], $3::float8[], $4::text[], $5::uuid[], $6::uuid[], $7::text[],
    string_to_array($8, U&'\\001E')::json[], $10::bigint[])
    as t (id, org_id, at, event, user_id, connector_id, outcome, entry, counter)
  on conflict do nothing`;

/** The arrays are written as literals by hand: ids, numbers and plain words need no quotes; JSON never holds U+001E. */
async function insertRows(
  client: pg.Client,
  group: Waiting[],
  { stream, counters }: { stream: AuditStream; counters: number[] },
): Promise<void> {
  const list = (value: (waiting: Waiting) => string | number | null) =>
    `{${group.map((waiting) => value(waiting) ?? "NULL").join(",")}}`;
  await client.query({
    name: "append audit",
    text: INSERT,
    values: [
      list(({ row }) => row.id),
      list(({ row }) => row.orgId),
      list(({ row }) => row.at.getTime() / 1000),
      list(({ row }) => row.event),
      list(({ row }) => row.userId),
      list(({ row }) => row.connectorId),
      list(({ row }) => row.outcome),
      group.map(({ row }) => entryText(row.entry)).join("\u001e"),
      stream.id,
      `{${counters.join(",")}}`,
    ],
  });
}
