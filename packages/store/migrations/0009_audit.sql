-- Up Migration

-- `audit` is where rows land, with no index but its key; a job moves them on to `audit_log`, where each has its place in its
-- org's chain, and where they are searched. All of it belongs to orgs, and is read across them by gatehouse_chain, which is that
-- job. Rows of no org have the nil UUID for one.

-- Rows stay for a second: what is dead is to be gone before it is in the way.
alter table audit set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

-- By month, for ids are UUIDv7 (RFC 9562 §5.7), and so are in the order of time.
create table audit_log (
  id uuid not null,
  org_id uuid not null,
  at timestamptz not null,
  event text not null,
  user_id uuid,
  connector_id uuid,
  outcome text not null,
  entry json not null,
  boot_id uuid not null,
  counter bigint not null,
  -- From 1 on within the org, and SHA-256 of the row and of the hash before.
  seq bigint not null,
  hash bytea not null,
  -- What `entry` says, for searching.
  tool text,
  client text,
  token text,
  address text,
  trace_id text,
  error text,
  primary key (org_id, id)
) partition by range (id);
create index audit_log_seq on audit_log (org_id, seq);
create index audit_log_event on audit_log (org_id, event, id);
create index audit_log_outcome on audit_log (org_id, outcome, id);
create index audit_log_user on audit_log (org_id, user_id, id) where user_id is not null;
create index audit_log_connector on audit_log (org_id, connector_id, id) where connector_id is not null;
create index audit_log_tool on audit_log (org_id, tool, id) where tool is not null;
create index audit_log_client on audit_log (org_id, client, id) where client is not null;
create index audit_log_token on audit_log (org_id, token, id) where token is not null;
create index audit_log_address on audit_log (org_id, address, id) where address is not null;
create index audit_log_trace on audit_log (org_id, trace_id, id) where trace_id is not null;
create index audit_log_error on audit_log (org_id, id, error) where error is not null;

-- Up to where each org's chain goes, and from where on its rows are kept.
create table audit_chains (
  org_id uuid primary key,
  seq bigint not null,
  hash bytea not null,
  chained_at timestamptz not null default now(),
  retained_seq bigint not null default 0,
  retained_hash bytea not null default decode(repeat('00', 32), 'hex')
);

-- What was signed about a chain.
create table audit_heads (
  org_id uuid not null,
  kind text not null check (kind in ('head', 'retained_from')),
  seq bigint not null,
  hash bytea not null,
  at timestamptz not null,
  key text not null,
  signature text not null,
  primary key (org_id, seq, kind)
);

alter table orgs
  -- What is kept of a call's arguments; sealed is all of it, for those who may read the audit log.
  add column audit_arguments text not null default 'hashed' check (audit_arguments in ('hashed', 'redacted', 'sealed')),
  -- For how long rows are kept; null is for good.
  add column audit_retention_days int check (audit_retention_days >= 30);

-- The smallest id of that time.
create function audit_id_at(at timestamptz) returns uuid language sql immutable as $$
  select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;

-- The partition of the month, in UTC, where it is missing. Attached, for making it in its place would stop who reads.
create function make_audit_month(month timestamp) returns void
  language plpgsql security definer set search_path from current as $$
declare
  name text := 'audit_log_' || to_char(month, 'YYYY_MM');
  starts timestamptz := date_trunc('month', month) at time zone 'UTC';
  ends timestamptz := (date_trunc('month', month) + interval '1 month') at time zone 'UTC';
begin
  if to_regclass(name) is not null then return; end if;
  execute format('create table %I (like audit_log including all)', name);
  execute format('alter table audit_log attach partition %I for values from (%L) to (%L)',
    name, audit_id_at(starts), audit_id_at(ends));
end $$;

-- Partitions that ended before and have no row left. Whoever reads goes first: it is tried again.
create function drop_empty_audit_months(before timestamptz) returns int
  language plpgsql security definer set search_path from current as $$
declare
  partition regclass;
  occupied boolean;
  dropped int := 0;
begin
  set local lock_timeout = '200ms';
  for partition in select inhrelid::regclass from pg_inherits where inhparent = 'audit_log'::regclass loop
    continue when to_timestamp(right(partition::text, 7), 'YYYY_MM') + interval '1 month' > before;
    execute format('select exists (select from %s)', partition) into occupied;
    continue when occupied;
    execute format('drop table %s', partition);
    dropped := dropped + 1;
  end loop;
  return dropped;
end $$;

revoke execute on function make_audit_month, drop_empty_audit_months from public;
grant execute on function make_audit_month, drop_empty_audit_months to gatehouse_chain;

alter table audit_log enable row level security;
alter table audit_log force row level security;
alter table audit_chains enable row level security;
alter table audit_chains force row level security;
alter table audit_heads enable row level security;
alter table audit_heads force row level security;

create policy own_org on audit_log for select using (org_id = (select current_org()));
create policy own_org on audit_chains for select using (org_id = (select current_org()));
create policy own_org on audit_heads for select using (org_id = (select current_org()));
create policy every_org on audit to gatehouse_chain using (true);
create policy every_org on audit_log to gatehouse_chain using (true) with check (true);
create policy every_org on audit_chains to gatehouse_chain using (true) with check (true);
create policy every_org on audit_heads to gatehouse_chain using (true) with check (true);
create policy every_org on orgs for select to gatehouse_chain using (true);

grant usage on schema public to gatehouse_chain;
grant select, delete on audit to gatehouse_chain;
grant select, insert, delete on audit_log to gatehouse_chain;
grant select, insert, update on audit_chains to gatehouse_chain;
grant select, insert on audit_heads to gatehouse_chain;
grant select (id, slug, name, audit_retention_days) on orgs to gatehouse_chain;
grant select on audit_log, audit_chains, audit_heads to gatehouse_dashboard;
grant update (audit_arguments, audit_retention_days) on orgs to gatehouse_dashboard;

-- Down Migration
