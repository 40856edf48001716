-- Up Migration

-- Who reads what. Tables that belong to an org have forced row level security: a transaction sees the rows of the org
-- named in `app.org_id`, and without one it sees none. These are global, each with the roles that may read it:
--   users            auth (all of it), dashboard (id, email, name)
--   orgs             auth (find one by its slug); dashboard and gateway see the org of the transaction
--   oidc_records     auth
--   signing_keys     auth (all of it), gateway (the public half)
--   browser_sessions dashboard
--   changes          gateway

create table users (
  id uuid primary key,
  email text not null check (email = lower(email)),
  name text not null,
  password_hash text not null,
  created_at timestamptz not null default now()
);
create unique index users_email on users (email);

create table orgs (
  id uuid primary key,
  slug text not null check (slug ~ '^[a-z0-9](-?[a-z0-9]){1,38}$'),
  name text not null,
  created_at timestamptz not null default now()
);
create unique index orgs_slug on orgs (slug);

create table memberships (
  org_id uuid not null references orgs,
  user_id uuid not null references users,
  role text not null check (role in ('owner', 'admin', 'member', 'auditor')),
  created_at timestamptz not null default now(),
  primary key (org_id, user_id)
);
create index memberships_user on memberships (user_id);

-- A connector's row is archived and never deleted: its slug is not used again for something else.
create table connectors (
  id uuid primary key,
  org_id uuid not null references orgs,
  slug text not null check (slug ~ '^[a-z0-9](-?[a-z0-9]){1,38}$'),
  name text not null,
  url text not null,
  era text not null check (era in ('legacy', 'modern')),
  transport text not null default 'streamable-http' check (transport in ('streamable-http', 'http+sse')),
  protocol_version text not null,
  server_name text not null,
  -- When the upstream last showed the four above.
  probed_at timestamptz not null default now(),
  -- When somebody last set out to look; others leave it alone for a while.
  probe_begun_at timestamptz not null default now(),
  -- The owner has said which era the upstream speaks; probing does not change it.
  upstream_era_pinned boolean not null default false,
  -- 'legacy' where the owner has turned the modern era off for this endpoint's clients.
  client_eras text not null default 'both' check (client_eras in ('both', 'legacy')),
  -- The org's bearer token for the upstream, sealed by the vault; null where the upstream asks for none.
  credential bytea,
  -- An upstream that the deployment itself runs, as host:port, exempt from egress filtering for this connector alone.
  egress_exception text,
  created_at timestamptz not null default now(),
  archived_at timestamptz
);
create unique index connectors_slug on connectors (org_id, slug);

-- The stored catalogue: calls are judged by it, never by what the upstream lists at the moment.
create table tools (
  org_id uuid not null references orgs,
  connector_id uuid not null references connectors,
  name text not null,
  definition jsonb not null,
  -- The owner's decision; null is unclassified, which counts as a write.
  classification text check (classification in ('read', 'write')),
  offered boolean not null default true,
  primary key (connector_id, name)
);

-- A grant whose tokens are dead before they expire. Kept until the last of them has expired.
create table revocations (
  org_id uuid not null references orgs,
  grant_id text not null,
  expires_at timestamptz not null,
  primary key (org_id, grant_id)
);

-- What oidc-provider stores. `id_hash` is SHA-256 of the token or id; the payload does not hold it.
create table oidc_records (
  model text not null,
  id_hash bytea not null,
  payload jsonb not null,
  grant_hash bytea,
  uid_hash bytea,
  expires_at timestamptz,
  consumed_at timestamptz,
  primary key (model, id_hash)
);
create index oidc_records_grant on oidc_records (grant_hash) where grant_hash is not null;
create index oidc_records_uid on oidc_records (uid_hash) where uid_hash is not null;
create index oidc_records_expiry on oidc_records (expires_at);

create table signing_keys (
  kid text primary key,
  public_jwk jsonb not null,
  private_jwk bytea not null,
  created_at timestamptz not null default now()
);

