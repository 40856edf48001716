-- Up Migration

-- Global, as in 0001_house.sql:
--   link_attempts          auth
-- Belongs to orgs, and is read across them by auth alone, which sends it on and forgets it:
--   upstream_revocations   auth

-- What Gatehouse is to the authorization server of a connector's upstream. The one chosen last serves for new links; those
-- before it, for what was linked by them.
create table upstream_clients (
  connector_id uuid not null references connectors,
  client_id text not null,
  org_id uuid not null references orgs,
  -- What the owner, the upstream or the operator said of it: what it was asked by.
  registration text not null check (registration in ('given', 'document', 'dynamic', 'operator')),
  auth_method text not null check (auth_method in ('none', 'client_secret_basic', 'client_secret_post')),
  -- The metadata of the authorization server (RFC 8414), and what it was found for.
  server jsonb not null,
  upstream_origin text not null,
  resource text,
  scopes text[] not null default '{}',
  -- The client's secret, sealed by the vault; null for a public client, and for the operator's, which is not stored.
  sealed bytea,
  chosen_at timestamptz not null default now(),
  primary key (connector_id, client_id)
);

-- Between leaving for the upstream's sign-in and coming back. Taken once.
create table link_attempts (
  -- SHA-256 of `state`, and of the cookie of the browser that left.
  state_hash bytea primary key,
  browser_hash bytea not null,
  org_id uuid not null references orgs,
  connector_id uuid not null references connectors,
  user_id uuid not null references users,
  -- The code verifier and what was asked for, sealed by the vault.
  sealed bytea not null,
  -- The client's sign-in that it is a part of.
  interaction_uid text,
  expires_at timestamptz not null
);
create index link_attempts_expiry on link_attempts (expires_at);

-- Tokens that are no longer used here and not yet revoked upstream (RFC 7009), sealed as they were.
create table upstream_revocations (
  credential_id uuid not null,
  version int not null,
  org_id uuid not null references orgs,
  connector_id uuid not null references connectors,
  user_id uuid not null,
  sealed bytea not null,
  upstream_origin text not null,
  token_endpoint text,
  attempts int not null default 0,
  due_at timestamptz not null default now(),
  primary key (credential_id, version)
);
create index upstream_revocations_due on upstream_revocations (due_at);

-- The version of a broken credential that its member has been told of.
alter table credentials add column told_version int;

-- Whose credentials have changed; null where it is something else of the org, which all of it is read again for.
alter table changes add column user_id uuid;

create function note_credential() returns trigger language plpgsql security definer set search_path from current as $$
declare changed credentials := case when tg_op = 'DELETE' then old else new end;
begin
  insert into changes (org_id, user_id) values (changed.org_id, changed.user_id);
  return null;
end $$;
drop trigger note_change on credentials;
create trigger note_change after insert or delete or update of sealed, status on credentials
  for each row execute function note_credential();

-- Whatever ends a link, its tokens are revoked upstream.
create function revoke_upstream() returns trigger language plpgsql security definer set search_path from current as $$
begin
  insert into upstream_revocations (credential_id, version, org_id, connector_id, user_id, sealed, upstream_origin, token_endpoint)
    values (old.id, old.version, old.org_id, old.connector_id, old.user_id, old.sealed, old.upstream_origin, old.token_endpoint)
    on conflict do nothing;
  return null;
end $$;
create trigger revoke_on_unlink after update of sealed on credentials for each row
  when (old.user_id is not null and old.token_endpoint is not null and old.sealed is not null and new.sealed is null)
  execute function revoke_upstream();
create trigger revoke_on_delete after delete on credentials for each row
  when (old.user_id is not null and old.token_endpoint is not null and old.sealed is not null)
  execute function revoke_upstream();

create function forget_credentials() returns trigger language plpgsql security definer set search_path from current as $$
begin
  delete from credentials where org_id = old.org_id and user_id = old.user_id;
  return null;
end $$;
create trigger forget_credentials after delete on memberships for each row execute function forget_credentials();

-- Broken links that their members have not been told of: taken by one caller. Ids alone, as connectors_due_for_probe.
create function broken_links_to_tell(count_max int) returns table (org_id uuid, id uuid)
  language sql security definer set search_path from current as $$
  update credentials set told_version = version where credentials.id in (
    select untold.id from credentials untold
    where untold.status = 'broken' and untold.user_id is not null and untold.told_version is distinct from untold.version
    limit count_max for update skip locked)
  returning credentials.org_id, credentials.id
$$;
revoke execute on function broken_links_to_tell from public;
grant execute on function broken_links_to_tell to gatehouse_auth;
create index credentials_broken on credentials (id) where status = 'broken' and user_id is not null;

alter table upstream_clients enable row level security;
alter table upstream_clients force row level security;
alter table upstream_revocations enable row level security;
alter table upstream_revocations force row level security;

create policy own_org on upstream_clients using (org_id = (select current_org()));
create policy every_org on upstream_revocations to gatehouse_auth using (true);
-- For the functions above alone: no app connects as the database's owner.
create policy every_org_for_triggers on upstream_revocations to current_user using (true);
create policy every_org on credentials to current_user using (true);

grant select, insert, update, delete on upstream_clients to gatehouse_auth;
grant select, insert, update, delete on upstream_clients to gatehouse_dashboard;
grant select on upstream_clients to gatehouse_gateway;
grant select, insert, delete on link_attempts to gatehouse_auth;
grant select, update, delete on upstream_revocations to gatehouse_auth;
-- A link that ends in the middle of a call is in the audit log in the transaction that ends it.
grant insert on audit to gatehouse_gateway;

-- Down Migration
