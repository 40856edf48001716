-- Up Migration

-- `credentials` belongs to orgs, as everything in 0001_house.sql that is not listed there as global. This one is global:
--   data_keys   vault (all of it)

-- One key per org, which all that the org keeps secret is sealed with. Not a foreign key: what a new org keeps secret is
-- sealed before the transaction that makes the org has ended.
create table data_keys (
  -- An org's id, or 'deployment' for what belongs to none.
  holder text primary key,
  master_key_id text,
  -- The key, under that master key; null once it is destroyed, and then for good.
  wrapped bytea check ((wrapped is null) = (master_key_id is null)),
  created_at timestamptz not null default now(),
  destroyed_at timestamptz
);
create index data_keys_master on data_keys (master_key_id);

-- How a connector's upstream is opened: a list of ways, all of which are used; none where it is empty.
alter table connectors add column access jsonb not null default '[]';

create table credentials (
  id uuid primary key,
  org_id uuid not null references orgs,
  connector_id uuid not null references connectors,
  -- Whose it is; null is the org's own.
  user_id uuid references users,
  -- The way of `connectors.access` that it is for, and its name among those of its connector.
  kind text not null,
  slot text not null,
  -- Sealed by the vault for this row, version and upstream; null where it was given up.
  sealed bytea,
  version int not null default 1,
  -- What it was given for, and the only places that it is sent to.
  upstream_origin text not null,
  token_endpoint text,
  scopes text[] not null default '{}',
  expires_at timestamptz,
  status text not null default 'live' check (status in ('live', 'broken', 'unlinked')),
  -- What people know it by, such as the name of the account.
  label text,
  linked_at timestamptz not null default now(),
  -- Who set the org's own.
  set_by uuid references users,
  last_refreshed_at timestamptz,
  -- Until then one replica is getting a new token, and the others wait for it.
  refresh_until timestamptz,
  check ((status = 'unlinked') = (sealed is null))
);
create unique index credentials_slot on credentials (connector_id, user_id, slot) nulls not distinct;
create index credentials_user on credentials (org_id, user_id);

alter table credentials enable row level security;
alter table credentials force row level security;
create policy own_org on credentials using (org_id = (select current_org()));

create trigger note_change after insert or delete or update of sealed, status on credentials
  for each row execute function note_change('org_id');

-- A token of the org's own, sealed as it was: it cannot be opened as a credential, and has to be entered anew.
insert into credentials (id, org_id, connector_id, kind, slot, sealed, upstream_origin, status)
  select id, org_id, id, 'bearer', 'bearer', credential, substring(url from '^[a-z]+://[^/?#]+'), 'broken'
  from connectors where credential is not null;
update connectors set access = '[{"kind": "bearer"}]' where credential is not null;
alter table connectors drop column credential;

-- What was sealed for the deployment was sealed without a data key: the next start makes new signing keys, and clients with
-- a secret register again.
delete from signing_keys;
delete from oidc_records where model = 'Client' and payload ? 'client_secret';

grant usage on schema public to gatehouse_vault;
grant select, insert, update on data_keys to gatehouse_vault;
grant select, insert, update, delete on credentials to gatehouse_auth, gatehouse_dashboard;
grant select on credentials to gatehouse_gateway;
grant update (sealed, version, scopes, expires_at, status, last_refreshed_at, refresh_until) on credentials
  to gatehouse_gateway;

-- Down Migration