create table browser_sessions (
  id_hash bytea primary key,
  user_id uuid not null references users,
  csrf_token text not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create table audit (
  id uuid primary key,
  org_id uuid not null,
  at timestamptz not null,
  event text not null,
  user_id uuid,
  connector_id uuid,
  outcome text not null,
  entry json not null,
  boot_id uuid not null,
  counter bigint not null
);

-- One row per change of what the gateway remembers of an org. Readers ask for everything at or after the oldest
-- transaction that was still open when they last looked (pg_snapshot_xmin), so that a late commit is not missed.
create table changes (
  xid xid8 not null default pg_current_xact_id(),
  org_id uuid not null,
  at timestamptz not null default now()
);
create index changes_xid on changes (xid);

-- The argument names the column that holds the org.
create function note_change() returns trigger language plpgsql security definer set search_path from current as $$
begin
  insert into changes (org_id)
    values ((to_jsonb(case when tg_op = 'DELETE' then old else new end) ->> tg_argv[0])::uuid);
  return null;
end $$;

create trigger note_change after insert or update or delete on orgs
  for each row execute function note_change('id');
create trigger note_change after insert or update or delete on memberships
  for each row execute function note_change('org_id');
create trigger note_change after insert or update or delete on connectors
  for each row execute function note_change('org_id');
create trigger note_change after insert or update or delete on tools
  for each row execute function note_change('org_id');
create trigger note_change after insert or update or delete on revocations
  for each row execute function note_change('org_id');

create function current_org() returns uuid language sql stable as
  $$ select nullif(current_setting('app.org_id', true), '')::uuid $$;
create function current_member() returns uuid language sql stable as
  $$ select nullif(current_setting('app.user_id', true), '')::uuid $$;

alter table orgs enable row level security;
alter table orgs force row level security;
alter table memberships enable row level security;
alter table memberships force row level security;
alter table connectors enable row level security;
alter table connectors force row level security;
alter table tools enable row level security;
alter table tools force row level security;
alter table revocations enable row level security;
alter table revocations force row level security;
alter table audit enable row level security;
alter table audit force row level security;

create policy own_org on orgs using (id = (select current_org()));
create policy by_slug on orgs for select to gatehouse_auth using (true);
create policy own_orgs on orgs for select to gatehouse_dashboard
  using (id in (select org_id from memberships where user_id = (select current_member())));
create policy own_org on memberships using (org_id = (select current_org()));
create policy own_memberships on memberships for select to gatehouse_dashboard
  using (user_id = (select current_member()));
create policy own_org on connectors using (org_id = (select current_org()));
-- For connectors_due_for_probe alone: no app connects as the database's owner.
create policy every_org on connectors to current_user using (true);
create policy own_org on tools using (org_id = (select current_org()));
create policy own_org on revocations using (org_id = (select current_org()));
create policy own_org on audit using (org_id = (select current_org()));
-- One group of rows is written for several orgs at once, by a role that can do nothing else.
create policy append on audit for insert to gatehouse_audit with check (true);

-- Connectors of all orgs that nobody has looked at for a day, or has tried to for an hour: taken by one caller, and told
-- to no other. Ids alone; what is behind them is read as their org's.
create function connectors_due_for_probe(count_max int) returns table (org_id uuid, id uuid)
  language sql security definer set search_path from current as $$
  update connectors set probe_begun_at = now() where connectors.id in (
    select due.id from connectors due
    where due.archived_at is null
      and due.probed_at < now() - interval '24 hours' and due.probe_begun_at < now() - interval '1 hour'
    order by due.probed_at limit count_max for update skip locked)
  returning connectors.org_id, connectors.id
$$;
revoke execute on function connectors_due_for_probe from public;
grant execute on function connectors_due_for_probe to gatehouse_dashboard;

grant usage on schema public to gatehouse_auth, gatehouse_gateway, gatehouse_dashboard, gatehouse_audit;

grant select, insert, update on users to gatehouse_auth;
grant select (id, email, name, created_at) on users to gatehouse_dashboard;
grant select on orgs to gatehouse_auth, gatehouse_gateway, gatehouse_dashboard;
grant select on memberships to gatehouse_auth, gatehouse_gateway, gatehouse_dashboard;
grant select on connectors, tools to gatehouse_auth, gatehouse_gateway, gatehouse_dashboard;
grant insert, update on connectors, tools to gatehouse_dashboard;
grant delete on tools to gatehouse_dashboard;
grant select, insert, update, delete on revocations to gatehouse_auth;
grant select on revocations to gatehouse_gateway;
grant select, insert, update, delete on oidc_records to gatehouse_auth;
grant select, insert on signing_keys to gatehouse_auth;
grant select (kid, public_jwk, created_at) on signing_keys to gatehouse_gateway;
grant select, insert, update, delete on browser_sessions to gatehouse_dashboard;
grant insert on audit to gatehouse_audit, gatehouse_auth, gatehouse_dashboard;
grant select on audit to gatehouse_dashboard;
grant select, delete on changes to gatehouse_gateway;

-- Down Migration
