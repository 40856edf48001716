import type { ColumnType, Generated, JSONColumnType } from "kysely";

export type Role = "owner" | "admin" | "member" | "auditor";
/** What it may do in the management API: owners are people. */
export type ServiceAccountRole = Exclude<Role, "owner">;
export type Era = "legacy" | "modern";
/** HTTP+SSE is the deprecated one of 2024-11-05; of an API that OpenAPI describes, the gateway is the server. */
export type Transport = "streamable-http" | "http+sse" | "openapi";
/** Which eras an endpoint's clients may speak. */
export type ClientEras = "both" | "legacy";
export type Classification = "read" | "write";
/** A broken one is refused upstream; an unlinked one has been given up. */
export type CredentialStatus = "live" | "broken" | "unlinked";

/** Which clients an org lets its members connect. */
export type ClientPolicy = "any" | "listed" | "approved";
/** How a client came to be known: by a document that it publishes, by registering itself, or by an owner's hand. */
export type Registration = "document" | "dynamic" | "manual";
export type ClientStanding = "allowed" | "not_allowed" | "blocked";
export type OwnClientAuthMethod = "none" | "client_secret_basic" | "client_secret_post";

/** What the audit log keeps of a call's arguments. */
export type KeptArguments = "hashed" | "redacted" | "sealed";

/** What the audit log is sent as. */
export type DeliveryKind = "webhook" | "otlp";

/** What a mailed link is good for. */
export type LinkPurpose = "sign_up" | "reset_password" | "change_email";

type Nullable<Value> = ColumnType<Value | null, string | null | undefined, string | null>;
type CreatedAt = ColumnType<Date, never, never>;
/** Null until somebody sets it. */
type Settable<T> = ColumnType<T | null, T | null | undefined, T | null>;

