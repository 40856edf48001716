-- Up Migration

-- What has access to an org: the grants that members gave to clients, the org's service accounts, and static tokens. Each is a
-- row, and ends with it, whoever takes the row away. No table here is global.

-- A member's consent to one client for one endpoint; what oidc-provider keeps of it is in oidc_records, and goes with the row.
create table grants (
  id text primary key,
  org_id uuid not null references orgs,
  user_id uuid not null,
  connector_id uuid not null references connectors,
  client_id text not null,
  client_name text not null,
  -- The host of the client's metadata document; null where nobody vouches for the client.
  client_host text,
  scopes text[] not null,
  -- What the member saw when they agreed. Where it is different now, they are asked again.
  terms jsonb not null default '{}',
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  last_used_at timestamptz,
  foreign key (org_id, user_id) references memberships on delete cascade
);
create index grants_member on grants (org_id, user_id);
create index grants_expiry on grants (expires_at);

-- It calls as itself, and is nobody's: a principal beside the org's members, without a role.
create table service_accounts (
  id uuid primary key,
  org_id uuid not null references orgs,
  name text not null,
  created_by uuid references users,
  created_at timestamptz not null default now(),
  suspended_at timestamptz,
  -- The row stays: the audit log names it.
  archived_at timestamptz
);
create unique index service_accounts_name on service_accounts (org_id, lower(name)) where archived_at is null;
create unique index service_accounts_org on service_accounts (org_id, id);

-- A token that was minted by hand, for clients that do no OAuth: a member's own, or a service account's. `hash` is SHA-256 of
-- the token, which is stored nowhere.
create table static_tokens (
  id uuid primary key,
  org_id uuid not null references orgs,
  user_id uuid,
  service_account_id uuid,
  hash bytea not null,
  name text not null,
  scopes text[] not null check (scopes <> '{}'),
  -- Null is every connector of the org, those to come included.
  connector_ids uuid[] check (connector_ids <> '{}'),
  created_by uuid not null references users,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null check (expires_at <= created_at + interval '366 days'),
  last_used_at timestamptz,
  check (num_nonnulls(user_id, service_account_id) = 1),
  foreign key (org_id, user_id) references memberships on delete cascade,
  foreign key (org_id, service_account_id) references service_accounts (org_id, id)
);
create unique index static_tokens_hash on static_tokens (hash);
create index static_tokens_member on static_tokens (org_id, user_id);
create index static_tokens_account on static_tokens (org_id, service_account_id);

-- A grant's end is the end of its codes and refresh tokens, in the same transaction, and of the access tokens that carry their
-- own proof: none of them lives for a day.
create function end_grant() returns trigger language plpgsql security definer set search_path from current as $$
declare
  hash bytea := sha256(convert_to(old.id, 'UTF8'));
begin
  delete from oidc_records where grant_hash = hash;
  delete from oidc_records where model = 'Grant' and id_hash = hash;
  delete from revocations where org_id = old.org_id and expires_at < now();
  insert into revocations (org_id, grant_id, expires_at) values (old.org_id, old.id, now() + interval '1 day')
    on conflict do nothing;
  return null;
end $$;
create trigger end_grant after delete on grants for each row execute function end_grant();

-- Static tokens are not changed, but for when they were last used, which concerns nobody's decisions.
create trigger note_change after insert or delete on static_tokens
  for each row execute function note_change('org_id');
create trigger note_change after insert or delete or update of suspended_at, archived_at on service_accounts
  for each row execute function note_change('org_id');

alter table grants enable row level security;
alter table grants force row level security;
alter table service_accounts enable row level security;
alter table service_accounts force row level security;
alter table static_tokens enable row level security;
alter table static_tokens force row level security;

create policy own_org on grants using (org_id = (select current_org()));
create policy own_org on service_accounts using (org_id = (select current_org()));
create policy own_org on static_tokens using (org_id = (select current_org()));

grant select, insert, update, delete on grants to gatehouse_auth;
grant select, delete on grants to gatehouse_dashboard;
grant select (id, org_id), update (last_used_at) on grants to gatehouse_gateway;
grant select, insert, update on service_accounts to gatehouse_dashboard;
grant select on service_accounts to gatehouse_gateway;
grant select, insert, delete on static_tokens to gatehouse_dashboard;
grant select, update (last_used_at) on static_tokens to gatehouse_gateway;

-- Down Migration
