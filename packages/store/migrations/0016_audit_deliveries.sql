-- Up Migration

-- No global tables. `audit_deliveries` belongs to orgs, and is read across them by gatehouse_chain, which sends what stands in
-- the log; the names that go with it, it reads as well.

-- Where an org's audit log is sent, and up to which row of its chain it has been.
create table audit_deliveries (
  id uuid primary key,
  org_id uuid not null references orgs,
  kind text not null check (kind in ('webhook', 'otlp')),
  -- For people: the URL without its query. The whole of it is sealed, with what proves who we are.
  target text not null,
  sealed bytea not null,
  created_at timestamptz not null default now(),
  paused boolean not null default false,
  delivered_seq bigint not null,
  delivered_at timestamptz,
  -- The last row of what is under way: if it has to be sent again, it is the same.
  sending_seq bigint,
  -- In vain, one after the other.
  attempts int not null default 0,
  error text,
  -- Nobody else takes it before that.
  due_at timestamptz not null default now()
);
create index audit_deliveries_org on audit_deliveries (org_id);

alter table audit_deliveries enable row level security, force row level security;
create policy own_org on audit_deliveries
  using (org_id = (select current_org())) with check (org_id = (select current_org()));
create policy every_org on audit_deliveries to gatehouse_chain using (true) with check (true);
create policy names_in_audit on connectors for select to gatehouse_chain using (true);
create policy names_in_audit on service_accounts for select to gatehouse_chain using (true);

grant select, insert, delete on audit_deliveries to gatehouse_dashboard;
grant update (sealed, paused, attempts, error, due_at) on audit_deliveries to gatehouse_dashboard;
grant select on audit_deliveries to gatehouse_chain;
grant update (delivered_seq, delivered_at, sending_seq, attempts, error, due_at) on audit_deliveries to gatehouse_chain;
grant select (suspended_at) on orgs to gatehouse_chain;
grant select (id, email) on users to gatehouse_chain;
grant select (org_id, id, slug) on connectors to gatehouse_chain;
grant select (org_id, id, name) on service_accounts to gatehouse_chain;

-- Whoever looks at an org's newest rows finds them among those that wait for their place in the chain, however many they are.
create index audit_org on audit (org_id, id);

-- Down Migration