/** The tables of `migrations/*.sql`, as kysely wants them. */
export interface Tables {
  users: { id: string; email: string; name: string; password_hash: string; created_at: CreatedAt };
  orgs: {
    id: string;
    slug: string;
    name: string;
    client_policy: Generated<ClientPolicy>;
    created_at: CreatedAt;
    suspended_at: ColumnType<Date | null, never, Date | null>;
    access_token_ttl_seconds: Settable<number>;
    refresh_token_ttl_seconds: Settable<number>;
    refresh_token_ttl_seconds_max: Settable<number>;
    plan: Generated<string>;
    deleted_at: Settable<Date>;
    destroyed_at: Settable<Date>;
    audit_arguments: Generated<KeptArguments>;
    audit_retention_days: Settable<number>;
  };
  memberships: { org_id: string; user_id: string; role: Role; created_at: CreatedAt };
  connectors: {
    id: string;
    org_id: string;
    slug: string;
    name: string;
    url: string;
    era: Era;
    transport: Generated<Transport>;
    protocol_version: string;
    server_name: string;
    probed_at: Generated<Date>;
    probe_begun_at: Generated<Date>;
    upstream_era_pinned: Generated<boolean>;
    client_eras: Generated<ClientEras>;
    access: ColumnType<unknown, string | undefined, string>;
    egress_exception: string | null;
    description_url: Generated<string | null>;
    open_to: Nullable<OpenTo>;
    created_at: CreatedAt;
    archived_at: Date | null;
  };
  tools: {
    org_id: string;
    connector_id: string;
    name: string;
    definition: JSONColumnType<ToolDefinition>;
    classification: Classification | null;
    offered: Generated<boolean>;
    edits: Nullable<ToolEdits>;
    open_to: Nullable<OpenTo>;
    operation: Generated<string | null>;
    binding: Nullable<ToolBinding>;
    tags: Generated<string[]>;
  };
  teams: { id: string; org_id: string; name: string; created_at: CreatedAt };
  team_members: { org_id: string; team_id: string; user_id: string };
  revocations: { org_id: string; grant_id: string; expires_at: Date };
  oidc_records: {
    model: string;
    id_hash: Buffer;
    payload: JSONColumnType<Record<string, unknown>>;
    grant_hash: Buffer | null;
    uid_hash: Buffer | null;
    expires_at: Date | null;
    consumed_at: Date | null;
  };
  signing_keys: {
    kid: string;
    public_jwk: JSONColumnType<Record<string, unknown>>;
    /** Forgotten when it signs no more. */
    private_jwk: Buffer | null;
    created_at: CreatedAt;
    signs_from: Date | null;
    signs_until: Generated<Date | null>;
  };
  browser_sessions: {
    id_hash: Buffer;
    user_id: string;
    csrf_token: string;
    created_at: CreatedAt;
    expires_at: Date;
    session_hash: Buffer | null;
  };
  audit: {
    id: string;
    org_id: string;
    at: Date;
    event: string;
    user_id: string | null;
    connector_id: string | null;
    outcome: string;
    entry: JSONColumnType<Record<string, unknown>>;
    boot_id: string;
    counter: string;
  };
  audit_log: {
    id: string;
    org_id: string;
    at: Date;
    event: string;
    user_id: string | null;
    connector_id: string | null;
    outcome: string;
    entry: JSONColumnType<Record<string, unknown>>;
    boot_id: string;
    counter: string;
    seq: string;
    hash: Buffer;
    tool: string | null;
    client: string | null;
    token: string | null;
    address: string | null;
    trace_id: string | null;
    error: string | null;
  };
  audit_chains: {
    org_id: string;
    seq: string;
    hash: Buffer;
    chained_at: Generated<Date>;
    retained_seq: Generated<string>;
    retained_hash: Generated<Buffer>;
  };
  audit_heads: {
    org_id: string;
    kind: "head" | "retained_from";
    seq: string;
    hash: Buffer;
    at: Date;
    key: string;
    signature: string;
  };
  mailed_links: {
    token_hash: Buffer;
    purpose: LinkPurpose;
    email: string;
    user_id: string | null;
    expires_at: Date;
  };
  attempts: { key_hash: Buffer; count: number; expires_at: Date };
  browsers: {
    session_hash: Buffer;
    user_id: string;
    user_agent: string;
    signed_in_at: Generated<Date>;
    last_seen_at: Generated<Date>;
  };
  invitations: {
    id: string;
    org_id: string;
    email: string;
    role: Role;
    token_hash: Buffer;
    invited_by: string;
    created_at: CreatedAt;
    expires_at: Date;
  };
  mails: {
    id: string;
    sealed: Buffer;
    attempts: Generated<number>;
    due_at: Generated<Date>;
    created_at: CreatedAt;
  };
  mail_counts: { org_id: string; purpose: string; count: number; expires_at: Date };
  grants: {
    id: string;
    org_id: string;
    user_id: string;
    connector_id: string;
    client_id: string;
    client_name: string;
    client_host: string | null;
    scopes: string[];
    terms: JSONColumnType<Record<string, unknown>>;
    created_at: CreatedAt;
    expires_at: Date;
    last_used_at: Date | null;
  };
  service_accounts: {
    id: string;
    org_id: string;
    name: string;
    role: ServiceAccountRole;
    created_by: string | null;
    created_at: CreatedAt;
    suspended_at: Date | null;
    archived_at: Date | null;
  };
  static_tokens: {
    id: string;
    org_id: string;
    user_id: string | null;
    service_account_id: string | null;
    hash: Buffer;
    name: string;
    scopes: string[];
    connector_ids: string[] | null;
    created_by: string;
    created_at: CreatedAt;
    expires_at: Date;
    last_used_at: Date | null;
  };
  changes: { xid: string; org_id: string; user_id: string | null; at: Date };
  own_clients: {
    id: string;
    org_id: string;
    name: string;
    redirect_uris: JSONColumnType<string[]>;
    token_endpoint_auth_method: OwnClientAuthMethod;
    secret_hash: Buffer | null;
    created_at: CreatedAt;
    secret_changed_at: Generated<Date>;
  };
  clients: {
    org_id: string;
    identity: string;
    registration: Registration;
    name: string;
    host: string | null;
    decision: Generated<"allowed" | "blocked" | null>;
    decided_by: Generated<string | null>;
    decided_at: Generated<Date | null>;
    created_at: CreatedAt;
  };
  client_hosts: { org_id: string; host: string; created_at: CreatedAt };
  client_ids: { org_id: string; client_id: string; identity: string };
  client_requests: { org_id: string; identity: string; user_id: string; created_at: CreatedAt };
  client_standings: { org_id: string; identity: string; standing: ClientStanding };
  data_keys: {
    holder: string;
    master_key_id: string | null;
    wrapped: Buffer | null;
    created_at: CreatedAt;
    destroyed_at: Date | null;
  };
  credentials: {
    id: string;
    org_id: string;
    connector_id: string;
    user_id: string | null;
    kind: string;
    slot: string;
    sealed: Buffer | null;
    version: Generated<number>;
    upstream_origin: string;
    token_endpoint: string | null;
    scopes: Generated<string[]>;
    expires_at: Date | null;
    status: Generated<CredentialStatus>;
    label: string | null;
    linked_at: Generated<Date>;
    set_by: string | null;
    last_refreshed_at: Date | null;
    refresh_until: Date | null;
    told_version: number | null;
  };
  upstream_clients: {
    connector_id: string;
    client_id: string;
    org_id: string;
    registration: "given" | "document" | "dynamic" | "operator";
    auth_method: "none" | "client_secret_basic" | "client_secret_post";
    server: JSONColumnType<Record<string, unknown>>;
    upstream_origin: string;
    resource: string | null;
    scopes: string[];
    sealed: Buffer | null;
    chosen_at: Generated<Date>;
  };
  link_attempts: {
    state_hash: Buffer;
    browser_hash: Buffer;
    org_id: string;
    connector_id: string;
    user_id: string;
    sealed: Buffer;
    interaction_uid: string | null;
    expires_at: Date;
  };
  audit_deliveries: {
    id: string;
    org_id: string;
    kind: DeliveryKind;
    target: string;
    sealed: Buffer;
    created_at: CreatedAt;
    paused: Generated<boolean>;
    delivered_seq: string;
    delivered_at: Settable<Date>;
    sending_seq: Settable<string>;
    attempts: Generated<number>;
    error: Nullable<string>;
    due_at: Generated<Date>;
  };
  idempotency_keys: {
    org_id: string;
    caller_id: string;
    key_hash: Buffer;
    request_hash: Buffer;
    status: Settable<number>;
    sealed: Settable<Buffer>;
    created_at: CreatedAt;
  };
  resource_changes: {
    org_id: string;
    path: string;
    changed_by: string | null;
    changed_at: Date | null;
    busy_until: Date | null;
  };
  plans: { name: string; limits: JSONColumnType<PlanLimits> };
  limits: { org_id: string; subject: Subject; subject_id: Generated<string>; amounts: JSONColumnType<Amounts> };
  usage_hours: {
    org_id: string;
    hour: Date;
    user_id: string;
    client: string;
    connector_id: string;
    tool: string;
    calls: string;
    errors: string;
    refused: string;
    bytes_in: string;
    bytes_out: string;
    duration_ms: number;
    duration_ms_max: number;
    durations: Generated<string[]>;
  };
  outages: { org_id: string; connector_id: string; reason: string; since: Generated<Date>; seen_at: Generated<Date> };
  operators: { user_id: string; added_at: CreatedAt };
  replicas: {
    id: string;
    apps: string[];
    host: string;
    version: string;
    started_at: Date;
    seen_at: Generated<Date>;
    dependencies: JSONColumnType<Record<string, string>>;
  };
  usage_cursors: { org_id: string; seq: string };
  upstream_revocations: {
    credential_id: string;
    version: number;
    org_id: string;
    connector_id: string;
    user_id: string;
    sealed: Buffer;
    upstream_origin: string;
    token_endpoint: string | null;
    attempts: Generated<number>;
    due_at: Generated<Date>;
  };
}

/** Whose calls are counted together: all of the org's, or those of each of the others. */
export type Subject = "org" | "member" | "client" | "connector" | "tool";

/** What may be limited; what is not named is not. Days and months are the calendar's, UTC; bytes are both ways. */
export type Amount =
  | "callsPerSecond"
  | "callsPerMinute"
  | "concurrentCalls"
  | "callsPerDay"
  | "callsPerMonth"
  | "bytesPerDay"
  | "bytesPerMonth";
export type Amounts = Partial<Record<Amount, number>>;
export type PlanLimits = Partial<Record<Subject, Amounts>>;

/** Whom something is open to: whoever has one of the roles, or is in one of the teams. */
export interface OpenTo {
  roles: Role[];
  teams: string[];
}

/** Of `@gatehouse/connectors`: an owner's layer over a tool, and how an operation is called. */
export type ToolEdits = { name?: string };
export type ToolBinding = object;

/** A tool as `tools/list` gives it; members we don't know are kept. */
export interface ToolDefinition {
  name: string;
  title?: string;
  description?: string;
  annotations?: { readOnlyHint?: boolean; destructiveHint?: boolean };
  [member: string]: unknown;
}
