import type { Egress } from "@gatehouse/egress/egress";
import type { AccessTokenVerifier } from "@gatehouse/oauth/access-token";
import type { DashboardTokens } from "@gatehouse/oauth/dashboard-token";
import type { StaticTokens } from "@gatehouse/oauth/static-token";
import type { State } from "@gatehouse/state/state";
import type { AuditWriter } from "@gatehouse/store/audit-writer";
import type { Database } from "@gatehouse/store/database";
import type { Logger } from "@gatehouse/telemetry/log";
import type { Vault } from "@gatehouse/vault/vault";
import type { Backs } from "./backs/back.ts";
import type { Driving } from "./bridges/drive.ts";
import type { Parking } from "./bridges/park.ts";
import type { Subscriptions } from "./bridges/subscriptions.ts";
import type { UpstreamSessions } from "./bridges/upstream-sessions.ts";
import type { ClientTokens } from "./client-tokens.ts";
import type { MemberCredentials } from "./credentials/member-credentials.ts";
import type { OnBehalf } from "./credentials/on-behalf.ts";
import type { SseStream } from "./fronts/http-sse.ts";
import type { LastUse } from "./last-use.ts";
import type { Refusals } from "./limits/refusals.ts";
import type { OpenStreams } from "./open-streams.ts";
import type { Replicas } from "./replicas/replicas.ts";
import type { Sessions } from "./sessions.ts";
import type { OrgSnapshots } from "./snapshots.ts";
import type { StrangerCounts } from "./stranger-counts.ts";

/** What the steps are made of; each names those that it uses. */
export interface Dependencies {
  publicUrl: URL;
  snapshots: OrgSnapshots;
  tokens: AccessTokenVerifier;
  staticTokens: StaticTokens;
  dashboardTokens: DashboardTokens;
  lastUse: LastUse;
  sessions: Sessions;
  streams: OpenStreams;
  /** Those of HTTP+SSE, by the id within their handle. */
  sseStreams: Map<string, SseStream>;
  backs: Backs;
  upstreamSessions: UpstreamSessions;
  subscriptions: Subscriptions;
  parking: Parking;
  driving: Driving;
  /** By session: subscribes the stream of a legacy client to what its session has come to want. */
  listening: Map<string, () => Promise<void>>;
  /** This process, in the handles that it mints. */
  replicaId: string;
  /** `null` where there is no other. */
  replicas: Replicas | null;
  members: MemberCredentials;
  audit: AuditWriter;
  strangers: StrangerCounts;
  egress: Egress;
  vault: Vault;
  clientTokens: ClientTokens;
  onBehalf: OnBehalf;
  state: State;
  /** For what is looked up by the way, and must not keep the snapshots waiting. */
  usageDb: Database;
  refusals: Refusals;
  /** Until the first byte of an upstream's answer, and between any two. */
  upstreamTimeoutMs: number;
  log: Logger;
}
