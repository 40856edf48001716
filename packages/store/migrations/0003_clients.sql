-- Up Migration

-- Which apps members may connect. All of it belongs to orgs; auth alone reads `own_clients` and `client_ids` without one,
-- by the id that a client gives.

-- Any client; those on the org's list; or those that an admin has approved one by one. What is blocked is always out.
alter table orgs add column client_policy text not null default 'any'
  check (client_policy in ('any', 'listed', 'approved'));

-- A client that an owner has registered by hand: it may ask for this org's endpoints alone.
create table own_clients (
  id text primary key,
  org_id uuid not null references orgs,
  name text not null,
  redirect_uris jsonb not null,
  token_endpoint_auth_method text not null
    check (token_endpoint_auth_method in ('none', 'client_secret_basic', 'client_secret_post')),
  -- SHA-256; null for a public client, which has no secret.
  secret_hash bytea check ((secret_hash is null) = (token_endpoint_auth_method = 'none')),
  created_at timestamptz not null default now(),
  secret_changed_at timestamptz not null default now()
);
create index own_clients_org on own_clients (org_id);

-- A client as the org knows it. Software that registers itself again and again is one row: `identity` is the URL of its
-- metadata document, the id that an owner registered, or the digest of what it registers itself as.
create table clients (
  org_id uuid not null references orgs,
  identity text not null,
  registration text not null check (registration in ('document', 'dynamic', 'manual')),
  name text not null,
  -- Where its metadata document is; for others the one host that they redirect to, if it is one.
  host text,
  decision text check (decision in ('allowed', 'blocked')),
  decided_by uuid references users,
  decided_at timestamptz,
  created_at timestamptz not null default now(),
  primary key (org_id, identity)
);

-- The hosts on the org's list: each stands for every client whose `host` it is.
create table client_hosts (
  org_id uuid not null references orgs,
  host text not null,
  created_at timestamptz not null default now(),
  primary key (org_id, host)
);

-- By which ids it has come to the org's members.
create table client_ids (
  org_id uuid not null,
  client_id text not null,
  identity text not null,
  primary key (org_id, client_id),
  foreign key (org_id, identity) references clients on delete cascade
);
create index client_ids_identity on client_ids (org_id, identity);
create index client_ids_client on client_ids (client_id);

-- Members who have asked for a client that is not allowed, until somebody decides.
create table client_requests (
  org_id uuid not null,
  identity text not null,
  user_id uuid not null references users,
  created_at timestamptz not null default now(),
  primary key (org_id, identity, user_id),
  foreign key (org_id, identity) references clients on delete cascade
);

-- The only place that says what an org's policy means.
create view client_standings with (security_invoker = true) as
  select c.org_id, c.identity,
    case
      when c.decision = 'blocked' then 'blocked'
      when c.decision = 'allowed' or o.client_policy = 'any' then 'allowed'
      when o.client_policy = 'listed' and exists (
        select from client_hosts h where h.org_id = c.org_id and h.host = c.host) then 'allowed'
      else 'not_allowed'
    end as standing
  from clients c join orgs o on o.id = c.org_id;

alter table own_clients enable row level security;
alter table own_clients force row level security;
alter table clients enable row level security;
alter table clients force row level security;
alter table client_hosts enable row level security;
alter table client_hosts force row level security;
alter table client_ids enable row level security;
alter table client_ids force row level security;
alter table client_requests enable row level security;
alter table client_requests force row level security;

create policy own_org on own_clients using (org_id = (select current_org()));
create policy by_id on own_clients for select to gatehouse_auth using (true);
create policy own_org on clients using (org_id = (select current_org()));
create policy own_org on client_hosts using (org_id = (select current_org()));
create policy own_org on client_ids using (org_id = (select current_org()));
create policy by_id on client_ids for select to gatehouse_auth using (true);
create policy own_org on client_requests using (org_id = (select current_org()));

-- The unused registrations that go first are found by it.
create index oidc_records_client_expiry on oidc_records (expires_at) where model = 'Client';

grant update (client_policy) on orgs to gatehouse_dashboard;
grant select on own_clients to gatehouse_auth;
grant select, insert, update, delete on own_clients to gatehouse_dashboard;
grant select, insert, update on clients, client_ids to gatehouse_auth;
grant select, insert on client_requests to gatehouse_auth;
grant select on client_hosts to gatehouse_auth;
grant select, insert, update, delete on clients, client_ids, client_hosts, client_requests to gatehouse_dashboard;
grant select on client_standings to gatehouse_auth, gatehouse_dashboard;

-- Down Migration
